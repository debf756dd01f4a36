// The pages of a level that one kernel computes, in place. `KernelLevel` in engine/graph/kernels/kernel-level.ts says what each column means.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "mmsb/batches.hpp"
#include "mmsb/kernels.hpp"
#include "mmsb/masks.hpp"

namespace mmsb {

/** How the recompute of a page ended: of `RunResult` (engine/graph/level-run.ts). */
enum class run_result : std::uint8_t { equal = 0, runs = 2, failed = 3 };

/** Bits of the graph's `state` column: engine/graph/node-state.ts. */
namespace node_state {
constexpr std::uint8_t dirty = 4;
constexpr std::uint8_t stale = 32;
constexpr std::uint8_t unsorted = 64;
}  // namespace node_state

/** Where what is replaced is kept. */
struct run_journal {
  std::span<std::uint32_t> run_offset;
  std::span<std::uint32_t> run_length;
  std::span<std::uint8_t> bytes;
  std::size_t runs;
  std::size_t used;
  /** By row of the list. */
  std::span<std::uint32_t> run_from;
  std::span<std::uint32_t> run_to;
  std::span<std::uint32_t> before_at;
};

struct kernel_level {
  page_spans pages;
  /** One word a page (engine/graph/page-place.ts). */
  std::span<const std::uint32_t> place;
  std::span<const std::uint32_t> list;
  /** Inputs of a page: entries of `pool`, by slot. */
  std::span<const std::uint32_t> start;
  std::span<const std::uint32_t> count;
  std::span<const std::uint32_t> pool;
  /** Rows whose result is not `equal` are left out. */
  bool checks_results;
  std::span<std::uint8_t> result;
  std::span<std::uint8_t> state;
  // What `run_word_levels` settles.
  std::span<double> epoch;
  std::span<std::uint32_t> changed;
  std::uint32_t stamp;
  /** Null where nothing is kept. */
  run_journal* journal;
};

enum class level_stop : std::uint8_t {
  done,
  /** The journal has no room for the row. */
  full,
  /** The row's inputs are not in order. */
  unsorted,
  /** The row names a page or an input that is not there. */
  bad_row,
};

struct level_end {
  level_stop why;
  /** The row it stopped at, which has not changed, or the one behind the last. */
  std::size_t row;
  std::size_t failures;
};

/** Runs rows `[from, to)` of the list. Throws std::bad_alloc. */
level_end run_level(const kernel& spec, kernel_level& level, std::size_t from, std::size_t to);

/** Where pages of one word that change are written down, from row `count` on. */
struct word_rows {
  std::span<std::uint32_t> slot;
  std::span<std::uint64_t> now;
  std::span<std::uint64_t> before;
  std::size_t count;
};

struct levels_end {
  /** `done`; `bad_row` where the bounds name rows that are not there. */
  level_stop why;
  /** The last level it got to, and how many of its rows are done. */
  std::size_t level;
  std::size_t row;
  /** Of those. */
  std::size_t changes;
};

/**
 * Runs levels `[from, to)`: pages of one word, from inputs of at least a word. Level `l` is rows `[bounds[l], bounds[l + 1])` of the list; `result` is by row of a
 * level, so that it is the last one's in the end. Goes on with the next level where all pages of one have changed, and stops at the first row that is not such
 * a page, or whose inputs are not in order. Pages that are done wait no more, and where they change they are written down in `rows`, or, where that is null, their
 * epochs rise and `changed` becomes the stamp. The level's `checks_results` and `journal` are not looked at. Throws std::bad_alloc.
 */
levels_end run_word_levels(const kernel& spec, const kernel_level& level, std::span<const std::uint32_t> bounds, std::size_t from, std::size_t to,
                           word_rows* rows);

}  // namespace mmsb
