#include <algorithm>
#include <array>
#include <cstring>

#include "arguments.hpp"
#include "functions.hpp"
#include "mmsb/columns.hpp"
#include "mmsb/records.hpp"

namespace mmsb::binding {
namespace {

/**
 * An array with two entries a column: its values, or undefined where all are zero; and the high halves of pairs, or undefined. Read it before
 * any other argument: an array that is not plain may run code of the caller's.
 */
std::size_t read_columns(arguments& in, std::size_t position, std::array<column_values, max_columns>& columns,
                         std::size_t& rows) {
  const napi_value list = in.value(position);
  bool is_array = false;
  std::uint32_t length = 0;
  rows = SIZE_MAX;
  if (!in.ok() || list == nullptr || napi_is_array(in.env(), list, &is_array) != napi_ok || !is_array ||
      napi_get_array_length(in.env(), list, &length) != napi_ok || length % 2 != 0 || length > 2 * max_columns) {
    in.refuse("columns", "is not an array of columns");
    return 0;
  }
  std::array<napi_value, 2 * max_columns> elements{};
  for (std::uint32_t i = 0; i < length; ++i) {
    if (napi_get_element(in.env(), list, i, &elements[i]) != napi_ok) {
      in.stop();  // what the getter threw is pending
      return 0;
    }
  }
  for (std::uint32_t i = 0; i < length; i += 2) {
    column_values& column = columns[i / 2];
    column = {column_type::constant, nullptr, nullptr, 0};
    if (in.is_undefined(elements[i])) continue;
    const auto [type, values, count] = in.any_typed(elements[i], "columns");
    rows = std::min(rows, count);
    column.values = values;
    if (!in.is_undefined(elements[i + 1])) {
      const auto [high_type, high, high_count] = in.any_typed(elements[i + 1], "columns");
      rows = std::min(rows, high_count);
      column.high = static_cast<const std::uint32_t*>(high);
      column.type = column_type::pair;
      if (type != napi_uint32_array || high_type != napi_uint32_array) in.refuse("columns", "holds a pair of other types");
    } else if (type == napi_uint8_array) {
      column.type = column_type::u8;
    } else if (type == napi_uint32_array) {
      column.type = column_type::u32;
    } else if (type == napi_float64_array) {
      column.type = column_type::f64;
    } else {
      in.refuse("columns", "holds a type that no column has");
    }
  }
  return in.ok() ? length / 2 : 0;
}

napi_value encode_columns_(napi_env env, napi_callback_info info) {
  arguments in(env, info, "encodeColumns");
  std::array<column_values, max_columns> columns;
  std::size_t rows = 0;
  const std::size_t count = read_columns(in, 0, columns, rows);
  const std::uint64_t from = in.integer(1, "from");
  const std::uint64_t to = in.integer(2, "to");
  const auto out = in.u8(3, "out");
  const std::uint64_t block_at = in.integer(4, "blockAt");
  const std::uint64_t at = in.integer(5, "at");
  const std::uint64_t room = in.integer(6, "room");
  const auto bodies = in.u8(7, "bodies");
  const std::uint64_t body_from = in.integer(8, "bodyFrom");
  const std::uint64_t body_to = in.integer(9, "bodyTo");
  if (!in.rows(from, to, rows, "columns") || !in.rows(block_at, at, out.size(), "out") ||
      !in.rows(body_from, body_to, bodies.size(), "bodies"))
    return nullptr;
  if (from == to) {
    in.refuse("columns", "has no rows");
    return nullptr;
  }
  const std::int64_t end =
      encode_columns(std::span(columns).first(count), from, to, out.subspan(block_at), at - block_at, room);
  if (end == columns_not_whole) {
    in.refuse("columns", "holds a number that is not whole");
    return nullptr;
  }
  if (end < 0) return in.number(-1);
  const std::uint64_t bodies_at = block_at + static_cast<std::uint64_t>(end);
  const std::uint64_t size = body_to - body_from;
  if (!in.within(bodies_at, size, out.size(), "out")) return nullptr;
  std::memmove(out.data() + bodies_at, bodies.data() + body_from, size);
  return in.number(static_cast<double>(bodies_at + size));
}

napi_value encode_body_records_(napi_env env, napi_callback_info info) {
  arguments in(env, info, "encodeBodyRecords");
  const auto out = in.u8(0, "out");
  const std::uint64_t block_at = in.integer(1, "blockAt");
  const std::uint64_t at = in.integer(2, "at");
  const auto lengths = in.u32(3, "lengths");
  const std::uint64_t from = in.integer(4, "from");
  const auto bytes = in.u8(5, "bytes");
  const std::uint64_t bytes_at = in.integer(6, "bytesAt");
  const auto given = in.f64(7, "numbers");
  constexpr std::size_t number_count = 9;
  std::uint64_t numbers[number_count]{};
  if (given.size() < number_count) in.refuse("numbers", "are too few");
  for (std::size_t i = 0; in.ok() && i < number_count; ++i) {
    // false for NaN as well
    if (!(given[i] >= 0 && given[i] <= 9007199254740991.0)) in.refuse("numbers", "holds one out of range");
    else numbers[i] = static_cast<std::uint64_t>(given[i]);
  }
  if (!in.rows(block_at, at, out.size(), "out") || !in.within(from, 1, lengths.size(), "lengths") ||
      !in.within(bytes_at, 0, bytes.size(), "bytes"))
    return nullptr;
  const auto [kind, time_low, time_high, source, cause, first_lsn, most_rows, room, row_bytes] = numbers;
  const std::uint64_t rows = std::min<std::uint64_t>(lengths.size() - from, most_rows);
  if (rows == 0) {
    in.refuse("numbers", "allows no rows");
    return nullptr;
  }
  if (cause > first_lsn) {
    in.refuse("numbers", "has a cause that comes later");
    return nullptr;
  }
  const body_records records{static_cast<std::uint8_t>(kind), (time_low & 0xffff'ffff) | time_high << 32,
                             static_cast<std::uint32_t>(source), cause != 0, first_lsn - cause, lengths.data() + from,
                             static_cast<std::size_t>(rows), bytes.subspan(bytes_at)};
  const body_records_end end =
      encode_body_records(records, out.subspan(block_at), at - block_at, room, row_bytes, out.size() - at);
  if (end.at == bodies_beyond_bytes) {
    in.refuse("bytes", "ends before its bodies");
    return nullptr;
  }
  if (end.at < 0) return in.number(-1);
  given[0] = static_cast<double>(end.rows);
  given[1] = static_cast<double>(end.body_bytes);
  return in.number(static_cast<double>(block_at) + static_cast<double>(end.at));
}

napi_value decode_records_(napi_env env, napi_callback_info info) {
  arguments in(env, info, "decodeRecords");
  const auto block = in.u8(0, "block");
  const std::uint64_t at = in.integer(1, "at");
  const std::uint64_t end = in.integer(2, "end");
  const std::uint64_t count = in.integer(3, "count");
  const std::uint64_t first_lsn = in.integer(4, "firstLsn", std::uint64_t{1} << 53);
  const auto strings = static_cast<std::uint32_t>(in.integer(5, "strings"));
  const auto kind = in.u8(6, "kind");
  const auto flags = in.u8(7, "flags");
  const auto time_lo = in.u32(8, "timeLo");
  const auto time_hi = in.u32(9, "timeHi");
  const auto page_lo = in.u32(10, "pageLo");
  const auto page_hi = in.u32(11, "pageHi");
  const auto epoch = in.f64(12, "epoch");
  const auto id_lo = in.u32(13, "deltaIdLo");
  const auto id_hi = in.u32(14, "deltaIdHi");
  const auto source = in.u32(15, "source");
  const auto cause = in.f64(16, "cause");
  const auto mask_length = in.u32(17, "maskLength");
  const auto body_start = in.u32(18, "bodyStart");
  const auto body_length = in.u32(19, "bodyLength");
  const auto meta_length = in.u32(20, "metaLength");
  const std::size_t rows = std::min({kind.size(), flags.size(), time_lo.size(), time_hi.size(), page_lo.size(), page_hi.size(),
                                     epoch.size(), id_lo.size(), id_hi.size(), source.size(), cause.size(), mask_length.size(),
                                     body_start.size(), body_length.size(), meta_length.size()});
  if (!in.rows(at, end, block.size(), "block") || !in.within(0, count, rows, "kind")) return nullptr;
  const record_columns out{kind.data(),   flags.data(),  time_lo.data(),     time_hi.data(),    page_lo.data(),
                           page_hi.data(), epoch.data(),  id_lo.data(),       id_hi.data(),      source.data(),
                           cause.data(),  mask_length.data(), body_start.data(), body_length.data(), meta_length.data(), rows};
  return in.number(static_cast<double>(decode_records(block, at, end, count, first_lsn, strings, out)));
}

}  // namespace

std::span<const entry> column_functions() noexcept {
  static constexpr entry entries[] = {{"encodeColumns", guarded<encode_columns_>},
                                      {"encodeBodyRecords", guarded<encode_body_records_>},
                                      {"decodeRecords", guarded<decode_records_>}};
  return entries;
}

}  // namespace mmsb::binding
