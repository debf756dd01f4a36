// Runs, bodies and batches: argument order as in engine/accel/native-functions.ts.
#include <cstdio>

#include "arguments.hpp"
#include "functions.hpp"
#include "mmsb/batches.hpp"
#include "mmsb/runs.hpp"

namespace mmsb::binding {
namespace {

/** Rows `[from, to)` of two run columns. */
struct run_rows {
  std::span<std::uint32_t> offset;
  std::span<std::uint32_t> length;
  std::size_t from;
  std::size_t count;
};

run_rows read_runs(arguments& in, std::size_t position) {
  run_rows runs{in.u32(position, "runOffset"), in.u32(position + 1, "runLength"), 0, 0};
  const std::uint64_t from = in.integer(position + 2, "from");
  const std::uint64_t to = in.integer(position + 3, "to");
  if (!in.rows(from, to, std::min(runs.offset.size(), runs.length.size()), "runOffset or runLength")) return runs;
  runs.from = from;
  runs.count = to - from;
  return runs;
}

/** Throws what ended a batch early, unless it is `corrupt` or `full`, which are results. */
bool refuse_row(arguments& in, const batch_end& end) {
  if (end.why != stop::bad_page && end.why != stop::bad_range) return false;
  char name[48];
  std::snprintf(name, sizeof name, "row %zu", end.row);
  in.refuse(name, end.why == stop::bad_page ? "names no page" : "reaches beyond its columns or bytes");
  return true;
}

delta_columns read_deltas(arguments& in, std::size_t position) {
  const auto run_start = in.u32(position, "runStart");
  const auto run_offset = in.u32(position + 1, "runOffset");
  const auto run_length = in.u32(position + 2, "runLength");
  const auto payload_start = in.u32(position + 3, "payloadStart");
  const auto payload = in.u8(position + 4, "payload");
  const std::uint64_t from = in.integer(position + 5, "from");
  const std::uint64_t to = in.integer(position + 6, "to");
  in.rows(from, to, payload_start.size(), "payloadStart");
  // an empty batch needs no columns at all
  if (from < to) in.rows(from, to, run_start.empty() ? 0 : run_start.size() - 1, "runStart");
  return {run_start.data(),   run_start.size(), run_offset.data(), run_length.data(), std::min(run_offset.size(), run_length.size()),
          payload_start.data(), payload};
}

napi_value encode_runs_(napi_env env, napi_callback_info info) {
  arguments in(env, info, "encodeRuns");
  const run_rows runs = read_runs(in, 0);
  const auto out = in.u8(4, "out");
  const std::uint64_t at = in.integer(5, "at");
  if (!in.ok() || !in.within(at, run_section_bound(runs.count), out.size(), "out")) return nullptr;
  return in.number(static_cast<double>(
      at + encode_runs(runs.offset.data() + runs.from, runs.length.data() + runs.from, runs.count, out.data() + at)));
}

napi_value run_count_(napi_env env, napi_callback_info info) {
  arguments in(env, info, "runCount");
  const auto bytes = in.u8(0, "bytes");
  const std::uint64_t start = in.integer(1, "start");
  const std::uint64_t end = in.integer(2, "end");
  if (!in.rows(start, end, bytes.size(), "bytes")) return nullptr;
  return in.number(static_cast<double>(run_count(bytes.data(), start, end)));
}

napi_value decode_runs_(napi_env env, napi_callback_info info) {
  arguments in(env, info, "decodeRuns");
  const auto bytes = in.u8(0, "bytes");
  const std::uint64_t start = in.integer(1, "start");
  const std::uint64_t end = in.integer(2, "end");
  const auto offset = in.u32(3, "runOffset");
  const auto length = in.u32(4, "runLength");
  if (!in.rows(start, end, bytes.size(), "bytes")) return nullptr;
  const run_columns out{offset.data(), length.data(), std::min(offset.size(), length.size())};
  return in.number(static_cast<double>(decode_runs(bytes.data(), start, end, out)));
}

napi_value apply_body_(napi_env env, napi_callback_info info) {
  arguments in(env, info, "applyBody");
  const auto bytes = in.u8(0, "bytes");
  const std::uint64_t start = in.integer(1, "start");
  const std::uint64_t end = in.integer(2, "end");
  const auto page = in.u8(3, "page");
  const std::uint64_t page_at = in.integer(4, "pageAt");
  const std::uint64_t page_size = in.integer(5, "pageSize");
  if (!in.rows(start, end, bytes.size(), "bytes") || !in.within(page_at, page_size, page.size(), "page"))
    return nullptr;
  return in.number(static_cast<double>(apply_body(bytes.data(), start, end, page.data() + page_at, page_size)));
}

napi_value apply_bodies_(napi_env env, napi_callback_info info) {
  arguments in(env, info, "applyBodies");
  std::vector<std::span<std::uint8_t>> memory;
  const page_spans pages = in.pages(6, memory);
  const auto bytes = in.u8(0, "bytes");
  const auto start = in.u32(1, "bodyStart");
  const auto length = in.u32(2, "bodyLength");
  const auto slot = in.u32(3, "slot");
  const std::uint64_t from = in.integer(4, "from");
  const std::uint64_t to = in.integer(5, "to");
  if (!in.rows(from, to, std::min({start.size(), length.size(), slot.size()}), "bodyStart, bodyLength or slot"))
    return nullptr;
  const batch_end end = apply_bodies({bytes, start.data(), length.data(), slot.data()}, from, to, pages);
  if (refuse_row(in, end)) return nullptr;
  const auto row = static_cast<double>(end.row);
  return in.number(end.why == stop::corrupt ? -row - 1 : row);
}

napi_value encode_bodies_(napi_env env, napi_callback_info info) {
  arguments in(env, info, "encodeBodies");
  const delta_columns deltas = read_deltas(in, 0);
  const std::uint64_t from = in.integer(5, "from");
  const std::uint64_t to = in.integer(6, "to");
  const auto out = in.u8(7, "out");
  const std::uint64_t at = in.integer(8, "at");
  const std::uint64_t limit = in.integer(9, "limit");
  const auto body_length = in.u32(10, "bodyLength");
  const std::uint64_t body_row = in.integer(11, "bodyRow");
  if (!in.rows(at, limit, out.size(), "out") || !in.within(body_row, to - from, body_length.size(), "bodyLength"))
    return nullptr;
  const batch_end end = encode_bodies(deltas, from, to, out.subspan(at, limit - at), body_length.data() + body_row);
  if (refuse_row(in, end)) return nullptr;
  return in.number(static_cast<double>(end.row));
}

napi_value apply_runs_(napi_env env, napi_callback_info info) {
  arguments in(env, info, "applyRuns");
  const run_rows runs = read_runs(in, 0);
  const auto payload = in.u8(4, "payload");
  const std::uint64_t payload_at = in.integer(5, "payloadAt");
  const auto page = in.u8(6, "page");
  const std::uint64_t page_at = in.integer(7, "pageAt");
  const std::uint64_t page_size = in.integer(8, "pageSize");
  if (!in.within(payload_at, 0, payload.size(), "payload") || !in.within(page_at, page_size, page.size(), "page"))
    return nullptr;
  const std::int64_t written = apply_runs(runs.offset.data() + runs.from, runs.length.data() + runs.from, runs.count,
                                          payload.subspan(payload_at), page.subspan(page_at, page_size));
  if (written == too_short) in.refuse("payload", "is shorter than the runs");
  return in.ok() ? in.number(static_cast<double>(written)) : nullptr;
}

napi_value apply_deltas_(napi_env env, napi_callback_info info) {
  arguments in(env, info, "applyDeltas");
  std::vector<std::span<std::uint8_t>> memory;
  const page_spans pages = in.pages(8, memory);
  const auto slot = in.u32(0, "slot");
  const delta_columns deltas = read_deltas(in, 1);
  const std::uint64_t from = in.integer(6, "from");
  const std::uint64_t to = in.integer(7, "to");
  if (!in.rows(from, to, slot.size(), "slot")) return nullptr;
  const batch_end end = apply_deltas(deltas, slot.data(), from, to, pages);
  if (refuse_row(in, end)) return nullptr;
  return in.number(static_cast<double>(end.bytes));
}

napi_value blend_pages_(napi_env env, napi_callback_info info) {
  arguments in(env, info, "blendPages");
  std::vector<std::span<std::uint8_t>> memory;
  const page_spans pages = in.pages(6, memory);
  const auto mask = in.u32(0, "mask");
  const auto values = in.u32(1, "values");
  const auto page = in.u32(2, "page");
  const std::uint64_t from = in.integer(3, "from");
  const std::uint64_t to = in.integer(4, "to");
  const std::uint64_t flag_bits = in.integer(5, "flagBits", 8);
  if (flag_bits != 1 && flag_bits != 8) in.refuse("flagBits", "is neither 1 nor 8");
  if (!in.rows(from, to, std::min({mask.size(), values.size(), page.size()}), "mask, values or page")) return nullptr;
  if (refuse_row(in, blend_pages({mask.data(), values.data(), page.data()}, from, to, flag_bits == 1, pages))) return nullptr;
  return in.undefined();
}

napi_value gather_runs_(napi_env env, napi_callback_info info) {
  arguments in(env, info, "gatherRuns");
  const run_rows runs = read_runs(in, 0);
  const auto page = in.u8(4, "page");
  const std::uint64_t page_at = in.integer(5, "pageAt");
  const auto out = in.u8(6, "out");
  const std::uint64_t at = in.integer(7, "at");
  if (!in.within(page_at, 0, page.size(), "page") || !in.within(at, 0, out.size(), "out")) return nullptr;
  const std::int64_t bytes = gather_runs(runs.offset.data() + runs.from, runs.length.data() + runs.from, runs.count,
                                         page.subspan(page_at), out.subspan(at));
  if (bytes == too_short) in.refuse("page or out", "is shorter than the runs");
  return in.ok() ? in.number(static_cast<double>(at + static_cast<std::uint64_t>(bytes))) : nullptr;
}

napi_value check_deltas_(napi_env env, napi_callback_info info) {
  arguments in(env, info, "checkDeltas");
  const auto slot = in.u32(0, "slot");
  const auto source = in.u32(1, "source");
  const auto cause = in.f64(2, "cause");
  const auto run_start = in.u32(3, "runStart");
  const auto run_offset = in.u32(4, "runOffset");
  const auto run_length = in.u32(5, "runLength");
  const std::uint64_t to = in.integer(6, "count");
  const auto state = in.u8(7, "state");
  const auto size = in.u32(8, "size");
  const auto sources = static_cast<std::uint32_t>(in.integer(9, "sourceCount"));
  const std::uint64_t last_lsn = in.integer(10, "lastLsn", 9007199254740991);
  in.rows(0, to, std::min({slot.size(), source.size(), cause.size()}), "slot, source or cause");
  if (to > 0) in.rows(0, to, run_start.empty() ? 0 : run_start.size() - 1, "runStart");
  if (!in.ok()) return nullptr;
  const delta_columns deltas{run_start.data(), run_start.size(), run_offset.data(), run_length.data(),
                             std::min(run_offset.size(), run_length.size()), nullptr, {}};
  return in.number(static_cast<double>(check_deltas(deltas, slot.data(), source.data(), cause.data(), 0, to,
                                                    {state, size, sources, static_cast<double>(last_lsn)})));
}

napi_value raise_epochs_(napi_env env, napi_callback_info info) {
  arguments in(env, info, "raiseEpochs");
  const auto slot = in.u32(0, "slot");
  const std::uint64_t count = in.integer(1, "count");
  const auto epoch = in.f64(2, "epoch");
  const auto changed = in.u32(3, "changed");
  const auto stamp = static_cast<std::uint32_t>(in.integer(4, "stamp"));
  const auto row_epoch = in.f64(5, "rowEpoch");
  if (!in.rows(0, count, std::min(slot.size(), row_epoch.size()), "slot or rowEpoch")) return nullptr;
  return in.number(static_cast<double>(raise_epochs(slot.data(), 0, count, epoch, changed, stamp, row_epoch.data())));
}

}  // namespace

std::span<const entry> run_functions() noexcept {
  static constexpr entry entries[] = {
      {"encodeRuns", guarded<encode_runs_>},     {"runCount", guarded<run_count_>},
      {"decodeRuns", guarded<decode_runs_>},     {"applyBody", guarded<apply_body_>},
      {"applyBodies", guarded<apply_bodies_>},   {"encodeBodies", guarded<encode_bodies_>},
      {"applyRuns", guarded<apply_runs_>},       {"applyDeltas", guarded<apply_deltas_>},
      {"gatherRuns", guarded<gather_runs_>},     {"checkDeltas", guarded<check_deltas_>},
      {"raiseEpochs", guarded<raise_epochs_>},   {"blendPages", guarded<blend_pages_>},
  };
  return entries;
}

}  // namespace mmsb::binding
