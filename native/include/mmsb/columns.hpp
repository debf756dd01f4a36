// Columns of a records block, frame-of-reference coded. Layout: engine/log/block-columns.ts, which this follows to the bit.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace mmsb {

enum class column_type : std::uint8_t { constant, ascending, u8, u32, f64, pair };

/**
 * One column as it is given: `high` only for pairs, `first` where there are no `values`: every row has it, or each row one more than the row
 * before, the first encoded having that. Numbers in an f64 column are whole, 0 .. 2^53.
 */
struct column_values {
  column_type type;
  const void* values;
  const std::uint32_t* high;
  std::uint64_t first;
};

/** What `encode_columns` returns besides a position. */
constexpr std::int64_t columns_do_not_fit = -1;
constexpr std::int64_t columns_not_whole = -2;

/** Most columns at once. */
constexpr std::size_t max_columns = 16;

/**
 * Writes the descriptors of all columns, then rows `[from, to)` of each (at least one row), into a block from its position `at` on. Returns the
 * position after them; nothing was written where they take more than `room` bytes, the padding before each column counted in full.
 */
std::int64_t encode_columns(std::span<const column_values> columns, std::size_t from, std::size_t to,
                            std::span<std::uint8_t> block, std::uint64_t at, std::uint64_t room) noexcept;

/** Records that differ in nothing but their bodies, which stand one after another. */
struct body_records {
  std::uint8_t kind;
  std::uint64_t time;
  std::uint32_t source;
  /** Whether there is a cause, and LSN - cause of the first. */
  bool has_cause;
  std::uint64_t cause_distance;
  const std::uint32_t* lengths;
  std::size_t rows;
  std::span<const std::uint8_t> bytes;
};

struct body_records_end {
  /** As `encode_columns`; or -3 where the bodies reach beyond their bytes. */
  std::int64_t at;
  /** So many are written, with so many bytes of bodies. */
  std::size_t rows;
  std::uint64_t body_bytes;
};
constexpr std::int64_t bodies_beyond_bytes = -3;

/**
 * Columns and bodies of a block's payload, behind its dictionary: as many rows as `room` bytes take, at least the first, where each takes its body
 * and `row_bytes`. All columns must fit `columns_room` bytes.
 */
body_records_end encode_body_records(const body_records& records, std::span<std::uint8_t> block, std::uint64_t at, std::uint64_t room,
                                     std::uint64_t row_bytes, std::uint64_t columns_room) noexcept;

}  // namespace mmsb
