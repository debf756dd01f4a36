// Masked merge: page[i] = mask says i ? values[i] : page[i]. The bound is bytes: a byte of the page costs its mask (an eighth, or one), its
// value, one read and one write.
#include "grid.cuh"
#include "kernels.hpp"

namespace mmsb::cuda::kernels {
namespace {

/** 0xff in each byte whose bit of the low four is set. */
__device__ __forceinline__ unsigned spread(unsigned bits) { return (((bits & 0xf) * 0x00204081u) & 0x01010101u) * 0xffu; }

__device__ __forceinline__ unsigned blend(unsigned select, unsigned value, unsigned old) { return (value & select) | (old & ~select); }

template <bool BITS>
__device__ __forceinline__ uint4 selection(const std::uint8_t* mask, std::uint64_t word) {
  if (BITS) {
    const unsigned bits = __ldcs(reinterpret_cast<const unsigned short*>(mask) + word);
    return make_uint4(spread(bits), spread(bits >> 4), spread(bits >> 8), spread(bits >> 12));
  }
  const uint4 flags = __ldcs(reinterpret_cast<const uint4*>(mask) + word);
  return make_uint4(__vcmpne4(flags.x, 0), __vcmpne4(flags.y, 0), __vcmpne4(flags.z, 0), __vcmpne4(flags.w, 0));
}

template <bool BITS>
__global__ void __launch_bounds__(block_threads) merge_kernel(const merge_job* jobs, std::uint32_t count) {
  constexpr unsigned unroll = 4;
  const unsigned lane = threadIdx.x & 31;
  for (std::uint32_t i = warp_index(); i < count; i += warp_count()) {
    const merge_job job = jobs[i];
    auto* page = reinterpret_cast<std::uint8_t*>(job.page);
    const auto* mask = reinterpret_cast<const std::uint8_t*>(job.mask);
    const auto* values = reinterpret_cast<const std::uint8_t*>(job.values);
    auto* out = reinterpret_cast<uint4*>(page);
    const auto* in = reinterpret_cast<const uint4*>(values);
    const std::uint64_t words = job.bytes / 16;
    std::uint64_t w = lane;
    for (; w + (unroll - 1) * 32 < words; w += unroll * 32) {
      uint4 value[unroll], old[unroll], select[unroll];
#pragma unroll
      for (unsigned u = 0; u < unroll; ++u) {
        value[u] = in[w + u * 32];
        old[u] = out[w + u * 32];
        select[u] = selection<BITS>(mask, w + u * 32);
      }
#pragma unroll
      for (unsigned u = 0; u < unroll; ++u) {
        __stcs(out + w + u * 32, make_uint4(blend(select[u].x, value[u].x, old[u].x), blend(select[u].y, value[u].y, old[u].y),
                                            blend(select[u].z, value[u].z, old[u].z), blend(select[u].w, value[u].w, old[u].w)));
      }
    }
    for (; w < words; w += 32) {
      const uint4 value = in[w], old = out[w], select = selection<BITS>(mask, w);
      out[w] = make_uint4(blend(select.x, value.x, old.x), blend(select.y, value.y, old.y), blend(select.z, value.z, old.z),
                          blend(select.w, value.w, old.w));
    }
    for (std::uint64_t b = words * 16 + lane; b < job.bytes; b += 32) {
      const bool set = BITS ? (mask[b / 8] >> (b % 8)) & 1 : mask[b] != 0;
      if (set) page[b] = values[b];
    }
  }
}

}  // namespace

void merge(const merge_job* jobs, std::uint32_t count, bool bits, cudaStream_t stream) {
  if (bits) merge_kernel<true><<<blocks_for_warps(count), block_threads, 0, stream>>>(jobs, count);
  else merge_kernel<false><<<blocks_for_warps(count), block_threads, 0, stream>>>(jobs, count);
}

}  // namespace mmsb::cuda::kernels
