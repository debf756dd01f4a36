#include <algorithm>

#include "mmsb/runs.hpp"
#include "rice.hpp"
#include "varint.hpp"

namespace mmsb {
namespace {

constexpr std::uint32_t form_list = 0x00;
constexpr std::uint32_t form_packed = 0x40;
constexpr std::uint32_t form_strided = 0x80;
constexpr std::uint32_t form_mask = 0xc0;
constexpr std::uint32_t count_follows = 63;
constexpr std::uint64_t u32_max = 0xffff'ffff;

struct counted {
  std::int64_t count;
  std::uint64_t after;
};

counted read_count(const std::uint8_t* bytes, std::uint64_t start, std::uint64_t end) noexcept {
  if (start >= end) return {corrupt_at(start), start};
  std::uint64_t count = bytes[start] & count_follows;
  varint_reader varints{bytes, start + 1, end};
  if (count == count_follows) {
    const std::int64_t rest = varints.read();
    if (rest < 0) return {corrupt_at(varints.at), start};
    count += static_cast<std::uint64_t>(rest);
  }
  // Each run has a byte of payload, so that no count is believed that the body could not hold.
  if (count > end - varints.at) return {corrupt_at(start), start};
  return {static_cast<std::int64_t>(count), varints.at};
}

std::int64_t decode_list(const std::uint8_t* bytes, std::uint64_t at, std::uint64_t end, std::size_t count,
                         run_columns out) noexcept {
  std::uint64_t position = 0;
  std::uint64_t total = 0;
  varint_reader varints{bytes, at, end};
  for (std::size_t i = 0; i < count; ++i) {
    const std::int64_t gap = varints.at < end && bytes[varints.at] < 128 ? bytes[varints.at++] : varints.read();
    if (gap < 0) return corrupt_at(varints.at);
    const std::int64_t rest = varints.at < end && bytes[varints.at] < 128 ? bytes[varints.at++] : varints.read();
    if (rest < 0) return corrupt_at(varints.at);
    const std::uint64_t offset = position + static_cast<std::uint64_t>(gap);
    const std::uint64_t length = static_cast<std::uint64_t>(rest) + 1;
    position = offset + length;
    if (position > u32_max) return corrupt_at(varints.at);
    out.offset[i] = static_cast<std::uint32_t>(offset);
    out.length[i] = static_cast<std::uint32_t>(length);
    total += length;
    ++position;
  }
  return end - varints.at == total ? static_cast<std::int64_t>(varints.at) : corrupt_at(varints.at);
}

/** Turns symbols into runs, in place; their bytes, or -1 where one ends beyond 2^32 - 1. */
std::int64_t runs_from_gaps(std::size_t count, run_columns out) noexcept {
  std::uint64_t position = 0;
  std::uint64_t total = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint64_t offset = position + out.offset[i];
    const std::uint64_t length = static_cast<std::uint64_t>(out.length[i]) + 1;
    position = offset + length;
    if (position > u32_max) return -1;
    out.offset[i] = static_cast<std::uint32_t>(offset);
    out.length[i] = static_cast<std::uint32_t>(length);
    total += length;
    ++position;
  }
  return static_cast<std::int64_t>(total);
}

std::int64_t runs_from_units(std::size_t count, std::uint64_t unit, std::uint64_t base, run_columns out) noexcept {
  std::uint64_t next = base;
  std::uint64_t total = 0;
  for (std::size_t i = 0; i < count; ++i) {
    // below 2^64, and checked before something is added to it
    const std::uint64_t distance = unit * out.offset[i];
    if (distance > u32_max) return -1;
    const std::uint64_t offset = next + distance;
    const std::uint64_t length = static_cast<std::uint64_t>(out.length[i]) + 1;
    if (offset + length > u32_max) return -1;
    out.offset[i] = static_cast<std::uint32_t>(offset);
    out.length[i] = static_cast<std::uint32_t>(length);
    total += length;
    next = offset + unit * (length / unit + 1);
  }
  return static_cast<std::int64_t>(total);
}

bool is_zero_run_byte(std::uint32_t byte) noexcept { return byte >> 4 <= max_rice && (byte & 15) <= max_rice; }

/** PACKED (unit 1, base 0) and STRIDED: both columns of symbols into place, then the symbols into runs. */
std::int64_t decode_columns(const std::uint8_t* bytes, std::uint64_t at, std::uint64_t end, std::size_t count,
                            bool is_strided, run_columns out) noexcept {
  if (at >= end) return corrupt_at(end);
  const std::uint32_t gap_mode = bytes[at] >> 4;
  const std::uint32_t length_mode = bytes[at] & 15;
  ++at;
  std::uint32_t gap_zero_runs = 0;
  std::uint32_t length_zero_runs = 0;
  if (gap_mode == column_zero_runs) {
    gap_zero_runs = at < end ? bytes[at] : 0xff;
    if (!is_zero_run_byte(gap_zero_runs)) return corrupt_at(at);
    ++at;
  }
  varint_reader varints{bytes, at, end};
  if (length_mode == column_zero_runs) {
    length_zero_runs = at < end ? bytes[at] : 0xff;
    if (!is_zero_run_byte(length_zero_runs)) return corrupt_at(at);
    ++varints.at;
  } else if (length_mode == column_constant) {
    const std::int64_t symbol = varints.read();
    if (symbol < 0) return corrupt_at(varints.at);
    std::fill_n(out.length, count, static_cast<std::uint32_t>(symbol));
  }
  std::uint64_t unit = 1;
  std::uint64_t base = 0;
  if (is_strided) {
    const std::uint64_t unit_at = varints.at;
    const std::int64_t read_unit = varints.read();
    if (read_unit < 1) return corrupt_at(read_unit < 0 ? varints.at : unit_at);
    unit = static_cast<std::uint64_t>(read_unit);
    const std::int64_t read_base = varints.read();
    if (read_base < 0) return corrupt_at(varints.at);
    base = static_cast<std::uint64_t>(read_base);
  }

  bit_reader bits(bytes, varints.at, end);
  if (gap_mode == column_constant) {
    std::fill_n(out.offset, count, 0u);
  } else if (!bits.read_column(count, gap_mode, gap_zero_runs, out.offset)) {
    return corrupt_at(bits.byte());
  }
  if (length_mode != column_constant && !bits.read_column(count, length_mode, length_zero_runs, out.length))
    return corrupt_at(bits.byte());
  const std::int64_t payload_at = bits.finish();
  if (payload_at < 0) return corrupt_at(bits.byte());

  const std::int64_t total =
      unit == 1 && base == 0 ? runs_from_gaps(count, out) : runs_from_units(count, unit, base, out);
  if (total < 0) return corrupt_at(varints.at);
  const auto payload = static_cast<std::uint64_t>(payload_at);
  return end - payload == static_cast<std::uint64_t>(total) ? payload_at : corrupt_at(payload);
}

}  // namespace

std::int64_t run_count(const std::uint8_t* bytes, std::uint64_t start, std::uint64_t end) noexcept {
  return read_count(bytes, start, end).count;
}

std::int64_t decode_runs(const std::uint8_t* bytes, std::uint64_t start, std::uint64_t end, run_columns out) noexcept {
  const counted head = read_count(bytes, start, end);
  if (head.count < 0) return head.count;
  const auto count = static_cast<std::size_t>(head.count);
  if (count > out.rows) return corrupt_at(start);
  const std::uint32_t form = bytes[start] & form_mask;
  if (form == form_list) return decode_list(bytes, head.after, end, count, out);
  if (count > 0 && (form == form_packed || form == form_strided))
    return decode_columns(bytes, head.after, end, count, form == form_strided, out);
  return corrupt_at(start);
}

}  // namespace mmsb
