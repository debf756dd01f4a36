// LEB128 of u32, as the delta body has it: the last byte is not zero unless it is the only one.
#pragma once

#include <bit>
#include <cstdint>

namespace mmsb {

inline std::uint8_t* write_varint(std::uint8_t* at, std::uint32_t value) noexcept {
  for (; value >= 128; value >>= 7) *at++ = static_cast<std::uint8_t>(value | 128);
  *at++ = static_cast<std::uint8_t>(value);
  return at;
}

/** ceil(bits / 7), as (bits + 6) * 37 / 256 up to 32 bits. */
constexpr std::uint32_t varint_size(std::uint32_t value) noexcept {
  return ((static_cast<std::uint32_t>(std::bit_width(value | 1)) + 6) * 37) >> 8;
}

/** Reads one after another, never at or beyond `end`. */
struct varint_reader {
  const std::uint8_t* bytes;
  /** After a success the byte behind it, after a failure the byte at which it went wrong. */
  std::uint64_t at;
  std::uint64_t end;

  /** A u32, or -1. */
  std::int64_t read() noexcept {
    std::uint64_t value = 0;
    for (std::uint32_t i = 0; i < 5; ++i, ++at) {
      if (at >= end) return -1;
      const std::uint8_t byte = bytes[at];
      value |= static_cast<std::uint64_t>(byte & 127) << (7 * i);
      if (byte < 128) {
        if ((byte == 0 && i > 0) || value > 0xffff'ffff) return -1;
        ++at;
        return static_cast<std::int64_t>(value);
      }
    }
    // five bytes that all go on: it went wrong at the fifth
    --at;
    return -1;
  }
};

}  // namespace mmsb
