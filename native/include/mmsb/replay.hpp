// Replay of the log's blocks into pages.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "mmsb/batches.hpp"

namespace mmsb {

/** Most records of one block (`MAX_BLOCK_RECORDS` in engine/log/record-batch.ts). */
constexpr std::uint32_t max_block_records = 4096;

/** What a replay writes to. The columns are by slot, shared memory, and may change at any time. */
struct replay_target {
  page_spans pages;
  /** By page id: slot + 1, or 0; ids beyond it are looked up by others. */
  std::span<const std::uint32_t> slots;
  std::span<double> epoch;
  std::span<std::uint32_t> changed;
  /** What `changed` becomes for a page that is written. */
  std::uint32_t stamp;
};

struct replay_end {
  /** The row it stopped at, or the number of rows. */
  std::uint32_t row;
  /** Deltas among the rows before it. */
  std::uint32_t deltas;
};

/**
 * Replays the rows of a records block in order, as far as they are deltas to pages that `slots` knows, or of a kind that `passed` (256 flags)
 * marks as of no effect. `block` is its header and its payload, the checksum checked by others; layout: engine/log/block-builder.ts. It stops at
 * the first row that is anything else or whose body is corrupt, and before the first row where the block is malformed in any way or has bodies
 * elsewhere: what that means is for others to say. Throws std::bad_alloc.
 */
replay_end replay_block(std::span<const std::uint8_t> block, std::uint32_t count, std::uint64_t first_lsn,
                        std::span<const std::uint8_t, 256> passed, const replay_target& target);

}  // namespace mmsb
