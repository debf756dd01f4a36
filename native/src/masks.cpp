#include "mmsb/masks.hpp"

#include <algorithm>
#include <cstring>

#include "flag_runs.hpp"
#include "masks_avx2.hpp"
#include "masks_avx512.hpp"
#include "mmsb/copy.hpp"
#include "mmsb/cpu.hpp"

namespace mmsb {
namespace {

constexpr std::uint64_t low_bits = 0x7f7f7f7f7f7f7f7f;

/** 0x80 in each byte that is not zero. */
inline std::uint64_t non_zero_tops(std::uint64_t bytes) noexcept {
  return (((bytes & low_bits) + low_bits) | bytes) & ~low_bits;
}

/** Bit j set where byte j is not zero: the product moves bit 8 j to bit 56 + j, and no two meet. */
inline std::uint64_t non_zero_bits(std::uint64_t bytes) noexcept {
  return ((non_zero_tops(bytes) >> 7) * 0x0102040810204080) >> 56;
}

struct differences {
  const std::uint8_t* before;
  const std::uint8_t* after;

  std::uint64_t word(std::uint64_t i) const noexcept {
    std::uint64_t bits = 0;
    for (std::uint32_t j = 0; j < 64; j += 8) {
      const auto different = load<std::uint64_t>(before + i + j) ^ load<std::uint64_t>(after + i + j);
      bits |= non_zero_bits(different) << j;
    }
    return bits;
  }
  bool flag(std::uint64_t i) const noexcept { return before[i] != after[i]; }
  std::uint64_t skip(std::uint64_t i, std::uint64_t to) const noexcept {
    while (i + 8 <= to && load<std::uint64_t>(before + i) == load<std::uint64_t>(after + i)) i += 8;
    return i;
  }
};

struct set_flags {
  const std::uint8_t* mask;

  std::uint64_t word(std::uint64_t i) const noexcept {
    std::uint64_t bits = 0;
    for (std::uint32_t j = 0; j < 64; j += 8) bits |= non_zero_bits(load<std::uint64_t>(mask + i + j)) << j;
    return bits;
  }
  bool flag(std::uint64_t i) const noexcept { return mask[i] != 0; }
  std::uint64_t skip(std::uint64_t i, std::uint64_t to) const noexcept {
    while (i + 8 <= to && load<std::uint64_t>(mask + i) == 0) i += 8;
    return i;
  }
};

struct set_bits {
  const std::uint8_t* bits;

  /** Flags that do not begin with a byte are put together from nine bytes, of which the last is there: flag i + 63 lies in it. */
  std::uint64_t word(std::uint64_t i) const noexcept {
    const auto low = load<std::uint64_t>(bits + i / 8);
    const auto shift = static_cast<std::uint32_t>(i % 8);
    return shift == 0 ? low : low >> shift | static_cast<std::uint64_t>(bits[i / 8 + 8]) << (64 - shift);
  }
  bool flag(std::uint64_t i) const noexcept { return (bits[i / 8] >> (i % 8) & 1) != 0; }
  std::uint64_t skip(std::uint64_t i, std::uint64_t) const noexcept { return i; }
};

}  // namespace

void blend_masked(const std::uint8_t* mask, const std::uint8_t* values, std::uint8_t* page,
                  std::size_t length) noexcept {
  std::size_t i = 0;
#if defined(__x86_64__)
  if (cpu().avx512) return avx512::blend_masked(mask, values, page, length);
  if (cpu().avx2) i = avx2::blend_masked(mask, values, page, length);
#endif
  for (; i + 8 <= length; i += 8) {
    const auto flags = load<std::uint64_t>(mask + i);
    if (flags == 0) continue;
    const std::uint64_t chosen = (non_zero_tops(flags) >> 7) * 0xff;
    store(page + i, (load<std::uint64_t>(page + i) & ~chosen) | (load<std::uint64_t>(values + i) & chosen));
  }
  for (; i < length; ++i)
    if (mask[i] != 0) page[i] = values[i];
}

void blend_bits(const std::uint8_t* bits, const std::uint8_t* values, std::uint8_t* page, std::size_t length) noexcept {
  std::size_t i = 0;
#if defined(__x86_64__)
  if (cpu().avx512) i = avx512::blend_bits(bits, values, page, length);
  else if (cpu().avx2) i = avx2::blend_bits(bits, values, page, length);
#endif
  for (; i + 8 <= length; i += 8) {
    // the byte in each of eight, of which each keeps its own bit
    const std::uint64_t chosen = (non_zero_tops(std::uint64_t{bits[i / 8]} * 0x0101010101010101 & 0x8040201008040201) >> 7) * 0xff;
    store(page + i, (load<std::uint64_t>(page + i) & ~chosen) | (load<std::uint64_t>(values + i) & chosen));
  }
  for (; i < length; ++i)
    if ((bits[i / 8] >> (i % 8) & 1) != 0) page[i] = values[i];
}

std::size_t diff_images(const std::uint8_t* before, const std::uint8_t* after, std::uint64_t from, std::uint64_t to,
                        run_columns out, std::size_t count) noexcept {
#if defined(__x86_64__)
  if (cpu().avx2) return avx2::diff_images(before, after, from, to, out, count);
#endif
  return flag_runs(from, to, out, count, differences{before, after});
}

std::size_t mask_to_runs(const std::uint8_t* mask, std::uint64_t from, std::uint64_t to, run_columns out,
                         std::size_t count) noexcept {
#if defined(__x86_64__)
  if (cpu().avx2) return avx2::mask_to_runs(mask, from, to, out, count);
#endif
  return flag_runs(from, to, out, count, set_flags{mask});
}

std::size_t bits_to_runs(const std::uint8_t* bits, std::uint64_t from, std::uint64_t to, run_columns out,
                         std::size_t count) noexcept {
  return flag_runs(from, to, out, count, set_bits{bits});
}

void runs_to_mask(const std::uint32_t* offset, const std::uint32_t* length, std::size_t count, std::uint8_t* mask,
                  std::uint64_t flags) noexcept {
  std::memset(mask, 0, flags);
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint64_t start = std::min<std::uint64_t>(flags, load_once(offset + i));
    const std::uint64_t end = std::min<std::uint64_t>(flags, start + load_once(length + i));
    std::memset(mask + start, 1, end - start);
  }
}

void runs_to_bits(const std::uint32_t* offset, const std::uint32_t* length, std::size_t count, std::uint8_t* bits,
                  std::uint64_t flags) noexcept {
  std::memset(bits, 0, (flags + 7) / 8);
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint64_t start = std::min<std::uint64_t>(flags, load_once(offset + i));
    const std::uint64_t end = std::min<std::uint64_t>(flags, start + load_once(length + i));
    if (start == end) continue;
    const auto head = static_cast<std::uint8_t>(0xff << (start % 8));
    const auto tail = static_cast<std::uint8_t>(0xff >> (7 - (end - 1) % 8));
    if (start / 8 == (end - 1) / 8) {
      bits[start / 8] |= head & tail;
      continue;
    }
    bits[start / 8] |= head;
    std::memset(bits + start / 8 + 1, 0xff, (end - 1) / 8 - start / 8 - 1);
    bits[(end - 1) / 8] |= tail;
  }
}

}  // namespace mmsb
