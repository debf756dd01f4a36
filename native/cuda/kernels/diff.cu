// Where two pages differ, as runs. First pass: one bit a byte, and the number of runs of each pair; a scan turns numbers into places; second
// pass: the runs, from the bits alone (an eighth of the bytes), so that each page is read once.
#include "grid.cuh"
#include "kernels.hpp"

namespace mmsb::cuda::kernels {
namespace {

constexpr unsigned full = 0xffffffffu;

/** Four bits: which bytes of the words differ. */
__device__ __forceinline__ unsigned differing(unsigned a, unsigned b) {
  const unsigned ones = __vcmpne4(a, b) & 0x01010101u;
  return (ones * 0x01020408u) >> 24;
}

__device__ __forceinline__ unsigned differing(const uint4& a, const uint4& b) {
  return differing(a.x, b.x) | differing(a.y, b.y) << 4 | differing(a.z, b.z) << 8 | differing(a.w, b.w) << 12;
}

__device__ __forceinline__ unsigned bits_below(std::uint64_t first, std::uint64_t bytes) {
  if (first >= bytes) return 0;
  return bytes - first >= 16 ? 0xffffu : (1u << (bytes - first)) - 1;
}

__global__ void __launch_bounds__(block_threads)
    mark_kernel(const page_pair* pairs, std::uint32_t count, std::uint16_t* bitmap, std::uint32_t* run_count) {
  const unsigned lane = threadIdx.x & 31;
  for (std::uint32_t p = warp_index(); p < count; p += warp_count()) {
    const page_pair pair = pairs[p];
    const auto* before = reinterpret_cast<const uint4*>(pair.before);
    const auto* after = reinterpret_cast<const uint4*>(pair.after);
    const std::uint64_t words = (pair.bytes + 15) / 16;
    std::uint32_t starts = 0;
    unsigned carry = 0;  // the last bit of the 32 words before
    constexpr unsigned unroll = 4;
    for (std::uint64_t base = 0; base < words; base += 32 * unroll) {
      unsigned bits[unroll];
#pragma unroll
      for (unsigned u = 0; u < unroll; ++u) {
        const std::uint64_t w = base + u * 32 + lane;
        bits[u] = w < words ? differing(__ldcs(before + w), __ldcs(after + w)) & bits_below(w * 16, pair.bytes) : 0;
      }
#pragma unroll
      for (unsigned u = 0; u < unroll; ++u) {
        const std::uint64_t w = base + u * 32 + lane;
        if (w < words) bitmap[pair.bits_at + w] = static_cast<std::uint16_t>(bits[u]);
        const unsigned last = bits[u] >> 15;
        unsigned previous = __shfl_up_sync(full, last, 1);
        if (lane == 0) previous = carry;
        carry = __shfl_sync(full, last, 31);
        starts += __popc(bits[u] & ~(bits[u] << 1 | previous));
      }
    }
    for (unsigned d = 16; d > 0; d /= 2) starts += __shfl_xor_sync(full, starts, d);
    if (lane == 0) run_count[p] = starts;
  }
}

/** run_start[i + 1] holds numbers; becomes their running sum, and run_start[0] zero. One block, eight numbers a thread and step. */
__global__ void __launch_bounds__(1024) sum_up_kernel(std::uint32_t* run_start, std::uint32_t count) {
  constexpr unsigned each = 8;
  __shared__ std::uint32_t of_warp[32];
  const unsigned lane = threadIdx.x & 31, warp = threadIdx.x / 32;
  std::uint32_t before = 0;
  for (std::uint64_t base = 0; base < count; base += 1024 * each) {
    const std::uint64_t first = base + threadIdx.x * each;
    std::uint32_t number[each], own = 0;
#pragma unroll
    for (unsigned e = 0; e < each; ++e) number[e] = first + e < count ? run_start[first + e + 1] : 0;
#pragma unroll
    for (unsigned e = 0; e < each; ++e) own += number[e];
    std::uint32_t sum = own;
    for (unsigned d = 1; d < 32; d *= 2) {
      const std::uint32_t left = __shfl_up_sync(full, sum, d);
      if (lane >= d) sum += left;
    }
    if (lane == 31) of_warp[warp] = sum;
    __syncthreads();
    if (warp == 0) {
      std::uint32_t total = of_warp[lane];
      for (unsigned d = 1; d < 32; d *= 2) {
        const std::uint32_t left = __shfl_up_sync(full, total, d);
        if (lane >= d) total += left;
      }
      of_warp[lane] = total;
    }
    __syncthreads();
    std::uint32_t running = before + (warp > 0 ? of_warp[warp - 1] : 0) + sum - own;
#pragma unroll
    for (unsigned e = 0; e < each; ++e) {
      running += number[e];
      if (first + e < count) run_start[first + e + 1] = running;
    }
    before += of_warp[31];
    __syncthreads();
  }
  if (threadIdx.x == 0) run_start[0] = 0;
}

__global__ void __launch_bounds__(block_threads) emit_kernel(const page_pair* pairs, std::uint32_t count, const std::uint16_t* bitmap,
                                                             const std::uint32_t* run_start, std::uint32_t* run_offset, std::uint32_t* run_length,
                                                             std::uint32_t capacity) {
  const unsigned lane = threadIdx.x & 31;
  for (std::uint32_t p = warp_index(); p < count; p += warp_count()) {
    const std::uint32_t first = run_start[p];
    std::uint32_t limit = run_start[p + 1];
    if (limit > capacity) limit = capacity;
    if (first >= limit) continue;
    const std::uint64_t words = (pairs[p].bytes + 15) / 16;
    const std::uint16_t* bits_of = bitmap + pairs[p].bits_at;
    std::uint32_t next_start = first, next_end = first;
    for (std::uint64_t base = 0; base < words; base += 32) {
      const std::uint64_t w = base + lane;
      const unsigned bits = w < words ? bits_of[w] : 0;
      const unsigned left = w > 0 && w < words ? bits_of[w - 1] >> 15 : 0;
      const unsigned right = w + 1 < words ? bits_of[w + 1] & 1 : 0;
      unsigned starts = bits & ~(bits << 1 | left);
      unsigned ends = bits & ~(bits >> 1 | right << 15);
      std::uint32_t start_at = __popc(starts), end_at = __popc(ends);
      for (unsigned d = 1; d < 32; d *= 2) {
        const std::uint32_t s = __shfl_up_sync(full, start_at, d), e = __shfl_up_sync(full, end_at, d);
        if (lane >= d) start_at += s, end_at += e;
      }
      const std::uint32_t all_starts = __shfl_sync(full, start_at, 31), all_ends = __shfl_sync(full, end_at, 31);
      start_at += next_start - __popc(starts);
      end_at += next_end - __popc(ends);
      for (; starts != 0; starts &= starts - 1, ++start_at)
        if (start_at < limit) run_offset[start_at] = static_cast<std::uint32_t>(w * 16) + __ffs(starts) - 1;
      for (; ends != 0; ends &= ends - 1, ++end_at)
        if (end_at < limit) run_length[end_at] = static_cast<std::uint32_t>(w * 16) + __ffs(ends);
      next_start += all_starts;
      next_end += all_ends;
    }
    __syncwarp();
    for (std::uint32_t r = first + lane; r < limit; r += 32) run_length[r] -= run_offset[r];
  }
}

}  // namespace

void diff_count(const page_pair* pairs, std::uint32_t count, std::uint16_t* bits, std::uint32_t* run_start, cudaStream_t stream) {
  mark_kernel<<<blocks_for_warps(count), block_threads, 0, stream>>>(pairs, count, bits, run_start + 1);
  sum_up_kernel<<<1, 1024, 0, stream>>>(run_start, count);
}

void diff_emit(const page_pair* pairs, std::uint32_t count, const std::uint16_t* bits, const std::uint32_t* run_start, std::uint32_t* run_offset,
               std::uint32_t* run_length, std::uint32_t capacity, cudaStream_t stream) {
  emit_kernel<<<blocks_for_warps(count), block_threads, 0, stream>>>(pairs, count, bits, run_start, run_offset, run_length, capacity);
}

}  // namespace mmsb::cuda::kernels
