// Whole batches of deltas over the pages of shared arenas.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "mmsb/copy.hpp"

namespace mmsb {

/** The slot of a page that is not there: a batch skips its rows. */
constexpr std::uint32_t no_slot = 0xffff'ffff;

/** Where pages lie, by slot (`PageSpans` in engine/accel/accel.ts). The columns are shared memory and may change at any time. */
struct page_spans {
  std::span<const std::span<std::uint8_t>> arenas;
  /** Arena of a page: elements of 1, 2 or 4 bytes. */
  const void* arena;
  std::uint32_t arena_width;
  const std::uint32_t* at;
  const std::uint32_t* size;
  /** Rows that all three columns have. */
  std::size_t rows;

  /** The page's bytes; `data() == nullptr` where the columns name no memory that is there. */
  std::span<std::uint8_t> find(std::uint32_t slot) const noexcept {
    if (slot >= rows) return {};
    std::uint32_t index;
    switch (arena_width) {
      case 1: index = load_once(static_cast<const std::uint8_t*>(arena) + slot); break;
      case 2: index = load_once(static_cast<const std::uint16_t*>(arena) + slot); break;
      default: index = load_once(static_cast<const std::uint32_t*>(arena) + slot); break;
    }
    if (index >= arenas.size()) return {};
    const std::span<std::uint8_t> memory = arenas[index];
    const std::uint64_t start = load_once(at + slot);
    const std::uint64_t bytes = load_once(size + slot);
    if (start + bytes > memory.size()) return {};
    return memory.subspan(start, bytes);
  }
};

/** How a batch ended. */
enum class stop : std::uint8_t {
  /** Every row is done. */
  done,
  /** The row's body is corrupt. */
  corrupt,
  /** There was no room for the row. */
  full,
  /** The row names a page that the columns do not hold. */
  bad_page,
  /** The row reaches beyond its columns or its bytes. */
  bad_range,
};

struct batch_end {
  stop why;
  /** The row it stopped at, or the one behind the last. */
  std::size_t row;
  /** Bytes written. */
  std::uint64_t bytes;
};

/** Bodies of deltas in a buffer, by row. */
struct body_columns {
  std::span<const std::uint8_t> bytes;
  const std::uint32_t* start;
  const std::uint32_t* length;
  const std::uint32_t* slot;
};

/** Applies rows `[from, to)` in order, up to the first that cannot be. Throws std::bad_alloc. */
batch_end apply_bodies(const body_columns& bodies, std::size_t from, std::size_t to, const page_spans& pages);

/** Deltas as runs and bytes: delta `d` has the runs `run_start[d] .. run_start[d + 1]` and its bytes at `payload_start[d]`. */
struct delta_columns {
  const std::uint32_t* run_start;
  std::size_t run_starts;
  const std::uint32_t* run_offset;
  const std::uint32_t* run_length;
  std::size_t runs;
  const std::uint32_t* payload_start;
  std::span<const std::uint8_t> payload;
};

/** Applies deltas `[from, to)` in order to the pages in `slot`, up to the first that cannot be. */
batch_end apply_deltas(const delta_columns& deltas, const std::uint32_t* slot, std::size_t from, std::size_t to,
                       const page_spans& pages) noexcept;

/** Pages to blend, by row. */
struct blend_columns {
  const std::uint32_t* mask;
  const std::uint32_t* values;
  const std::uint32_t* page;
};

/**
 * Blends rows `[from, to)` in order, up to the first that names a page that is not there: what the flags in the mask's page show of the values' page
 * goes into the page, as far as all three reach. A flag is a bit or a byte.
 */
batch_end blend_pages(const blend_columns& rows, std::size_t from, std::size_t to, bool are_bits, const page_spans& pages) noexcept;

/**
 * Encodes deltas `[from, to)` one after another into `out`; lengths go to `body_length[0 ..]`. Stops with `full` at the first whose body might
 * not fit. Throws std::bad_alloc.
 */
batch_end encode_bodies(const delta_columns& deltas, std::size_t from, std::size_t to, std::span<std::uint8_t> out,
                        std::uint32_t* body_length);

/** What rows of a batch may name. */
struct delta_limits {
  /** Of each page: 1 where there is one, and its bytes. */
  std::span<const std::uint8_t> state;
  std::span<const std::uint32_t> size;
  std::uint32_t sources;
  /** LSN of the last record before the batch. */
  double last_lsn;
};

/**
 * The first of rows `[from, to)` that may not be logged as it stands, or `to`: its page and its source exist, its cause was written before, its
 * runs ascend, are not empty, do not touch and lie inside the page.
 */
std::size_t check_deltas(const delta_columns& deltas, const std::uint32_t* slot, const std::uint32_t* source,
                         const double* cause, std::size_t from, std::size_t to, const delta_limits& limits) noexcept;

/**
 * Raises the epoch of each row's page by one, in order, notes it in `row_epoch` and marks the page as changed. Returns the first row whose
 * page is not there, or `to`.
 */
std::size_t raise_epochs(const std::uint32_t* slot, std::size_t from, std::size_t to, std::span<double> epoch,
                         std::span<std::uint32_t> changed, std::uint32_t stamp, double* row_epoch) noexcept;

}  // namespace mmsb
