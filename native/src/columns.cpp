#include "mmsb/columns.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

#include "mmsb/copy.hpp"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace mmsb {
namespace {

struct column_plan_of {
  std::uint64_t base;
  std::uint32_t width;
  std::uint32_t base_bytes;
};

column_plan_of plan_of(std::uint64_t low, std::uint64_t high) noexcept {
  const std::uint64_t span = high - low;
  const std::uint32_t width = span == 0 ? 0 : span < 0x100 ? 1 : span < 0x1'0000 ? 2 : span < 0x1'0000'0000 ? 4 : 8;
  return {low, width, (static_cast<std::uint32_t>(std::bit_width(low)) + 7) / 8};
}

template <typename T>
column_plan_of plan_integers(const T* values, std::size_t from, std::size_t to) noexcept {
  T low = values[from];
  T high = low;
  for (std::size_t i = from + 1; i < to; ++i) {
    low = std::min(low, values[i]);
    high = std::max(high, values[i]);
  }
  return plan_of(low, high);
}

std::uint64_t pair_at(const column_values& column, std::size_t row) noexcept {
  return static_cast<const std::uint32_t*>(column.values)[row] | static_cast<std::uint64_t>(column.high[row]) << 32;
}

column_plan_of plan_pairs(const column_values& column, std::size_t from, std::size_t to) noexcept {
  const std::uint32_t high_word = column.high[from];
  std::uint32_t differs = 0;
  for (std::size_t i = from + 1; i < to; ++i) differs |= column.high[i] ^ high_word;
  if (differs == 0) {
    const column_plan_of lows = plan_integers(static_cast<const std::uint32_t*>(column.values), from, to);
    const std::uint64_t base = static_cast<std::uint64_t>(high_word) << 32 | lows.base;
    return {base, lows.width, plan_of(base, base).base_bytes};
  }
  std::uint64_t low = pair_at(column, from);
  std::uint64_t high = low;
  for (std::size_t i = from + 1; i < to; ++i) {
    const std::uint64_t value = pair_at(column, i);
    low = std::min(low, value);
    high = std::max(high, value);
  }
  return plan_of(low, high);
}

/** Of numbers that four-byte integers hold, two at a time. False where one is not whole or does not fit; NaN is neither. */
bool range_of_small(const double* values, std::size_t from, std::size_t to, double& low, double& high) noexcept {
#if defined(__SSE2__)
  if (to - from < 2) return false;
  __m128d lows = _mm_loadu_pd(values + from);
  __m128d highs = lows;
  __m128d whole = _mm_cmpeq_pd(lows, lows);
  const auto take = [&](const double* at) {
    const __m128d pair = _mm_loadu_pd(at);
    whole = _mm_and_pd(whole, _mm_cmpeq_pd(_mm_cvtepi32_pd(_mm_cvttpd_epi32(pair)), pair));
    lows = _mm_min_pd(lows, pair);
    highs = _mm_max_pd(highs, pair);
  };
  for (std::size_t i = from; i + 2 <= to; i += 2) take(values + i);
  // the last one again where they come in twos
  take(values + to - 2);
  if (_mm_movemask_pd(whole) != 3) return false;
  low = std::min(_mm_cvtsd_f64(lows), _mm_cvtsd_f64(_mm_unpackhi_pd(lows, lows)));
  high = std::max(_mm_cvtsd_f64(highs), _mm_cvtsd_f64(_mm_unpackhi_pd(highs, highs)));
  return true;
#else
  return false;
#endif
}

/** False where a number is not whole or out of range. */
bool plan_numbers(const double* values, std::size_t from, std::size_t to, column_plan_of& planned) noexcept {
  double low = values[from];
  double high = low;
  if (!range_of_small(values, from, to, low, high)) {
    bool whole = true;
    for (std::size_t i = from; i < to; ++i) {
      const double value = values[i];
      // false for NaN, and beyond it everything is whole
      whole &= value >= 0 && value <= 9007199254740992.0 && static_cast<double>(static_cast<std::int64_t>(value)) == value;
      low = std::min(low, value);
      high = std::max(high, value);
    }
    if (!whole) return false;
  }
  if (low < 0) return false;
  planned = plan_of(static_cast<std::uint64_t>(low), static_cast<std::uint64_t>(high));
  return true;
}

bool plan(const column_values& column, std::size_t from, std::size_t to, column_plan_of& planned) noexcept {
  switch (column.type) {
    case column_type::constant: planned = plan_of(column.first, column.first); return true;
    case column_type::ascending: planned = plan_of(column.first, column.first + (to - from - 1)); return true;
    case column_type::u8: planned = plan_integers(static_cast<const std::uint8_t*>(column.values), from, to); return true;
    case column_type::u32: planned = plan_integers(static_cast<const std::uint32_t*>(column.values), from, to); return true;
    case column_type::f64: return plan_numbers(static_cast<const double*>(column.values), from, to, planned);
    case column_type::pair: planned = plan_pairs(column, from, to); return true;
  }
  return false;
}

/**
 * Columns are not aligned in memory, since blocks need not be: stores by memcpy cost the same. Small values of up to four bytes are differences
 * modulo 2^32, whatever the values.
 */
template <typename Small, typename Value>
std::uint8_t* write_smalls(std::uint8_t* __restrict to, std::size_t from, std::size_t end, Value value) noexcept {
  for (std::size_t i = from; i < end; ++i, to += sizeof(Small)) store(to, static_cast<Small>(value(i)));
  return to;
}

template <typename Value>
std::uint8_t* write_values(std::uint8_t* to, std::size_t from, std::size_t end, std::uint32_t width, Value value) noexcept {
  switch (width) {
    case 1: return write_smalls<std::uint8_t>(to, from, end, value);
    case 2: return write_smalls<std::uint16_t>(to, from, end, value);
    case 4: return write_smalls<std::uint32_t>(to, from, end, value);
    case 8: return write_smalls<std::uint64_t>(to, from, end, value);
    default: return to;
  }
}

std::uint8_t* write(const column_values& column, std::uint8_t* to, std::size_t from, std::size_t end,
                    const column_plan_of& planned) noexcept {
  const std::uint64_t base = planned.base;
  const auto base_low = static_cast<std::uint32_t>(base);
  const std::uint32_t width = planned.width;
  switch (column.type) {
    case column_type::u8: {
      const auto* const values = static_cast<const std::uint8_t*>(column.values);
      return write_values(to, from, end, width, [=](std::size_t i) { return static_cast<std::uint32_t>(values[i]) - base_low; });
    }
    case column_type::u32: {
      const auto* const values = static_cast<const std::uint32_t*>(column.values);
      return write_values(to, from, end, width, [=](std::size_t i) { return values[i] - base_low; });
    }
    case column_type::f64: {
      const auto* const values = static_cast<const double*>(column.values);
      if (width <= 2 && base < std::uint64_t{1} << 30)
        return write_values(to, from, end, width, [=](std::size_t i) {
          return static_cast<std::uint32_t>(static_cast<std::int32_t>(values[i])) - base_low;
        });
      return write_values(to, from, end, width,
                          [=](std::size_t i) { return static_cast<std::uint64_t>(static_cast<std::int64_t>(values[i])) - base; });
    }
    case column_type::pair: {
      const auto* const lows = static_cast<const std::uint32_t*>(column.values);
      if (width <= 4) return write_values(to, from, end, width, [=](std::size_t i) { return lows[i] - base_low; });
      return write_values(to, from, end, width, [&](std::size_t i) { return pair_at(column, i) - base; });
    }
    case column_type::ascending: return write_values(to, from, end, width, [&](std::size_t i) { return column.first + (i - from) - base; });
    case column_type::constant: break;
  }
  return to;
}

}  // namespace

std::int64_t encode_columns(std::span<const column_values> columns, std::size_t from, std::size_t to,
                            std::span<std::uint8_t> block, std::uint64_t at, std::uint64_t room) noexcept {
  column_plan_of plans[max_columns];
  const std::uint64_t rows = to - from;
  std::uint64_t size = 0;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (!plan(columns[i], from, to, plans[i])) return columns_not_whole;
    size += 1 + plans[i].base_bytes + rows * plans[i].width + plans[i].width;
  }
  if (size > room || size > block.size() - at) return columns_do_not_fit;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const column_plan_of& planned = plans[i];
    block[at++] = static_cast<std::uint8_t>(planned.width | planned.base_bytes << 4);
    for (std::uint32_t byte = 0; byte < planned.base_bytes; ++byte)
      block[at++] = static_cast<std::uint8_t>(planned.base >> (8 * byte));
  }
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (plans[i].width == 0) continue;
    for (; at % plans[i].width != 0; ++at) block[at] = 0;
    std::uint8_t* const end = write(columns[i], block.data() + at, from, to, plans[i]);
    at = static_cast<std::uint64_t>(end - block.data());
  }
  return static_cast<std::int64_t>(at);
}

body_records_end encode_body_records(const body_records& records, std::span<std::uint8_t> block, std::uint64_t at, std::uint64_t room,
                                     std::uint64_t row_bytes, std::uint64_t columns_room) noexcept {
  std::size_t rows = 0;
  std::uint64_t size = 0;
  for (std::uint64_t used = 0; rows < records.rows; ++rows) {
    const std::uint32_t length = records.lengths[rows];
    used += length + row_bytes;
    if (used > room && rows > 0) break;
    size += length;
  }
  if (size > records.bytes.size()) return {bodies_beyond_bytes, 0, 0};
  constexpr auto same = [](std::uint64_t value) { return column_values{column_type::constant, nullptr, nullptr, value}; };
  const column_values columns[] = {
      same(records.kind), same(0), same(records.time), same(0), same(0), same(0), same(records.source),
      records.has_cause ? column_values{column_type::ascending, nullptr, nullptr, records.cause_distance} : same(0),
      same(0), {column_type::u32, records.lengths, nullptr, 0}, same(0)};
  const std::int64_t end = encode_columns(columns, 0, rows, block, at, columns_room);
  if (end < 0) return {end, 0, 0};
  const auto bodies_at = static_cast<std::uint64_t>(end);
  if (size > block.size() - bodies_at) return {columns_do_not_fit, 0, 0};
  std::memmove(block.data() + bodies_at, records.bytes.data(), size);
  return {static_cast<std::int64_t>(bodies_at + size), rows, size};
}

}  // namespace mmsb
