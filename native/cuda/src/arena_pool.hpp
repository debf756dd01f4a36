// Page memory from few large allocations: cudaMalloc takes tens of microseconds and waits for the device, a page must not.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <vector>

#include "resources.hpp"

namespace mmsb::cuda {

/**
 * Blocks of multiples of 256 bytes, best fit, neighbours joined when they are freed. A block keeps its memory's old bytes.
 * Not for several threads.
 */
class arena_pool {
 public:
  arena_pool(memory_kind kind, std::size_t arena_bytes, std::size_t max_bytes);

  /** Throws MMSB_CUDA_OUT_OF_MEMORY at the limit, cudaErrorMemoryAllocation where the card has no more. */
  std::uint8_t* allocate(std::size_t bytes);
  void release(std::uint8_t* block, std::size_t bytes);
  /** Gives arenas without a block back; returns their bytes. */
  std::size_t trim();
  mmsb_cuda_pool_stats stats() const;
  /** For each arena, in the order in which they were reserved: its number, its bytes, its free runs; then offset and bytes of each run, ascending. */
  std::vector<std::uint64_t> map() const;

  static std::size_t block_bytes(std::size_t bytes) { return (bytes + granule - 1) / granule * granule; }

 private:
  static constexpr std::size_t granule = 256;
  struct run {
    std::size_t bytes;
    std::uint8_t* at;
    bool operator<(const run& other) const { return bytes != other.bytes ? bytes < other.bytes : at < other.at; }
  };

  void insert_free(std::uint8_t* at, std::size_t bytes);
  void erase_free(std::map<std::uint8_t*, std::size_t>::iterator run);
  bool starts_arena(const std::uint8_t* at) const { return arena_starts_.count(const_cast<std::uint8_t*>(at)) > 0; }

  memory_kind kind_;
  std::size_t arena_bytes_, max_bytes_;
  struct arena {
    buffer memory;
    std::uint64_t number;  // given in order, never used again
  };
  std::map<std::uint8_t*, arena> arena_starts_;
  std::uint64_t arenas_made_ = 0;
  std::map<std::uint8_t*, std::size_t> free_by_address_;
  std::set<run> free_by_size_;
  std::size_t used_ = 0, reserved_ = 0, peak_used_ = 0, peak_reserved_ = 0;
  std::uint32_t blocks_ = 0;
};

}  // namespace mmsb::cuda
