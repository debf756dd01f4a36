// Zero, clone, copy range, scatter and gather: all of them are segments. A warp takes a segment; at 4 KiB each lane has eight 16-byte loads
// in flight, and the loads of some forty warps a multiprocessor cover the memory's latency.
#include "copy_bytes.cuh"
#include "grid.cuh"
#include "kernels.hpp"

namespace mmsb::cuda::kernels {
namespace {

__global__ void __launch_bounds__(block_threads) copy_kernel(const segment* segments, std::uint32_t count) {
  const unsigned lane = threadIdx.x & 31;
  for (std::uint32_t i = warp_index(); i < count; i += warp_count()) {
    const segment s = segments[i];
    copy_bytes<32, 8>(reinterpret_cast<std::uint8_t*>(s.to), reinterpret_cast<const std::uint8_t*>(s.from), s.bytes, lane);
  }
}

__global__ void __launch_bounds__(block_threads) zero_kernel(const segment* segments, std::uint32_t count) {
  const unsigned lane = threadIdx.x & 31;
  for (std::uint32_t i = warp_index(); i < count; i += warp_count()) {
    const segment s = segments[i];
    auto* to = reinterpret_cast<std::uint8_t*>(s.to);
    std::uint64_t bytes = s.bytes;
    std::uint64_t head = (16 - (s.to & 15)) & 15;
    if (head > bytes) head = bytes;
    if (lane < head) to[lane] = 0;
    to += head;
    bytes -= head;
    auto* out = reinterpret_cast<uint4*>(to);
    const std::uint64_t words = bytes / 16;
    for (std::uint64_t w = lane; w < words; w += 32) __stcs(out + w, make_uint4(0, 0, 0, 0));
    for (std::uint64_t b = words * 16 + lane; b < bytes; b += 32) to[b] = 0;
  }
}

}  // namespace

void copy(const segment* segments, std::uint32_t count, cudaStream_t stream) {
  copy_kernel<<<blocks_for_warps(count), block_threads, 0, stream>>>(segments, count);
}

void zero(const segment* segments, std::uint32_t count, cudaStream_t stream) {
  zero_kernel<<<blocks_for_warps(count), block_threads, 0, stream>>>(segments, count);
}

}  // namespace mmsb::cuda::kernels
