// The recompute kernels against the order of operations that docs/DeviceMemoryModel.md gives (F1 to F6), bit for bit.
#include <algorithm>
#include <cmath>
#include <limits>
#include <type_traits>

#include "suite.hpp"

namespace suite {

namespace {

template <typename T>
constexpr std::uint16_t type_of = std::is_same_v<T, float> ? MMSB_CUDA_F32 : std::is_same_v<T, double> ? MMSB_CUDA_F64
                                     : std::is_same_v<T, std::int32_t> ? MMSB_CUDA_I32 : MMSB_CUDA_U32;
template <typename T>
const char* const name_of = std::is_same_v<T, float> ? "f32" : std::is_same_v<T, double> ? "f64" : std::is_same_v<T, std::int32_t> ? "i32" : "u32";

template <typename T>
T stored(T x) {
  if constexpr (std::is_same_v<T, float>) {
    const std::uint32_t canonical = 0x7fc00000;
    if (x != x) std::memcpy(&x, &canonical, 4);
  }
  if constexpr (std::is_same_v<T, double>) {
    const std::uint64_t canonical = 0x7ff8000000000000;
    if (x != x) std::memcpy(&x, &canonical, 8);
  }
  return x;
}

template <typename T>
T smaller(T a, T b) {
  if constexpr (!std::is_integral_v<T>) {
    if (a != a || b != b) return std::numeric_limits<T>::quiet_NaN();
    if (a == b) return std::signbit(a) ? a : b;
  }
  return std::min(a, b);
}

template <typename T>
T larger(T a, T b) {
  if constexpr (!std::is_integral_v<T>) {
    if (a != a || b != b) return std::numeric_limits<T>::quiet_NaN();
    if (a == b) return std::signbit(a) ? b : a;
  }
  return std::max(a, b);
}

template <typename T>
T plus(T a, T b) {
  if constexpr (std::is_integral_v<T>) return static_cast<T>(static_cast<std::uint32_t>(a) + static_cast<std::uint32_t>(b));
  else return a + b;
}
template <typename T>
T times(T a, T b) {
  if constexpr (std::is_integral_v<T>) return static_cast<T>(static_cast<std::uint32_t>(a) * static_cast<std::uint32_t>(b));
  else return a * b;
}

template <typename T>
T join(int op, T a, T b) {
  return op == MMSB_CUDA_SUM ? plus(a, b) : op == MMSB_CUDA_MIN ? smaller(a, b) : larger(a, b);
}

template <typename T>
T reduced(int op, const std::vector<T>& a) {
  T first = 0;
  if constexpr (std::is_integral_v<T>) first = op == MMSB_CUDA_SUM ? 0 : op == MMSB_CUDA_MIN ? std::numeric_limits<T>::max() : std::numeric_limits<T>::min();
  else if (op != MMSB_CUDA_SUM) first = op == MMSB_CUDA_MIN ? std::numeric_limits<T>::infinity() : -std::numeric_limits<T>::infinity();
  std::vector<T> lane(256, first);
  for (std::size_t i = 0; i < a.size(); ++i) lane[i % 256] = join(op, lane[i % 256], a[i]);
  for (int w = 128; w > 0; w /= 2)
    for (int t = 0; t < w; ++t) lane[t] = join(op, lane[t], lane[t + w]);
  return stored(lane[0]);
}

template <typename T>
std::vector<T> scanned(const std::vector<T>& a) {
  std::vector<T> out(a.size());
  T groups = 0;
  for (std::size_t group = 0; group < a.size(); group += 1024) {
    T tiles = 0;
    for (std::size_t tile = group; tile < std::min(group + 1024, a.size()); tile += 32) {
      const T before = plus(groups, tiles);
      T own = 0;
      for (std::size_t i = tile; i < std::min(tile + 32, a.size()); ++i) {
        own = plus(own, a[i]);
        out[i] = stored(plus(before, own));
      }
      tiles = plus(tiles, own);
    }
    groups = plus(groups, tiles);
  }
  return out;
}

template <typename T>
T mapped(int function, T x, T scale, T bias) {
  switch (function) {
    case MMSB_CUDA_AFFINE: return plus(times(x, scale), bias);
    case MMSB_CUDA_NEGATE: return std::is_integral_v<T> ? static_cast<T>(0u - static_cast<std::uint32_t>(static_cast<std::int64_t>(x))) : -x;
    case MMSB_CUDA_ABSOLUTE:
      if constexpr (std::is_integral_v<T>) return x < 0 ? static_cast<T>(0u - static_cast<std::uint32_t>(x)) : x;
      else return std::fabs(x);
    case MMSB_CUDA_SQUARE: return times(x, x);
    case MMSB_CUDA_SQUARE_ROOT:
      if constexpr (std::is_integral_v<T>) return x > 0 ? static_cast<T>(std::sqrt(static_cast<double>(x))) : 0;
      else return std::sqrt(x);
    default: return x != x ? x : x > 0 ? x : T(0);
  }
}

template <typename T>
T zipped(int function, T a, T b) {
  switch (function) {
    case MMSB_CUDA_ADD: return plus(a, b);
    case MMSB_CUDA_SUBTRACT:
      if constexpr (std::is_integral_v<T>) return static_cast<T>(static_cast<std::uint32_t>(a) - static_cast<std::uint32_t>(b));
      else return a - b;
    case MMSB_CUDA_MULTIPLY: return times(a, b);
    case MMSB_CUDA_DIVIDE:
      if constexpr (std::is_unsigned_v<T>) return b == 0 ? 0 : a / b;
      else if constexpr (std::is_integral_v<T>) return b == 0 ? 0 : b == -1 ? static_cast<T>(0u - static_cast<std::uint32_t>(a)) : a / b;
      else return a / b;
    case MMSB_CUDA_SMALLER: return smaller(a, b);
    default: return larger(a, b);
  }
}

/** Numbers of many sizes, and now and then zeros of both signs, infinities, NaN and numbers too small to be normal. */
template <typename T>
std::vector<T> draw(std::size_t count, bool special) {
  std::vector<T> out(count);
  for (T& x : out) {
    const auto bits = static_cast<std::int32_t>(dice.next() >> 32);
    if constexpr (std::is_integral_v<T>) {
      x = dice.below(8) == 0 ? static_cast<T>(dice.below(3)) - 1 : static_cast<T>(bits);
    } else {
      x = std::ldexp(static_cast<T>(bits), static_cast<int>(dice.below(60)) - 60);
      if (!special || dice.below(30) != 0) continue;
      const T odd[] = {T(0), T(-0.0), std::numeric_limits<T>::infinity(), -std::numeric_limits<T>::infinity(), std::numeric_limits<T>::quiet_NaN(),
                       std::numeric_limits<T>::denorm_min(), -std::numeric_limits<T>::min() / 4};
      x = odd[dice.below(7)];
    }
  }
  return out;
}

template <typename T>
bytes raw(const std::vector<T>& values) {
  const auto* from = reinterpret_cast<const std::uint8_t*>(values.data());
  return bytes(from, from + values.size() * sizeof(T));
}

template <typename T>
void check(mmsb_cuda_job job, const std::vector<T>& a, const std::vector<T>& b, const bytes& expected, const std::string& what) {
  const page in_a(raw(a)), in_b(b.empty() ? bytes(16, 0) : raw(b)), out(dice.draw(expected.size() + 24));
  const bytes before = out.read(expected.size() + 24);
  job.type = type_of<T>;
  job.a = in_a.handle, job.b = in_b.handle, job.out = out.handle;
  MUST(mmsb_cuda_graph, device, &job, 1);
  const bytes after = out.read(expected.size() + 24);
  expect(std::equal(expected.begin(), expected.end(), after.begin()), what + " " + name_of<T> + ", " + std::to_string(a.size()) + " elements");
  expect(std::equal(before.begin() + static_cast<long>(expected.size()), before.end(), after.begin() + static_cast<long>(expected.size())), what + " writes its result alone");
}

template <typename T>
void test_type() {
  for (const std::uint32_t n : {0u, 1u, 2u, 31u, 255u, 256u, 257u, 1000u, 65536u, 70001u}) {
    if (quick && n > 1000) continue;
    for (const bool special : {false, true}) {
      const std::vector<T> a = draw<T>(n, special), b = draw<T>(n, special);
      mmsb_cuda_job job{};
      job.count = n;
      for (const int op : {MMSB_CUDA_SUM, MMSB_CUDA_MIN, MMSB_CUDA_MAX}) {
        job.op = static_cast<std::uint16_t>(op);
        check<T>(job, a, {}, raw(std::vector<T>{reduced(op, a)}), "reduction " + std::to_string(op));
      }
      job.op = MMSB_CUDA_SCAN;
      check<T>(job, a, {}, raw(scanned(a)), "scan");
      job.op = MMSB_CUDA_COPY_OP;
      check<T>(job, a, {}, raw(a), "copy");
      job.op = MMSB_CUDA_MAP;
      // A value of the element type: below zero an unsigned one has wrapped.
      const T bias = static_cast<T>(-7);
      job.scale = 3, job.bias = static_cast<double>(bias);
      for (int f = MMSB_CUDA_AFFINE; f <= MMSB_CUDA_SQUARE; ++f) {
        std::vector<T> expected(n);
        for (std::uint32_t i = 0; i < n; ++i) expected[i] = stored(mapped<T>(f, a[i], 3, bias));
        job.function = static_cast<std::uint16_t>(f);
        check<T>(job, a, {}, raw(expected), "map " + std::to_string(f));
      }
      job.op = MMSB_CUDA_ZIP;
      for (int f = MMSB_CUDA_ADD; f <= MMSB_CUDA_LARGER; ++f) {
        std::vector<T> expected(n);
        for (std::uint32_t i = 0; i < n; ++i) expected[i] = stored(zipped<T>(f, a[i], b[i]));
        job.function = static_cast<std::uint16_t>(f);
        check<T>(job, a, b, raw(expected), "zip " + std::to_string(f));
      }
      job.op = MMSB_CUDA_HISTOGRAM;
      for (const std::uint32_t bins : {1u, 17u, 5000u}) {
        job.columns = bins;
        job.bias = -1000, job.scale = bins / 2000.0;
        std::vector<std::uint32_t> expected(bins, 0);
        for (const T x : a) {
          const double bin = std::floor((static_cast<double>(x) - job.bias) * job.scale);
          if (bin >= 0 && bin < bins) ++expected[static_cast<std::uint32_t>(bin)];
        }
        check<T>(job, a, {}, raw(expected), "histogram");
      }
    }
  }
  for (int round = 0; round < rounds(12); ++round) {
    const std::uint32_t rows = dice.below(70) + 1, inner = dice.below(70) + 1, columns = dice.below(70) + 1;
    const std::vector<T> a = draw<T>(rows * inner, round > rounds(12) / 2), b = draw<T>(inner * columns, round > rounds(12) / 2);
    std::vector<T> expected(rows * columns);
    for (std::uint32_t i = 0; i < rows; ++i) {
      for (std::uint32_t j = 0; j < columns; ++j) {
        T sum = 0;
        for (std::uint32_t k = 0; k < inner; ++k) sum = plus(sum, times(a[i * inner + k], b[k * columns + j]));
        expected[i * columns + j] = stored(sum);
      }
    }
    mmsb_cuda_job job{};
    job.op = MMSB_CUDA_MATMUL;
    job.count = rows, job.inner = inner, job.columns = columns;
    check<T>(job, a, b, raw(expected), "matmul");
  }
}

void test_batches() {
  // many small nodes of different kinds in one call
  const std::uint32_t nodes = static_cast<std::uint32_t>(rounds(500));
  std::vector<page*> in, out;
  std::vector<std::vector<float>> values;
  std::vector<mmsb_cuda_job> jobs;
  for (std::uint32_t i = 0; i < nodes; ++i) {
    values.push_back(draw<float>(dice.below(300) + 1, true));
    in.push_back(new page(raw(values.back())));
    out.push_back(new page(dice.draw(2000)));
    mmsb_cuda_job job{};
    job.op = static_cast<std::uint16_t>(i % 2 == 0 ? MMSB_CUDA_SUM : MMSB_CUDA_SCAN);
    job.type = MMSB_CUDA_F32;
    job.count = static_cast<std::uint32_t>(values.back().size());
    job.a = in.back()->handle, job.out = out.back()->handle;
    jobs.push_back(job);
  }
  MUST(mmsb_cuda_graph, device, jobs.data(), nodes);
  for (std::uint32_t i = 0; i < nodes; ++i) {
    const bytes expected = i % 2 == 0 ? raw(std::vector<float>{reduced(MMSB_CUDA_SUM, values[i])}) : raw(scanned(values[i]));
    const bytes got = out[i]->read(expected.size());
    expect(got == expected, "node " + std::to_string(i) + " of a batch");
    delete in[i];
    delete out[i];
  }
  mmsb_cuda_error error{};
  const page small(16), other(16);
  mmsb_cuda_job job{};
  job.op = MMSB_CUDA_MAP, job.function = MMSB_CUDA_NEGATE, job.type = MMSB_CUDA_F32, job.count = 5, job.a = small.handle, job.out = other.handle;
  expect(mmsb_cuda_graph(device, &job, 1, &error) == MMSB_CUDA_ARGUMENT, "a job larger than its pages is refused");
  job.count = 4, job.out = small.handle;
  expect(mmsb_cuda_graph(device, &job, 1, &error) == MMSB_CUDA_ARGUMENT, "a job on its own input is refused");
  job.out = other.handle, job.op = 99;
  expect(mmsb_cuda_graph(device, &job, 1, &error) == MMSB_CUDA_ARGUMENT, "an unknown operation is refused");
}

}  // namespace

void test_graph() {
  test_type<float>();
  test_type<double>();
  test_type<std::int32_t>();
  test_type<std::uint32_t>();
  test_batches();
}

}  // namespace suite
