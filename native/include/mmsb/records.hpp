// Records of a block, from frame-of-reference columns into arrays. The layout and the reference: engine/log/block-columns.ts, block-decoder.ts.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace mmsb {

/**
 * `RecordBatch` of engine/log/record-batch.ts: columns with room for `rows`. Those of times, delta ids, sources, causes, mask lengths and metadata
 * lengths may be null where nobody wants them: they are checked all the same.
 */
struct record_columns {
  std::uint8_t* kind;
  std::uint8_t* flags;
  std::uint32_t* time_lo;
  std::uint32_t* time_hi;
  std::uint32_t* page_lo;
  std::uint32_t* page_hi;
  double* epoch;
  std::uint32_t* id_lo;
  std::uint32_t* id_hi;
  std::uint32_t* source;
  double* cause;
  std::uint32_t* mask_length;
  std::uint32_t* body_start;
  std::uint32_t* body_length;
  std::uint32_t* meta_length;
  std::size_t rows;
};

enum class decoded : std::int8_t {
  /** The columns hold rubbish. */
  malformed = -1,
  whole = 0,
  /** Some bodies stand in overflow blocks. */
  overflowed = 1,
};

/**
 * Decodes `count` records whose column descriptors begin at `at` of the block and whose bodies end at `end`. `first_lsn` is below 2^53, `strings`
 * how many sources the block's dictionary has.
 */
decoded decode_records(std::span<const std::uint8_t> block, std::uint64_t at, std::uint64_t end, std::size_t count,
                       std::uint64_t first_lsn, std::uint32_t strings, const record_columns& out) noexcept;

}  // namespace mmsb
