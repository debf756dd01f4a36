// Columns of a records block, frame-of-reference coded. Layout: engine/log/block-columns.ts, which this follows to the bit.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace mmsb {

enum class column_type : std::uint8_t { zero, u8, u32, f64, pair };

/** One column as it is given: `high` only for pairs. Numbers in an f64 column are whole, 0 .. 2^53. */
struct column_values {
  column_type type;
  const void* values;
  const std::uint32_t* high;
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

}  // namespace mmsb
