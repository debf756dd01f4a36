// Rows of a batch into the columns of the block under construction (`BlockBuilder.stageDeltas` in engine/log/block-builder.ts).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "mmsb/batches.hpp"

namespace mmsb {

/** The rows of a batch, each column with at least as many as are staged. */
struct staged_batch {
  delta_columns deltas;
  const std::uint32_t* slot;
  const std::uint32_t* source;
  const double* cause;
  const std::uint8_t* flags;
  const std::uint32_t* meta_length;
  /** The epoch after each row. */
  const double* epoch;
};

/** What the rows name. */
struct staged_names {
  /** Of each page, by slot. */
  std::span<const std::uint32_t> id_low;
  std::span<const std::uint32_t> id_high;
  /** Two entries a source: where the first is `stamp`, the second is its place in the block's dictionary. */
  std::span<const std::uint32_t> dictionary;
  std::uint32_t stamp;
};

/** What all rows have in common. */
struct staged_row_values {
  std::uint8_t kind;
  /** Of a row's flags these are kept. */
  std::uint8_t flag_mask;
  std::uint32_t time_low;
  std::uint32_t time_high;
  /** LSN of the block's row 0. */
  double first_lsn;
};

/** The block's columns from the first row to be staged on, and its bodies from the first free byte on. */
struct staged_columns {
  std::uint8_t* kind;
  std::uint8_t* flags;
  std::uint32_t* time_low;
  std::uint32_t* time_high;
  std::uint32_t* page_low;
  std::uint32_t* page_high;
  double* epoch;
  std::uint32_t* source;
  double* cause_distance;
  std::uint32_t* body_length;
  std::span<std::uint8_t> bodies;
  /** That row's number. */
  std::size_t row;
};

/** How much fits. */
struct staging_room {
  /** Bytes for bodies and columns together. */
  std::uint64_t bytes;
  /** What a row is taken to need in columns. */
  std::uint64_t row_bytes;
  /** A longer body does not stand in a block. */
  std::uint64_t longest_body;
};

struct staging_end {
  /** `done`: the rows before `row` are staged. `corrupt`: the dictionary does not have the source of `row` yet, and nothing is staged. */
  stop why;
  std::size_t row;
  std::uint64_t body_bytes;
  bool uses_flags;
  bool uses_cause;
};

/** Stages rows `[from, to)` as far as they fit, up to the first with metadata. Throws std::bad_alloc. */
staging_end stage_deltas(const staged_batch& batch, std::size_t from, std::size_t to, const staged_names& names,
                         const staged_row_values& values, const staging_room& room, const staged_columns& out);

}  // namespace mmsb
