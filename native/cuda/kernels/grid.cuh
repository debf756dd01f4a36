// How work is laid over the device: blocks of eight warps, and a warp (or a thread) that takes every n-th item.
#pragma once

#include <cstdint>

namespace mmsb::cuda::kernels {

constexpr unsigned block_threads = 256;
constexpr unsigned block_warps = block_threads / 32;
/** Far more than are resident at once (132 multiprocessors x 8 on an H100), so that the last wave is short; items beyond wait for a stride. */
constexpr unsigned max_blocks = 65536;

__device__ __forceinline__ std::uint32_t warp_index() { return (blockIdx.x * block_threads + threadIdx.x) / 32; }
__device__ __forceinline__ std::uint32_t warp_count() { return gridDim.x * block_warps; }

inline unsigned blocks_for_warps(std::uint64_t warps) {
  const std::uint64_t blocks = (warps + block_warps - 1) / block_warps;
  return blocks < 1 ? 1 : blocks > max_blocks ? max_blocks : static_cast<unsigned>(blocks);
}

inline unsigned blocks_for_threads(std::uint64_t threads) {
  const std::uint64_t blocks = (threads + block_threads - 1) / block_threads;
  return blocks < 1 ? 1 : blocks > max_blocks ? max_blocks : static_cast<unsigned>(blocks);
}

}  // namespace mmsb::cuda::kernels
