// `stageDeltas`: the arguments as engine/accel/accel.ts says.
#include <array>
#include <cstdio>

#include "arguments.hpp"
#include "functions.hpp"
#include "mmsb/staging.hpp"

namespace mmsb::binding {
namespace {

/** The elements of an array of so many values. Read it before other arguments: an array that is not plain may run code of the caller's. */
template <std::size_t count>
std::array<napi_value, count> elements_of(arguments& in, std::size_t position, const char* name) noexcept {
  std::array<napi_value, count> elements{};
  bool is_array = false;
  std::uint32_t length = 0;
  const napi_value list = in.value(position);
  if (!in.ok() || list == nullptr || napi_is_array(in.env(), list, &is_array) != napi_ok || !is_array ||
      napi_get_array_length(in.env(), list, &length) != napi_ok || length != count) {
    in.refuse(name, "is not an array of its columns");
    return elements;
  }
  for (std::uint32_t i = 0; i < count; ++i) {
    if (napi_get_element(in.env(), list, i, &elements[i]) != napi_ok) {
      in.stop();  // what the getter threw is pending
      return elements;
    }
  }
  return elements;
}

/** A column of this type, from row `from` on, with at least `rows` rows from there. */
template <typename T>
T* column(arguments& in, napi_value value, napi_typedarray_type type, const char* name, std::uint64_t from, std::uint64_t rows) noexcept {
  const arguments::any_array array = in.any_typed(value, name);
  if (in.ok() && array.type != type) in.refuse(name, "holds a column of another type");
  if (!in.within(from, rows, array.count, name)) return nullptr;
  return static_cast<T*>(array.values) + from;
}

/** Whole numbers below 2^53 that JavaScript passes in one array. */
struct numbers {
  std::uint64_t from, to, flag_mask, kind, row, body_at, room, row_bytes, longest_body, first_lsn, time_low, time_high, stamp;
};
constexpr std::size_t number_count = sizeof(numbers) / sizeof(std::uint64_t);

numbers numbers_of(arguments& in, std::span<const double> given) noexcept {
  std::uint64_t values[number_count]{};
  if (given.size() < number_count) in.refuse("numbers", "are too few");
  for (std::size_t i = 0; in.ok() && i < number_count; ++i) {
    // false for NaN as well
    if (!(given[i] >= 0 && given[i] <= 9007199254740991.0)) in.refuse("numbers", "holds one out of range");
    else values[i] = static_cast<std::uint64_t>(given[i]);
  }
  return {values[0], values[1], values[2], values[3], values[4],  values[5], values[6],
          values[7], values[8], values[9], values[10], values[11], values[12]};
}

napi_value stage_deltas_(napi_env env, napi_callback_info info) {
  arguments in(env, info, "stageDeltas");
  const auto from_batch = elements_of<10>(in, 0, "batch");
  const auto to_block = elements_of<11>(in, 1, "block");
  const auto epoch = in.f64(2, "epoch");
  const auto id_low = in.u32(3, "idLo");
  const auto id_high = in.u32(4, "idHi");
  const auto dictionary = in.u32(5, "dictionary");
  const auto given = in.f64(6, "numbers");
  const numbers n = numbers_of(in, given);
  if (!in.rows(n.from, n.to, epoch.size(), "epoch")) return nullptr;
  const std::uint64_t rows = n.to - n.from;

  staged_batch batch{};
  batch.slot = column<std::uint32_t>(in, from_batch[0], napi_uint32_array, "batch", 0, n.to);
  batch.source = column<std::uint32_t>(in, from_batch[1], napi_uint32_array, "batch", 0, n.to);
  batch.cause = column<double>(in, from_batch[2], napi_float64_array, "batch", 0, n.to);
  batch.flags = column<std::uint8_t>(in, from_batch[3], napi_uint8_array, "batch", 0, n.to);
  batch.meta_length = column<std::uint32_t>(in, from_batch[4], napi_uint32_array, "batch", 0, n.to);
  batch.epoch = epoch.data();
  batch.deltas.run_start = column<std::uint32_t>(in, from_batch[5], napi_uint32_array, "batch", 0, n.to + 1);
  batch.deltas.run_starts = n.to + 1;
  const arguments::any_array offsets = in.any_typed(from_batch[6], "batch");
  const arguments::any_array lengths = in.any_typed(from_batch[7], "batch");
  if (in.ok() && (offsets.type != napi_uint32_array || lengths.type != napi_uint32_array))
    in.refuse("batch", "holds a column of another type");
  batch.deltas.run_offset = static_cast<const std::uint32_t*>(offsets.values);
  batch.deltas.run_length = static_cast<const std::uint32_t*>(lengths.values);
  batch.deltas.runs = std::min(offsets.count, lengths.count);
  batch.deltas.payload_start = column<std::uint32_t>(in, from_batch[8], napi_uint32_array, "batch", 0, n.to);
  batch.deltas.payload = in.u8_of(from_batch[9], "batch");

  staged_columns out{};
  out.kind = column<std::uint8_t>(in, to_block[0], napi_uint8_array, "block", n.row, rows);
  out.flags = column<std::uint8_t>(in, to_block[1], napi_uint8_array, "block", n.row, rows);
  out.time_low = column<std::uint32_t>(in, to_block[2], napi_uint32_array, "block", n.row, rows);
  out.time_high = column<std::uint32_t>(in, to_block[3], napi_uint32_array, "block", n.row, rows);
  out.page_low = column<std::uint32_t>(in, to_block[4], napi_uint32_array, "block", n.row, rows);
  out.page_high = column<std::uint32_t>(in, to_block[5], napi_uint32_array, "block", n.row, rows);
  out.epoch = column<double>(in, to_block[6], napi_float64_array, "block", n.row, rows);
  out.source = column<std::uint32_t>(in, to_block[7], napi_uint32_array, "block", n.row, rows);
  out.cause_distance = column<double>(in, to_block[8], napi_float64_array, "block", n.row, rows);
  out.body_length = column<std::uint32_t>(in, to_block[9], napi_uint32_array, "block", n.row, rows);
  out.row = n.row;
  const auto bodies = in.u8_of(to_block[10], "block");
  if (!in.within(n.body_at, 0, bodies.size(), "block")) return nullptr;
  out.bodies = bodies.subspan(n.body_at);

  const staging_end end =
      stage_deltas(batch, n.from, n.to, {id_low, id_high, dictionary, static_cast<std::uint32_t>(n.stamp)},
                   {static_cast<std::uint8_t>(n.kind), static_cast<std::uint8_t>(n.flag_mask), static_cast<std::uint32_t>(n.time_low),
                    static_cast<std::uint32_t>(n.time_high), static_cast<double>(n.first_lsn)},
                   {n.room, n.row_bytes, n.longest_body}, out);
  const auto row = static_cast<double>(end.row);
  if (end.why == stop::corrupt) return in.number(-row - 1);
  if (end.why != stop::done) {
    char name[48];
    std::snprintf(name, sizeof name, "row %zu", end.row);
    in.refuse(name, end.why == stop::bad_page ? "names no page" : "reaches beyond its columns or bytes");
    return nullptr;
  }
  given[0] = static_cast<double>(end.body_bytes);
  given[1] = end.uses_flags ? 1 : 0;
  given[2] = end.uses_cause ? 1 : 0;
  return in.number(row);
}

}  // namespace

std::span<const entry> staging_functions() noexcept {
  static constexpr entry entries[] = {{"stageDeltas", guarded<stage_deltas_>}};
  return entries;
}

}  // namespace mmsb::binding
