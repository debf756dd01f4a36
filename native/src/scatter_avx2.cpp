// Compiled with -mavx2: includes nothing of ours that other files share and the linker could pick (see flag_runs.hpp).
#include "scatter_avx2.hpp"

#if defined(__AVX2__)

#include <immintrin.h>

namespace mmsb::avx2 {
namespace {

constexpr std::size_t lanes = 8;
constexpr std::size_t most_bytes = 32;

/** 32 times 0xff, then 32 times 0: at 32 - n the mask of the first n of 32 bytes begins. */
struct mask_table {
  alignas(64) std::uint8_t bytes[64];
  constexpr mask_table() : bytes() {
    for (std::size_t i = 0; i < most_bytes; ++i) bytes[i] = 0xff;
  }
};
constexpr mask_table first_bytes;

/** 8 times -1, then 8 times 0: at 8 - n the mask of the first n of 8 lanes begins. */
struct lane_table {
  alignas(64) std::int32_t lanes_[2 * lanes];
  constexpr lane_table() : lanes_() {
    for (std::size_t i = 0; i < lanes; ++i) lanes_[i] = -1;
  }
};
constexpr lane_table first_lanes;

inline __m256i load256(const void* at) noexcept { return _mm256_loadu_si256(static_cast<const __m256i*>(at)); }

/** Whether no lane is above `limit`. */
inline bool all_within(__m256i values, std::uint32_t limit) noexcept {
  const __m256i bound = _mm256_set1_epi32(static_cast<int>(limit));
  return _mm256_movemask_epi8(_mm256_cmpeq_epi32(_mm256_max_epu32(values, bound), bound)) == -1;
}

}  // namespace

std::int64_t scatter_short(const std::uint32_t* offset, const std::uint32_t* length, std::size_t count,
                           const std::uint8_t* payload, std::size_t payload_bytes, std::uint8_t* page,
                           std::size_t page_bytes) noexcept {
  // What is checked is what is used: the columns may be shared memory, so they are copied.
  alignas(32) std::uint32_t at[most_short_runs];
  alignas(32) std::uint32_t bytes[most_short_runs];
  const __m256i one = _mm256_set1_epi32(1);
  __m256i longest = one;
  __m256i shortest = one;
  __m256i farthest = _mm256_setzero_si256();
  for (std::size_t i = 0; i < count; i += lanes) {
    __m256i offsets;
    __m256i lengths;
    if (count - i >= lanes) {
      offsets = load256(offset + i);
      lengths = load256(length + i);
    } else {
      const __m256i there = load256(first_lanes.lanes_ + lanes - (count - i));
      offsets = _mm256_maskload_epi32(reinterpret_cast<const int*>(offset + i), there);
      lengths = _mm256_blendv_epi8(one, _mm256_maskload_epi32(reinterpret_cast<const int*>(length + i), there), there);
    }
    _mm256_store_si256(reinterpret_cast<__m256i*>(at + i), offsets);
    _mm256_store_si256(reinterpret_cast<__m256i*>(bytes + i), lengths);
    longest = _mm256_max_epu32(longest, lengths);
    shortest = _mm256_min_epu32(shortest, lengths);
    farthest = _mm256_max_epu32(farthest, offsets);
  }
  if (page_bytes < most_bytes) return -1;
  if (all_within(longest, 1)) {
    if (_mm256_movemask_epi8(_mm256_cmpeq_epi32(shortest, one)) != -1) return -1;
    if (!all_within(farthest, static_cast<std::uint32_t>(page_bytes - 1)) || count > payload_bytes) return -1;
    for (std::size_t i = 0; i < count; ++i) page[at[i]] = payload[i];
    return static_cast<std::int64_t>(count);
  }
  if (!all_within(longest, most_bytes) || !all_within(farthest, static_cast<std::uint32_t>(page_bytes - most_bytes)) ||
      count * most_bytes > payload_bytes)
    return -1;
  const std::uint8_t* from = payload;
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t size = bytes[i];
    auto* const to = reinterpret_cast<__m256i*>(page + at[i]);
    const __m256i chosen = load256(first_bytes.bytes + most_bytes - size);
    _mm256_storeu_si256(to, _mm256_blendv_epi8(load256(to), load256(from), chosen));
    from += size;
  }
  return from - payload;
}

}  // namespace mmsb::avx2

#endif
