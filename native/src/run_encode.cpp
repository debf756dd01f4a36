#include <algorithm>
#include <bit>
#include <cstring>
#include <numeric>
#include <vector>

#include "mmsb/runs.hpp"
#include "rice.hpp"
#include "varint.hpp"

namespace mmsb {
namespace {

constexpr std::uint32_t form_list = 0x00;
constexpr std::uint32_t form_packed = 0x40;
constexpr std::uint32_t form_strided = 0x80;
constexpr std::uint32_t count_follows = 63;
constexpr std::size_t list_always = 2;
constexpr std::size_t strided_from = 8;

/** Symbols of the list at hand; they grow with the longest list seen. */
struct symbol_columns {
  std::vector<std::uint32_t> gaps;
  std::vector<std::uint32_t> unit_gaps;
  std::vector<std::uint32_t> lengths;

  void reserve(std::size_t count) {
    if (count <= gaps.size()) return;
    const std::size_t capacity = std::max<std::size_t>(64, count * 2);
    gaps.resize(capacity);
    unit_gaps.resize(capacity);
    lengths.resize(capacity);
  }
};

thread_local symbol_columns scratch;

std::uint8_t* write_tag(std::uint32_t form, std::size_t count, std::uint8_t* at) noexcept {
  if (count < count_follows) {
    *at++ = static_cast<std::uint8_t>(form | count);
    return at;
  }
  *at++ = static_cast<std::uint8_t>(form | count_follows);
  return write_varint(at, static_cast<std::uint32_t>(count - count_follows));
}

std::uint8_t* write_list(const std::uint32_t* gaps, const std::uint32_t* lengths, std::size_t count,
                         std::uint8_t* at) noexcept {
  at = write_tag(form_list, count, at);
  for (std::size_t i = 0; i < count; ++i) {
    at = write_varint(at, gaps[i]);
    at = write_varint(at, lengths[i]);
  }
  return at;
}

/** Bytes of LIST after the tag. */
std::uint64_t list_bytes(const std::uint32_t* gaps, const std::uint32_t* lengths, std::size_t count) noexcept {
  std::uint64_t size = 0;
  for (std::size_t i = 0; i < count; ++i) size += varint_size(gaps[i]) + varint_size(lengths[i]);
  return size;
}

/** The symbols of `unit` from the second run on; the first is 0. */
struct unit_sum {
  std::uint64_t sum;
  std::size_t non_zero;
};

unit_sum fill_unit_gaps(const std::uint32_t* offset, const std::uint32_t* length, std::size_t count, std::uint32_t unit,
                        std::uint32_t* symbols) noexcept {
  unit_sum total{0, 0};
  symbols[0] = 0;
  for (std::size_t i = 1; i < count; ++i) {
    const std::uint32_t distance = offset[i] - offset[i - 1];
    const std::uint32_t symbol = distance / unit - length[i - 1] / unit - 1;
    symbols[i] = symbol;
    total.sum += symbol;
    total.non_zero += symbol != 0;
  }
  return total;
}

std::uint8_t* write_shortest(const std::uint32_t* offset, const std::uint32_t* length, std::size_t count,
                             std::uint8_t* at) {
  scratch.reserve(count);
  std::uint32_t* const gaps = scratch.gaps.data();
  std::uint32_t* const unit_gaps = scratch.unit_gaps.data();
  std::uint32_t* const lengths = scratch.lengths.data();
  const std::uint32_t first = offset[0];
  const std::uint32_t first_length = length[0];
  std::uint32_t position = 0;
  std::uint32_t start = first;
  std::uint32_t unit = count < strided_from ? 1 : offset[1] - first;
  std::uint64_t gap_sum = 0;
  std::size_t gaps_non_zero = 0;
  std::uint64_t length_sum = 0;
  std::size_t lengths_non_zero = 0;
  std::uint32_t different = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint32_t gap = offset[i] - position;
    const std::uint32_t symbol = length[i] - 1;
    gaps[i] = gap;
    lengths[i] = symbol;
    gap_sum += gap;
    length_sum += symbol;
    gaps_non_zero += gap != 0;
    lengths_non_zero += symbol != 0;
    different |= length[i] ^ first_length;
    position = offset[i] + length[i] + 1;
  }
  if (unit != 1) {
    for (std::size_t i = 1; i < count && unit != 1; ++i) {
      const std::uint32_t distance = offset[i] - start;
      if (unit == 0 || distance % unit != 0) unit = std::gcd(distance, unit);
      start = offset[i];
    }
  }

  // the length column is the same in both forms
  column_plan length_plan;
  length_plan.bits = different == 0 ? varint_size(first_length - 1) * 8 : 0;
  // no column takes less than a bit a run, unless it is one of zero runs: and then its lengths differ
  if (different != 0 || length_plan.bits > count) {
    const column_plan planned = plan_column(lengths, count, length_sum, lengths_non_zero);
    if (different != 0 || planned.bits < length_plan.bits) length_plan = planned;
  }
  column_plan gap_plan;
  if (gaps_non_zero > 0) gap_plan = plan_column(gaps, count, gap_sum, gaps_non_zero);

  // all sizes without the tag; a run takes two bytes of a LIST at least
  std::uint32_t form = form_packed;
  std::uint64_t size = 1 + (gap_plan.bits + length_plan.bits + 7) / 8;
  if (size > 2 * count) {
    const std::uint64_t list_size = list_bytes(gaps, lengths, count);
    if (list_size < size) {
      form = form_list;
      size = list_size;
    }
  }
  std::uint32_t base = 0;
  const std::uint32_t* column = gaps;
  if (unit > 1) {
    const unit_sum units = fill_unit_gaps(offset, length, count, unit, unit_gaps);
    const bool is_periodic = units.sum == 0;
    base = is_periodic ? first : first % unit;
    column_plan unit_plan;
    if (!is_periodic) {
      const std::uint32_t first_symbol = (first - base) / unit;
      unit_gaps[0] = first_symbol;
      unit_plan = plan_column(unit_gaps, count, units.sum + first_symbol, units.non_zero + (first_symbol != 0));
    }
    const std::uint64_t strided_size =
        1 + varint_size(unit) + varint_size(base) + (unit_plan.bits + length_plan.bits + 7) / 8;
    if (strided_size < size) {
      form = form_strided;
      column = unit_gaps;
      gap_plan = unit_plan;
    }
  }
  if (form == form_list) return write_list(gaps, lengths, count, at);

  at = write_tag(form, count, at);
  *at++ = static_cast<std::uint8_t>(gap_plan.mode << 4 | length_plan.mode);
  if (gap_plan.mode == column_zero_runs) *at++ = static_cast<std::uint8_t>(gap_plan.zero_runs);
  if (length_plan.mode == column_zero_runs) {
    *at++ = static_cast<std::uint8_t>(length_plan.zero_runs);
  } else if (length_plan.mode == column_constant) {
    at = write_varint(at, lengths[0]);
  }
  if (form == form_strided) {
    at = write_varint(at, unit);
    at = write_varint(at, base);
  }
  bit_writer bits(at);
  bits.write_column(column, count, gap_plan);
  bits.write_column(lengths, count, length_plan);
  return bits.finish();
}

}  // namespace

std::size_t encode_runs(const std::uint32_t* offset, const std::uint32_t* length, std::size_t count,
                        std::uint8_t* out) {
  if (count > list_always) return static_cast<std::size_t>(write_shortest(offset, length, count, out) - out);
  std::uint8_t* at = out;
  *at++ = static_cast<std::uint8_t>(form_list | count);
  std::uint32_t position = 0;
  for (std::size_t i = 0; i < count; ++i) {
    at = write_varint(at, offset[i] - position);
    at = write_varint(at, length[i] - 1);
    position = offset[i] + length[i] + 1;
  }
  return static_cast<std::size_t>(at - out);
}

}  // namespace mmsb
