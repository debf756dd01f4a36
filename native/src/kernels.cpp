#include "mmsb/kernels.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <type_traits>

#include "kernel_operations.hpp"
#include "mmsb/copy.hpp"

namespace mmsb {
namespace {

template <typename T>
std::size_t count_of(std::span<const std::uint8_t> bytes) noexcept {
  return bytes.size() / sizeof(T);
}

/** What the page has behind the first `done` elements becomes zero, its bytes that are no whole element too. */
template <typename T>
bool finish(std::span<std::uint8_t> out, std::size_t done) noexcept {
  if (const std::size_t at = done * sizeof(T); at < out.size()) std::memset(out.data() + at, 0, out.size() - at);
  return true;
}

/** A page of 8 bytes, the usual one in a wide graph: no loop over elements. */
template <typename T, typename Operation>
bool reduce_word(std::span<const kernel_input> inputs, std::span<std::uint8_t> out) noexcept {
  std::array<T, 8 / sizeof(T)> result{};
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    if (inputs[i].size() < 8) return false;
    const auto input = load<decltype(result)>(inputs[i].data());
    for (std::size_t e = 0; e < result.size(); ++e) result[e] = stored(i == 0 ? input[e] : Operation::of(result[e], input[e]));
  }
  store(out.data(), result);
  return true;
}

template <typename T, typename Operation>
bool reduce_inputs(const kernel&, std::span<const kernel_input> inputs, std::span<std::uint8_t> out) {
  if (inputs.empty()) return false;
  if (out.size() == 8) return reduce_word<T, Operation>(inputs, out);
  const std::size_t length = count_of<T>(out);
  for (const kernel_input& input : inputs) {
    if (count_of<T>(input) < length) return false;
  }
  constexpr std::size_t few = 8;
  if (length < few) {
    for (std::size_t e = 0; e < length; ++e) {
      T result = get<T>(inputs[0].data(), e);
      for (std::size_t i = 1; i < inputs.size(); ++i) result = Operation::of(result, get<T>(inputs[i].data(), e));
      put(out.data(), e, stored(result));
    }
    return finish<T>(out, length);
  }
  // Piece by piece, so that what has been joined so far stays in the first-level cache while the inputs go by.
  constexpr std::size_t piece = 1024;
  for (std::size_t from = 0; from < length; from += piece) {
    const std::size_t n = std::min(piece, length - from);
    std::uint8_t* to = out.data() + from * sizeof(T);
    std::memmove(to, inputs[0].data() + from * sizeof(T), n * sizeof(T));
    for (std::size_t i = 1; i < inputs.size(); ++i) {
      const std::uint8_t* input = inputs[i].data() + from * sizeof(T);
      for (std::size_t e = 0; e < n; ++e) put(to, e, Operation::of(get<T>(to, e), get<T>(input, e)));
    }
    if constexpr (std::is_floating_point_v<T>)
      for (std::size_t e = 0; e < n; ++e) put(to, e, stored(get<T>(to, e)));
  }
  return finish<T>(out, length);
}

/** F1: lane t of 256 joins elements t, t + 256, ... in order; then lane t joins lane t + w for w = 128, 64, ... 1. */
template <typename T, typename Operation>
T reduce_one(kernel_input input) noexcept {
  constexpr std::size_t lanes = 256;
  std::array<T, lanes> lane;
  lane.fill(Operation::neutral);
  const std::size_t length = count_of<T>(input);
  std::size_t from = 0;
  for (; from + lanes <= length; from += lanes)
    for (std::size_t t = 0; t < lanes; ++t) lane[t] = Operation::of(lane[t], get<T>(input.data(), from + t));
  for (std::size_t t = 0; from + t < length; ++t) lane[t] = Operation::of(lane[t], get<T>(input.data(), from + t));
  for (std::size_t w = lanes / 2; w > 0; w /= 2)
    for (std::size_t t = 0; t < w; ++t) lane[t] = Operation::of(lane[t], lane[t + w]);
  return lane[0];
}

template <typename T, typename Operation>
bool reduce_elements(const kernel&, std::span<const kernel_input> inputs, std::span<std::uint8_t> out) {
  if (inputs.empty() || count_of<T>(out) < 1) return false;
  T result = reduce_one<T, Operation>(inputs[0]);
  for (std::size_t i = 1; i < inputs.size(); ++i) result = Operation::of(result, reduce_one<T, Operation>(inputs[i]));
  put(out.data(), 0, stored(result));
  return finish<T>(out, 1);
}

template <typename T, typename Function>
bool map_each(std::span<const kernel_input> inputs, std::span<std::uint8_t> out, Function function) {
  const std::size_t length = count_of<T>(out);
  if (inputs.empty() || count_of<T>(inputs[0]) < length) return false;
  for (std::size_t e = 0; e < length; ++e) put<T>(out.data(), e, stored(function(get<T>(inputs[0].data(), e))));
  return finish<T>(out, length);
}

template <typename T>
bool affine(const kernel& spec, std::span<const kernel_input> inputs, std::span<std::uint8_t> out) {
  const T factor = element_of<T>(spec.a), addend = element_of<T>(spec.b);
  return map_each<T>(inputs, out, [=](T x) { return add<T>::of(multiply<T>::of(x, factor), addend); });
}

template <typename T, typename Operation>
bool map_page(const kernel&, std::span<const kernel_input> inputs, std::span<std::uint8_t> out) {
  return map_each<T>(inputs, out, [](T x) { return Operation::of(x); });
}

template <typename T, typename Operation>
bool zip_page(const kernel&, std::span<const kernel_input> inputs, std::span<std::uint8_t> out) {
  const std::size_t length = count_of<T>(out);
  if (inputs.size() < 2 || count_of<T>(inputs[0]) < length || count_of<T>(inputs[1]) < length) return false;
  const std::uint8_t* a = inputs[0].data();
  const std::uint8_t* b = inputs[1].data();
  for (std::size_t e = 0; e < length; ++e) put(out.data(), e, stored(Operation::of(get<T>(a, e), get<T>(b, e))));
  return finish<T>(out, length);
}

/** Each result adds its products in the order of `inner`, all results of a row side by side. */
template <typename T>
bool matmul(const kernel& spec, std::span<const kernel_input> inputs, std::span<std::uint8_t> out) {
  const auto [rows, inner, columns] = std::array{spec.rows, spec.inner, spec.columns};
  if (inputs.size() < 2 || rows * columns > count_of<T>(out) || rows * inner > count_of<T>(inputs[0]) ||
      inner * columns > count_of<T>(inputs[1]))
    return false;
  for (std::uint64_t i = 0; i < rows; ++i) {
    std::uint8_t* row = out.data() + i * columns * sizeof(T);
    std::memset(row, 0, columns * sizeof(T));
    for (std::uint64_t p = 0; p < inner; ++p) {
      const T a = get<T>(inputs[0].data(), i * inner + p);
      const std::uint8_t* b = inputs[1].data() + p * columns * sizeof(T);
      for (std::uint64_t j = 0; j < columns; ++j)
        put(row, j, add<T>::of(get<T>(row, j), multiply<T>::of(a, get<T>(b, j))));
    }
    if constexpr (std::is_floating_point_v<T>)
      for (std::uint64_t j = 0; j < columns; ++j) put(row, j, stored(get<T>(row, j)));
  }
  return finish<T>(out, rows * columns);
}

/** F4: running sums within tiles of 32; the totals of a group's 32 tiles, and those of the groups, likewise from zero. */
template <typename T>
bool scan(const kernel&, std::span<const kernel_input> inputs, std::span<std::uint8_t> out) {
  const std::size_t length = count_of<T>(out);
  if (inputs.empty() || count_of<T>(inputs[0]) < length) return false;
  constexpr std::size_t tile_elements = 32, group_elements = 32 * tile_elements;
  T groups_before = 0;
  for (std::size_t group = 0; group < length; group += group_elements) {
    T tiles_before = 0;
    const std::size_t group_end = std::min(group + group_elements, length);
    for (std::size_t tile = group; tile < group_end; tile += tile_elements) {
      const T before = add<T>::of(groups_before, tiles_before);
      T own = 0;
      for (std::size_t e = tile; e < std::min(tile + tile_elements, length); ++e) {
        own = add<T>::of(own, get<T>(inputs[0].data(), e));
        put(out.data(), e, stored(add<T>::of(before, own)));
      }
      tiles_before = add<T>::of(tiles_before, own);
    }
    groups_before = add<T>::of(groups_before, tiles_before);
  }
  return finish<T>(out, length);
}

/** As many bins as counts of 4 bytes fit into the page's whole elements. */
template <typename T>
bool histogram(const kernel& spec, std::span<const kernel_input> inputs, std::span<std::uint8_t> out) {
  if (inputs.empty()) return false;
  finish<T>(out, 0);
  const std::size_t bins = count_of<T>(out) * sizeof(T) / sizeof(std::uint32_t);
  const double low = spec.a;
  const auto limit = static_cast<double>(bins);
  const double scale = limit / (spec.b - spec.a);
  const std::size_t length = count_of<T>(inputs[0]);
  for (std::size_t e = 0; e < length; ++e) {
    const double place = (static_cast<double>(get<T>(inputs[0].data(), e)) - low) * scale;
    // False for NaN. The conversion cuts, which is the floor of what is not negative.
    if (!(place >= 0 && place < limit)) continue;
    // Memory that another thread writes meanwhile must not move the bin after the comparison.
    const std::size_t bin = std::min(static_cast<std::size_t>(place), bins - 1);
    put(out.data(), bin, get<std::uint32_t>(out.data(), bin) + 1);
  }
  return true;
}

bool copy(const kernel&, std::span<const kernel_input> inputs, std::span<std::uint8_t> out) {
  if (inputs.empty() || inputs[0].size() < out.size()) return false;
  std::memmove(out.data(), inputs[0].data(), out.size());
  return true;
}

template <typename T, typename Operation>
kernel_function reduction(const kernel& spec) noexcept {
  return spec.over_elements ? &reduce_elements<T, Operation> : &reduce_inputs<T, Operation>;
}

template <typename T>
kernel_function mapping(map_operation operation) noexcept {
  switch (operation) {
    case map_operation::affine: return &affine<T>;
    case map_operation::negate: return &map_page<T, negate<T>>;
    case map_operation::absolute: return &map_page<T, absolute<T>>;
    case map_operation::square: return &map_page<T, square<T>>;
    case map_operation::sqrt: return &map_page<T, square_root<T>>;
    default: return &map_page<T, relu<T>>;
  }
}

template <typename T>
kernel_function zipping(zip_operation operation) noexcept {
  switch (operation) {
    case zip_operation::add: return &zip_page<T, add<T>>;
    case zip_operation::subtract: return &zip_page<T, subtract<T>>;
    case zip_operation::multiply: return &zip_page<T, multiply<T>>;
    case zip_operation::divide: return &zip_page<T, divide<T>>;
    case zip_operation::min: return &zip_page<T, least<T>>;
    default: return &zip_page<T, greatest<T>>;
  }
}

template <typename T>
kernel_function find_typed(const kernel& spec) noexcept {
  switch (spec.kind) {
    case kernel_kind::sum: return reduction<T, add<T>>(spec);
    case kernel_kind::min: return reduction<T, least<T>>(spec);
    case kernel_kind::max: return reduction<T, greatest<T>>(spec);
    case kernel_kind::map: return mapping<T>(spec.map);
    case kernel_kind::zip: return zipping<T>(spec.zip);
    case kernel_kind::matmul: return &matmul<T>;
    case kernel_kind::scan: return &scan<T>;
    case kernel_kind::histogram: return &histogram<T>;
    default: return &copy;
  }
}

}  // namespace

kernel_function find_kernel(const kernel& spec) noexcept {
  switch (spec.element) {
    case kernel_element::f64: return find_typed<double>(spec);
    case kernel_element::f32: return find_typed<float>(spec);
    case kernel_element::i32: return find_typed<std::int32_t>(spec);
    default: return find_typed<std::uint32_t>(spec);
  }
}

}  // namespace mmsb
