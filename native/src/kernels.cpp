#include "mmsb/kernels.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <type_traits>

#include "mmsb/copy.hpp"

namespace mmsb {
namespace {

template <typename T>
T get(const std::uint8_t* elements, std::size_t e) noexcept {
  return load<T>(elements + e * sizeof(T));
}

template <typename T>
void put(std::uint8_t* elements, std::size_t e, T value) noexcept {
  store(elements + e * sizeof(T), value);
}

/** A number as 32 bits, as JavaScript's ToInt32 and ToUint32 make them: cut to a whole number, modulo 2^32; 0 where it is not finite. */
std::uint32_t low_bits(double value) noexcept {
  constexpr double two32 = 4294967296.0;
  if (!std::isfinite(value)) return 0;
  double rest = std::fmod(std::trunc(value), two32);
  if (rest < 0) rest += two32;
  return static_cast<std::uint32_t>(rest);
}

/**
 * Operations of two elements. Whole numbers are computed without sign, where overflow wraps. Those in f32 may be done in f32: rounding the exact result to f64
 * and then to f32 gives the same, since 53 >= 2 x 24 + 2 (Figueroa, When is double rounding innocuous?, 1995).
 */
template <typename T>
struct add {
  static T of(T a, T b) noexcept {
    if constexpr (std::is_integral_v<T>) return static_cast<T>(static_cast<std::uint32_t>(a) + static_cast<std::uint32_t>(b));
    else return a + b;
  }
};

template <typename T>
struct subtract {
  static T of(T a, T b) noexcept {
    if constexpr (std::is_integral_v<T>) return static_cast<T>(static_cast<std::uint32_t>(a) - static_cast<std::uint32_t>(b));
    else return a - b;
  }
};

template <typename T>
struct multiply {
  static T of(T a, T b) noexcept {
    if constexpr (std::is_integral_v<T>) return static_cast<T>(static_cast<std::uint32_t>(a) * static_cast<std::uint32_t>(b));
    else return a * b;
  }
};

template <typename T>
struct divide {
  static T of(T a, T b) noexcept {
    if constexpr (std::is_integral_v<T>) {
      if (b == 0) return 0;
      // -2^31 / -1 is 2^31, which wraps.
      if (std::is_signed_v<T> && b == static_cast<T>(-1)) return subtract<T>::of(0, a);
    }
    return a / b;
  }
};

/** A NaN stays where it comes first and is passed over elsewhere. */
template <typename T>
struct least {
  static T of(T a, T b) noexcept { return b < a ? b : a; }
};

template <typename T>
struct greatest {
  static T of(T a, T b) noexcept { return b > a ? b : a; }
};

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
    for (std::size_t e = 0; e < result.size(); ++e) result[e] = i == 0 ? input[e] : Operation::of(result[e], input[e]);
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
      put(out.data(), e, result);
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
  }
  return finish<T>(out, length);
}

template <typename T, typename Operation>
bool reduce_elements(const kernel&, std::span<const kernel_input> inputs, std::span<std::uint8_t> out) {
  if (inputs.empty() || count_of<T>(out) < 1) return false;
  T result = 0;
  bool is_first = true;
  for (const kernel_input& input : inputs) {
    const std::size_t length = count_of<T>(input);
    std::size_t e = 0;
    if (is_first && length > 0) {
      result = get<T>(input.data(), e++);
      is_first = false;
    }
    for (; e < length; ++e) result = Operation::of(result, get<T>(input.data(), e));
  }
  put(out.data(), 0, result);
  return finish<T>(out, 1);
}

template <typename T, typename Function>
bool map_each(std::span<const kernel_input> inputs, std::span<std::uint8_t> out, Function function) {
  const std::size_t length = count_of<T>(out);
  if (inputs.empty() || count_of<T>(inputs[0]) < length) return false;
  for (std::size_t e = 0; e < length; ++e) put<T>(out.data(), e, function(get<T>(inputs[0].data(), e)));
  return finish<T>(out, length);
}

template <typename T>
bool affine(const kernel& spec, std::span<const kernel_input> inputs, std::span<std::uint8_t> out) {
  const double scale = spec.a;
  const double offset = spec.b;
  if constexpr (std::is_integral_v<T>) {
    const auto factor = static_cast<T>(low_bits(scale));
    // The sum of a whole number up to 2^52 and one of 32 bits is exact; with any other offset it rounds, and is cut after that.
    if (std::trunc(offset) == offset && std::abs(offset) <= 4503599627370496.0) {
      const auto addend = static_cast<T>(low_bits(offset));
      return map_each<T>(inputs, out, [=](T x) { return add<T>::of(multiply<T>::of(x, factor), addend); });
    }
    return map_each<T>(inputs, out, [=](T x) {
      return static_cast<T>(low_bits(static_cast<double>(multiply<T>::of(x, factor)) + offset));
    });
  } else {
    // Scale and offset are not rounded to f32; what they make is.
    return map_each<T>(inputs, out, [=](T x) {
      const T scaled = static_cast<T>(static_cast<double>(x) * scale);
      return static_cast<T>(static_cast<double>(scaled) + offset);
    });
  }
}

template <typename T>
struct negate {
  static T of(T x) noexcept {
    if constexpr (std::is_integral_v<T>) return subtract<T>::of(0, x);
    else return -x;
  }
};

template <typename T>
struct absolute {
  static T of(T x) noexcept {
    if constexpr (std::is_integral_v<T>) return x < 0 ? subtract<T>::of(0, x) : x;
    else return std::abs(x);
  }
};

template <typename T>
struct square {
  static T of(T x) noexcept { return multiply<T>::of(x, x); }
};

template <typename T>
struct square_root {
  static T of(T x) noexcept {
    if constexpr (std::is_integral_v<T>) return x < 0 ? 0 : static_cast<T>(std::sqrt(static_cast<double>(x)));
    else return std::sqrt(x);
  }
};

template <typename T>
struct relu {
  static T of(T x) noexcept { return x > 0 ? x : 0; }
};

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
  for (std::size_t e = 0; e < length; ++e) put(out.data(), e, Operation::of(get<T>(a, e), get<T>(b, e)));
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
  }
  return finish<T>(out, rows * columns);
}

template <typename T>
bool scan(const kernel&, std::span<const kernel_input> inputs, std::span<std::uint8_t> out) {
  const std::size_t length = count_of<T>(out);
  if (inputs.empty() || count_of<T>(inputs[0]) < length) return false;
  T sum = 0;
  for (std::size_t e = 0; e < length; ++e) {
    const T x = get<T>(inputs[0].data(), e);
    sum = e == 0 ? x : add<T>::of(sum, x);
    put(out.data(), e, sum);
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
  const double width = spec.b - spec.a;
  const auto limit = static_cast<double>(bins);
  const std::size_t length = count_of<T>(inputs[0]);
  for (std::size_t e = 0; e < length; ++e) {
    const double place = (static_cast<double>(get<T>(inputs[0].data(), e)) - low) / width * limit;
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
