// The quick look that nearly every delta passes.
#pragma once

#include <cstdint>

namespace mmsb {

struct short_run {
  std::uint32_t offset;
  /** 0: look at the body properly. */
  std::uint32_t length;
  /** Where its bytes stand. */
  std::uint64_t at;
};

/** A body of one run whose offset takes one or two bytes and whose length takes one. */
inline short_run read_short_run(const std::uint8_t* bytes, std::uint64_t start, std::uint64_t end) noexcept {
  constexpr std::uint8_t one_run = 0x01;
  if (end < start + 5 || bytes[start] != one_run) return {0, 0, 0};
  std::uint64_t at = start + 1;
  std::uint32_t offset = bytes[at++];
  if (offset >= 128) {
    const std::uint32_t high = bytes[at++];
    if (high - 1 >= 127) return {0, 0, 0};
    offset = (offset & 127) | high << 7;
  }
  const std::uint32_t length = bytes[at++] + 1u;
  if (length > 128 || end - at != length) return {0, 0, 0};
  return {offset, length, at};
}

/** Where a body's first run begins, if its offset takes one or two bytes and stands behind the first: a guess, of the three bytes at `body`. */
inline std::uint32_t first_offset(const std::uint8_t* body) noexcept {
  const std::uint32_t low = body[1];
  return low < 128 ? low : (low & 127) | std::uint32_t{body[2]} << 7;
}

}  // namespace mmsb
