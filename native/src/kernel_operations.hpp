// Elements of pages, and what the kernels do with them. All with internal linkage: files that are compiled for other processors include it (see flag_runs.hpp).
#pragma once

#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <type_traits>

#include "mmsb/copy.hpp"

namespace mmsb {
namespace {

template <typename T>
inline T get(const std::uint8_t* elements, std::size_t e) noexcept {
  return load<T>(elements + e * sizeof(T));
}

template <typename T>
inline void put(std::uint8_t* elements, std::size_t e, T value) noexcept {
  store(elements + e * sizeof(T), value);
}

/** A number as 32 bits, as JavaScript's ToInt32 and ToUint32 make them: cut to a whole number, modulo 2^32; 0 where it is not finite. */
inline std::uint32_t low_bits(double value) noexcept {
  constexpr double two32 = 4294967296.0;
  if (!std::isfinite(value)) return 0;
  double rest = std::fmod(std::trunc(value), two32);
  if (rest < 0) rest += two32;
  return static_cast<std::uint32_t>(rest);
}

/** A parameter rounded to the element type, as its bits are on a device. */
template <typename T>
inline T element_of(double parameter) noexcept {
  if constexpr (std::is_integral_v<T>) return static_cast<T>(low_bits(parameter));
  else return static_cast<T>(parameter);
}

/**
 * Operations of two elements. Whole numbers are computed without sign, where overflow wraps. Those in f32 may be done in f32: rounding the exact result to f64
 * and then to f32 gives the same, since 53 >= 2 x 24 + 2 (Figueroa, When is double rounding innocuous?, 1995).
 */
template <typename T>
struct add {
  static constexpr T neutral = 0;
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

// Operations of one element.

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
  static T of(T x) noexcept { return x != x || x > 0 ? x : 0; }
};

/** The canonical NaN for any: processors differ in the bits of theirs. */
template <typename T>
inline T stored(T x) noexcept {
  if constexpr (std::is_floating_point_v<T>) return x == x ? x : std::numeric_limits<T>::quiet_NaN();
  else return x;
}

/** A NaN wins, and -0 is smaller than +0: so the order does not matter. `SMALLER`: the smaller of two, else the larger. In masks, so that a loop over elements needs no
 * branch. */
template <typename T, bool SMALLER>
inline T extreme(T a, T b) noexcept {
  if constexpr (!std::is_floating_point_v<T>) {
    return (SMALLER ? b < a : b > a) ? b : a;
  } else {
    using bits = std::conditional_t<sizeof(T) == 8, std::uint64_t, std::uint32_t>;
    const bits in_a = std::bit_cast<bits>(a), in_b = std::bit_cast<bits>(b);
    const bits takes_a = -static_cast<bits>(SMALLER ? a < b : a > b), takes_b = -static_cast<bits>(SMALLER ? b < a : b > a);
    // Equal ones differ in the sign of a zero at most.
    const bits is_equal = -static_cast<bits>(a == b), both = SMALLER ? in_a | in_b : in_a & in_b;
    const bits nan = std::bit_cast<bits>(std::numeric_limits<T>::quiet_NaN());
    return std::bit_cast<T>((in_a & takes_a) | (in_b & takes_b) | (both & is_equal) | (nan & ~(takes_a | takes_b | is_equal)));
  }
}

template <typename T>
struct least {
  static constexpr T neutral = std::is_floating_point_v<T> ? std::numeric_limits<T>::infinity() : std::numeric_limits<T>::max();
  static T of(T a, T b) noexcept { return extreme<T, true>(a, b); }
};

template <typename T>
struct greatest {
  static constexpr T neutral = std::is_floating_point_v<T> ? -std::numeric_limits<T>::infinity() : std::numeric_limits<T>::lowest();
  static T of(T a, T b) noexcept { return extreme<T, false>(a, b); }
};

}  // namespace
}  // namespace mmsb
