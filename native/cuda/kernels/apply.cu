// Batched range apply. A warp takes 32 rows at a time; the most frequent delta, 64 aligned bytes, is moved by four lanes, so that a warp has
// eight rows in each of four steps in flight. Streaming
// stores: ordinary ones were slower (9.9 G deltas/s, not 12.7, on an H100). Its bound is bytes: 64 read, 64 written and 16 of the row, all in different places.
#include "copy_bytes.cuh"
#include "grid.cuh"
#include "kernels.hpp"

namespace mmsb::cuda::kernels {
namespace {

constexpr unsigned full = 0xffffffffu;
/** Ranges up to here are copied by 16 lanes each, longer ones by the warp. */
constexpr std::uint32_t short_bytes = 256;

struct target {
  std::uint8_t* to;
  const std::uint8_t* from;
  std::uint32_t bytes;
};

__device__ __forceinline__ unsigned largest(unsigned value) {
  for (unsigned d = 16; d > 0; d /= 2) value = max(value, __shfl_xor_sync(full, value, d));
  return value;
}

__device__ __forceinline__ target resolve(const apply_row& row, const page_entry* pages, const std::uint8_t* payload) {
  const page_entry page = pages[row.page];
  const std::uint64_t room = row.offset < page.bytes ? page.bytes - row.offset : 0;
  return {reinterpret_cast<std::uint8_t*>(page.at) + row.offset, payload + row.payload_at,
          row.length < room ? row.length : static_cast<std::uint32_t>(room)};
}

__device__ __forceinline__ target of_lane(const target& mine, unsigned lane) {
  return {reinterpret_cast<std::uint8_t*>(__shfl_sync(full, reinterpret_cast<std::uint64_t>(mine.to), lane)),
          reinterpret_cast<const std::uint8_t*>(__shfl_sync(full, reinterpret_cast<std::uint64_t>(mine.from), lane)),
          __shfl_sync(full, mine.bytes, lane)};
}

__device__ __forceinline__ bool is_whole_line(const target& t) {
  return t.bytes == 64 && ((reinterpret_cast<std::uint64_t>(t.to) | reinterpret_cast<std::uint64_t>(t.from)) & 15) == 0;
}

/** 32 rows, one a lane, none of which overlap; a lane without a row has 0 bytes. */
__device__ __forceinline__ void move_rows(const target& mine, unsigned lane) {
  if (__all_sync(full, is_whole_line(mine) || mine.bytes == 0)) {
    // Four lanes a row: all loads of the 32 rows before the first store.
    uint4 held[4];
    uint4* to[4];
#pragma unroll
    for (unsigned s = 0; s < 4; ++s) {
      const target t = of_lane(mine, s * 8 + lane / 4);
      to[s] = t.bytes == 0 ? nullptr : reinterpret_cast<uint4*>(t.to) + (lane & 3);
      if (t.bytes != 0) held[s] = __ldcs(reinterpret_cast<const uint4*>(t.from) + (lane & 3));
    }
#pragma unroll
    for (unsigned s = 0; s < 4; ++s)
      if (to[s] != nullptr) __stcs(to[s], held[s]);
    return;
  }
  if (__all_sync(full, mine.bytes <= short_bytes)) {
#pragma unroll 4
    for (unsigned s = 0; s < 16; ++s) {
      const target t = of_lane(mine, s * 2 + lane / 16);
      copy_short<16>(t.to, t.from, t.bytes, lane & 15);
    }
    return;
  }
  for (unsigned row = 0; row < 32; ++row) {
    const target t = of_lane(mine, row);
    copy_bytes<32, 4>(t.to, t.from, t.bytes, lane);
  }
}

__global__ void __launch_bounds__(block_threads)
    disjoint_kernel(const apply_row* rows, std::uint32_t count, const page_entry* pages, const std::uint8_t* payload) {
  const unsigned lane = threadIdx.x & 31;
  const std::uint32_t groups = (count + 31) / 32;
  for (std::uint32_t g = warp_index(); g < groups; g += warp_count()) {
    const std::uint32_t row = g * 32 + lane;
    target mine{nullptr, payload, 0};
    if (row < count) mine = resolve(rows[row], pages, payload);
    move_rows(mine, lane);
  }
}

/**
 * One warp a page: its rows in order, 32 at a time. A row's level is one more than the highest of the rows before it that it overlaps; rows of
 * one level overlap nowhere and move together, level after level (__syncwarp orders the lanes' stores). Most batches have a level or two.
 */
__global__ void __launch_bounds__(block_threads)
    ordered_kernel(const apply_row* rows, const std::uint32_t* group, std::uint32_t groups, const page_entry* pages, const std::uint8_t* payload) {
  const unsigned lane = threadIdx.x & 31;
  for (std::uint32_t g = warp_index(); g < groups; g += warp_count()) {
    const std::uint32_t end = group[g + 1];
    for (std::uint32_t first = group[g]; first < end; first += 32) {
      const std::uint32_t held = end - first < 32 ? end - first : 32;
      target mine{nullptr, payload, 0};
      apply_row row{};
      if (lane < held) {
        row = rows[first + lane];
        mine = resolve(row, pages, payload);
      }
      // Offsets within the one page suffice to compare.
      const std::uint32_t start = row.offset, stop = start + mine.bytes;
      unsigned level = 0;
      for (unsigned other = 0; other + 1 < held; ++other) {
        const std::uint32_t other_start = __shfl_sync(full, start, other), other_stop = __shfl_sync(full, stop, other);
        const unsigned above = __shfl_sync(full, level, other) + 1;
        if (lane > other && other_start < stop && start < other_stop && above > level) level = above;
      }
      const unsigned levels = largest(level);
      for (unsigned now = 0; now <= levels; ++now) {
        target moved = mine;
        if (level != now) moved.bytes = 0;
        move_rows(moved, lane);
        __syncwarp();
      }
    }
  }
}

}  // namespace

void apply_disjoint(const apply_row* rows, std::uint32_t count, const page_entry* pages, const std::uint8_t* payload, cudaStream_t stream) {
  disjoint_kernel<<<blocks_for_warps((count + 31ull) / 32), block_threads, 0, stream>>>(rows, count, pages, payload);
}

void apply_ordered(const apply_row* rows, const std::uint32_t* group, std::uint32_t groups, const page_entry* pages, const std::uint8_t* payload,
                   cudaStream_t stream) {
  ordered_kernel<<<blocks_for_warps(groups), block_threads, 0, stream>>>(rows, group, groups, pages, payload);
}

}  // namespace mmsb::cuda::kernels
