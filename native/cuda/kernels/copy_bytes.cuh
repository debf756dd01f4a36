// Copying by a group of lanes, 16 bytes a lane and step whatever the alignments: the destination is brought to a 16-byte boundary, and a
// source that lies otherwise is read in whole aligned words, two of which are shifted into one. Reading up to the boundary past the source's
// end is what kernels.hpp asks page memory to allow.
#pragma once

#include <cstdint>

namespace mmsb::cuda::kernels {

/** Bytes `shift` .. `shift + 16` of the 32 in `low`, `high`; shift is 1 to 15 and the same in all lanes. */
__device__ __forceinline__ uint4 shifted(uint4 low, uint4 high, unsigned shift) {
  unsigned w0 = low.x, w1 = low.y, w2 = low.z, w3 = low.w, w4 = high.x, w5 = high.y, w6 = high.z;
  if (shift & 8) {
    w0 = w2;
    w1 = w3;
    w2 = w4;
    w3 = w5;
    w4 = w6;
    w5 = high.w;
  }
  if (shift & 4) {
    w0 = w1;
    w1 = w2;
    w2 = w3;
    w3 = w4;
    w4 = w5;
  }
  const unsigned bits = (shift & 3) * 8;
  return make_uint4(__funnelshift_r(w0, w1, bits), __funnelshift_r(w1, w2, bits), __funnelshift_r(w2, w3, bits), __funnelshift_r(w3, w4, bits));
}

/**
 * LANES lanes, of which this is `lane`, copy together. UNROLL loads are in flight before the first store;
 * ordinary ones: streaming loads were slower (0.90 of a copy, not 0.92, on an H200).
 */
template <unsigned LANES, unsigned UNROLL>
__device__ __forceinline__ void copy_bytes(std::uint8_t* to, const std::uint8_t* from, std::uint64_t bytes, unsigned lane) {
  std::uint64_t head = (16 - (reinterpret_cast<std::uintptr_t>(to) & 15)) & 15;
  if (head > bytes) head = bytes;
  for (unsigned i = lane; i < head; i += LANES) to[i] = from[i];
  to += head;
  from += head;
  bytes -= head;
  const std::uint64_t words = bytes / 16;
  auto* out = reinterpret_cast<uint4*>(to);
  const unsigned shift = reinterpret_cast<std::uintptr_t>(from) & 15;
  const auto* in = reinterpret_cast<const uint4*>(from - shift);
  std::uint64_t i = lane;
  if (shift == 0) {
    for (; i + (UNROLL - 1) * LANES < words; i += UNROLL * LANES) {
      uint4 held[UNROLL];
#pragma unroll
      for (unsigned u = 0; u < UNROLL; ++u) held[u] = in[i + u * LANES];
#pragma unroll
      for (unsigned u = 0; u < UNROLL; ++u) __stcs(out + i + u * LANES, held[u]);
    }
    for (; i < words; i += LANES) __stcs(out + i, in[i]);
  } else {
    // Each word is loaded by two lanes; the second time it comes from the L1. Passing it on by shuffles was slower (0.54 of a copy, not 0.72).
    constexpr unsigned half = UNROLL > 1 ? UNROLL / 2 : 1;
    for (; i + (half - 1) * LANES < words; i += half * LANES) {
      uint4 low[half], high[half];
#pragma unroll
      for (unsigned u = 0; u < half; ++u) {
        low[u] = in[i + u * LANES];
        high[u] = in[i + u * LANES + 1];
      }
#pragma unroll
      for (unsigned u = 0; u < half; ++u) __stcs(out + i + u * LANES, shifted(low[u], high[u], shift));
    }
    for (; i < words; i += LANES) __stcs(out + i, shifted(in[i], in[i + 1], shift));
  }
  for (std::uint64_t j = words * 16 + lane; j < bytes; j += LANES) to[j] = from[j];
}

/**
 * Short copies to any place: LANES lanes write whole 4-byte words, and single bytes at the two ends. Whoever holds an end word reads and
 * writes its own bytes alone.
 */
template <unsigned LANES>
__device__ __forceinline__ void copy_short(std::uint8_t* to, const std::uint8_t* from, std::uint32_t bytes, unsigned lane) {
  const unsigned skew = reinterpret_cast<std::uintptr_t>(to) & 3;
  const unsigned words = bytes == 0 ? 0 : (skew + bytes + 3) / 4;
  for (unsigned w = lane; w < words; w += LANES) {
    const int first = static_cast<int>(w * 4) - static_cast<int>(skew);  // of the word's bytes, counted from the copy's start
    if (first >= 0 && first + 4u <= bytes) {
      const auto at = reinterpret_cast<std::uintptr_t>(from + first);
      const auto* in = reinterpret_cast<const unsigned*>(at & ~std::uintptr_t{3});
      const unsigned shift = (at & 3) * 8;
      *reinterpret_cast<unsigned*>(to + first) = shift == 0 ? in[0] : __funnelshift_r(in[0], in[1], shift);
    } else {
      for (int b = first < 0 ? 0 : first; b < first + 4 && b < static_cast<int>(bytes); ++b) to[b] = from[b];
    }
  }
}

}  // namespace mmsb::cuda::kernels
