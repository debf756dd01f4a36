// Short copies and loads: what a delta mostly does.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace mmsb {

template <typename T>
inline T load(const void* at) noexcept {
  T value;
  std::memcpy(&value, at, sizeof value);
  return value;
}

template <typename T>
inline void store(void* at, T value) noexcept {
  std::memcpy(at, &value, sizeof value);
}

/**
 * What stands in memory that another thread may be writing, loaded once: the value that is checked is the value that is used.
 * (An ordinary load may be repeated by the compiler.)
 */
template <typename T>
inline T load_once(const T* at) noexcept {
  return *static_cast<const volatile T*>(at);
}

/**
 * Copies `length` bytes. Up to 64 by overlapping words, which take one or two branches and no call: everything is loaded before anything
 * is stored, so that ranges which overlap give what memmove gives. Touches nothing outside either range.
 */
inline void copy_bytes(std::uint8_t* to, const std::uint8_t* from, std::size_t length) noexcept {
  if (length >= 16) {
#if defined(__SSE2__)
    if (length <= 32) {
      const __m128i head = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
      const __m128i tail = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from + length - 16));
      _mm_storeu_si128(reinterpret_cast<__m128i*>(to), head);
      _mm_storeu_si128(reinterpret_cast<__m128i*>(to + length - 16), tail);
      return;
    }
    if (length <= 64) {
      const __m128i a = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
      const __m128i b = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from + 16));
      const __m128i c = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from + length - 32));
      const __m128i d = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from + length - 16));
      _mm_storeu_si128(reinterpret_cast<__m128i*>(to), a);
      _mm_storeu_si128(reinterpret_cast<__m128i*>(to + 16), b);
      _mm_storeu_si128(reinterpret_cast<__m128i*>(to + length - 32), c);
      _mm_storeu_si128(reinterpret_cast<__m128i*>(to + length - 16), d);
      return;
    }
#endif
    std::memmove(to, from, length);
    return;
  }
  if (length >= 8) {
    const auto head = load<std::uint64_t>(from);
    const auto tail = load<std::uint64_t>(from + length - 8);
    store(to, head);
    store(to + length - 8, tail);
  } else if (length >= 4) {
    const auto head = load<std::uint32_t>(from);
    const auto tail = load<std::uint32_t>(from + length - 4);
    store(to, head);
    store(to + length - 4, tail);
  } else if (length > 0) {
    const std::uint8_t first = from[0];
    const std::uint8_t middle = from[length / 2];
    const std::uint8_t last = from[length - 1];
    to[0] = first;
    to[length / 2] = middle;
    to[length - 1] = last;
  }
}

}  // namespace mmsb
