// The hot loops of the index (engine/log/index): columns of one run of deltas, sorted by page. What each does, and the reference, is there.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "mmsb/batches.hpp"

namespace mmsb {

/** What a run knows of a page: a line of engine/log/index/run-slots.ts. */
struct run_slot {
  std::uint32_t stamp;
  std::uint32_t deltas;
  std::uint32_t bytes;
  std::uint32_t others;
  std::uint32_t irregular;
  /** The state of all pages (`run_place.state`) for which this one was found to live and to be certain. */
  std::uint32_t ready;
  double epoch_before;
  double epoch_now;
  std::uint32_t delta_place;
  std::uint32_t byte_place;
  std::uint32_t other_place;
  std::uint32_t epoch_place;
  std::uint32_t spares[2];
};
static_assert(sizeof(run_slot) == 64);

/** How a batch ended: the row it stopped before, and whether because an argument does not hold what it should. */
struct rows_end {
  std::size_t row;
  bool is_bad;
};

/** Deltas of a block, one a row. */
struct block_deltas {
  const std::uint32_t* slot;
  const double* epoch;
  const std::uint32_t* body_start;
  const std::uint32_t* body_length;
  std::span<const std::uint8_t> bytes;
};

/** What stands of pages, by slot and, for `until`, by life. */
struct page_tables {
  std::span<const std::uint32_t> life;
  std::span<const double> until;
  std::span<double> epoch;
  std::span<const std::uint32_t> gaps;
  std::span<const std::uint32_t> uncertain;
};

/** The deltas of a run in log order, with room for `rows`. */
struct run_deltas {
  std::uint32_t* slot;
  std::uint32_t* offset;
  double* epoch;
  std::uint32_t* start;
  std::uint32_t* length;
  std::size_t rows;
};

/** What stays the same for a whole batch of `note_deltas`. */
struct run_place {
  std::uint32_t stamp;
  /** Another number whenever a page begins, ends or becomes uncertain. */
  std::uint32_t state;
  std::uint32_t gaps_passed;
  /** LSN of row 0 less the run's first. */
  std::uint32_t offset;
  /** What to add to where a body starts. */
  std::uint32_t shift;
};

/**
 * Takes rows `[from, to)` into the run, from its row `at` on: applied deltas of pages that live and are certain. Stops before the first row that
 * is none or whose body is corrupt. `touched` has `touched_count` entries, and gains one for each page that the run touches for the first
 * time. Throws std::bad_alloc.
 */
rows_end note_deltas(const block_deltas& deltas, std::size_t from, std::size_t to, const page_tables& pages,
                     std::span<run_slot> slots, std::span<std::uint32_t> touched, std::uint32_t& touched_count,
                     const run_deltas& out, std::size_t at, const run_place& place);

/**
 * Gives each of the deltas `[from, to)` the next place of its page, and notes there which it is; the epochs of irregular pages go to `epochs`.
 * Stops before a row whose page or place is not there.
 */
rows_end sort_deltas(const std::uint32_t* slot, const double* epoch, std::size_t from, std::size_t to,
                     std::span<run_slot> slots, std::span<std::uint32_t> rows, std::span<double> epochs) noexcept;

/** Bodies of a run's deltas in log order. */
struct run_bodies {
  const std::uint32_t* offset;
  const std::uint32_t* start;
  const std::uint32_t* length;
  /** Rows that the columns have. */
  std::size_t count;
  std::span<const std::uint8_t> bytes;
};

/**
 * Copies the bodies of the rows at places `[from, to)` one after another into `cluster` from `at` on, which becomes the end; notes of each its LSN
 * and where it begins. Stops before a row that is not there or has no room.
 */
rows_end gather_bodies(std::span<const std::uint32_t> rows, std::size_t from, std::size_t to, const run_bodies& bodies,
                       std::span<std::uint8_t> cluster, std::uint64_t& at, std::uint32_t* delta_offset,
                       std::uint32_t* delta_body) noexcept;

/** A run's deltas in page order: those of row r are `[row_delta[r], row_delta[r + 1])`. */
struct clustered_run {
  double first_lsn;
  std::span<const std::uint32_t> row_slot;
  std::span<const std::uint32_t> row_delta;
  std::span<const std::uint32_t> delta_offset;
  /** Where each body begins in `cluster`, and where the last one ends. */
  std::span<const std::uint32_t> delta_body;
  std::span<const std::uint8_t> cluster;
};

/** What stands of pages, by slot, and of their lives, by life. */
struct page_lives {
  std::span<const std::uint32_t> life;
  std::span<double> since_key;
  std::span<std::uint32_t> runs_since_key;
  std::span<const double> from;
  std::span<const double> until;
  std::span<const double> size;
};

/** When a page is given a keyframe. */
struct keyframe_rule {
  /** Bytes of bodies that pass before one: four pages' worth up to this, and one page's at least… */
  double cheap_bytes;
  /** …times this; infinity = none at all. */
  double factor;
  /** And at least every so many runs. */
  double runs;
};

/** Keyframes made: their pages' bytes one after another, of each its delta and where it stands (-1: the delta is all of it). */
struct keyframes {
  std::span<std::uint8_t> bytes;
  std::span<std::uint32_t> offset;
  std::span<double> at;
  /** Keys before the first of these, and where the first of their bytes will stand. */
  std::uint32_t keys_before;
  double bytes_at;
  std::size_t count;
  std::size_t used;
};

/**
 * Plays the deltas of rows from `from` on, page by page, and makes the keyframes. Stops before the first row that asks for more than this: its page
 * is not in memory or has lived several lives, or its keyframes might not fit; and behind the row with which `work` bytes are done.
 * `held` says of which life the bytes in `pages` are. Throws std::bad_alloc.
 */
rows_end replay_pages(const clustered_run& run, std::size_t from, std::span<std::uint32_t> row_key, const page_lives& lives,
                      const page_spans& pages, std::span<const std::uint32_t> held, const keyframe_rule& rule, double work,
                      keyframes& out);

}  // namespace mmsb
