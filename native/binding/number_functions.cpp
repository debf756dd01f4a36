// `encodeNumberRecords`: the arguments as engine/accel/accel.ts says.
#include "arguments.hpp"
#include "functions.hpp"
#include "mmsb/columns.hpp"
#include "mmsb/number_records.hpp"

namespace mmsb::binding {
namespace {

napi_value encode_number_records_(napi_env env, napi_callback_info info) {
  arguments in(env, info, "encodeNumberRecords");
  const auto out = in.u8(0, "out");
  const std::uint64_t block_at = in.integer(1, "blockAt");
  const std::uint64_t at = in.integer(2, "at");
  const auto slot = in.u32(3, "slot");
  const auto numbers = in.u8(4, "numbers");
  const auto epoch = in.f64(5, "epoch");
  const auto id_low = in.u32(6, "idLo");
  const auto id_high = in.u32(7, "idHi");
  const std::uint64_t from = in.integer(8, "from");
  const std::uint64_t to = in.integer(9, "to");
  const auto given = in.f64(10, "values");
  constexpr std::size_t value_count = 6;
  std::uint64_t values[value_count]{};
  if (given.size() < value_count) in.refuse("values", "are too few");
  for (std::size_t i = 0; in.ok() && i < value_count; ++i) {
    // false for NaN as well
    if (!(given[i] >= 0 && given[i] <= 9007199254740991.0)) in.refuse("values", "holds one out of range");
    else values[i] = static_cast<std::uint64_t>(given[i]);
  }
  if (!in.rows(block_at, at, out.size(), "out") || !in.rows(from, to, slot.size(), "slot") ||
      !in.rows(from, to, numbers.size() / number_bytes, "numbers") || !in.rows(from, to, epoch.size(), "epoch"))
    return nullptr;
  if (from == to || to - from > max_number_rows) {
    in.refuse("slot", "has no rows there, or too many");
    return nullptr;
  }
  const auto [kind, flags, time_low, time_high, cause, first_lsn] = values;
  if (cause > first_lsn) {
    in.refuse("values", "has a cause that comes later");
    return nullptr;
  }
  const number_records records{static_cast<std::uint8_t>(kind), static_cast<std::uint8_t>(flags),
                               (time_low & 0xffff'ffff) | time_high << 32, cause != 0, first_lsn - cause,
                               slot.subspan(from, to - from), numbers.data() + number_bytes * from, epoch.data() + from, id_low, id_high};
  const std::int64_t end = encode_number_records(records, out.subspan(block_at), at - block_at);
  if (end == number_of_no_page || end == columns_not_whole) {
    in.refuse(end == columns_not_whole ? "epoch" : "slot", end == columns_not_whole ? "holds a number that is not whole" : "names no page");
    return nullptr;
  }
  return in.number(end < 0 ? -1 : static_cast<double>(block_at) + static_cast<double>(end));
}

}  // namespace

std::span<const entry> number_functions() noexcept {
  static constexpr entry entries[] = {{"encodeNumberRecords", guarded<encode_number_records_>}};
  return entries;
}

}  // namespace mmsb::binding
