#include "mmsb/index.hpp"

#include <algorithm>
#include <vector>

#include "arguments.hpp"
#include "functions.hpp"

namespace mmsb::binding {
namespace {

/** Lines of engine/log/index/run-slots.ts, given as words. */
std::span<run_slot> slots_of(arguments& in, std::size_t position) {
  const auto words = in.u32(position, "slots");
  if (reinterpret_cast<std::uintptr_t>(words.data()) % alignof(run_slot) != 0) in.refuse("slots", "is not aligned");
  return {reinterpret_cast<run_slot*>(words.data()), words.size() * sizeof(std::uint32_t) / sizeof(run_slot)};
}

napi_value note_deltas_(napi_env env, napi_callback_info info) {
  arguments in(env, info, "noteDeltas");
  const auto slot = in.u32(0, "slot");
  const auto epoch = in.f64(1, "epoch");
  const auto body_start = in.u32(2, "bodyStart");
  const auto body_length = in.u32(3, "bodyLength");
  const auto bytes = in.u8(4, "bytes");
  const std::uint64_t from = in.integer(5, "from");
  const std::uint64_t to = in.integer(6, "to");
  const page_tables pages{in.u32(7, "life"), in.f64(8, "until"), in.f64(9, "slotEpoch"), in.u32(10, "slotGaps"),
                          in.u32(11, "slotUncertain")};
  const auto slots = slots_of(in, 12);
  const auto touched = in.u32(13, "touched");
  const auto touched_count = in.u32(14, "touchedCount");
  const auto out_slot = in.u32(15, "deltaSlot");
  const auto out_offset = in.u32(16, "deltaOffset");
  const auto out_epoch = in.f64(17, "deltaEpoch");
  const auto out_start = in.u32(18, "deltaStart");
  const auto out_length = in.u32(19, "deltaLength");
  const std::uint64_t at = in.integer(20, "at");
  const auto stamp = static_cast<std::uint32_t>(in.integer(21, "stamp"));
  const auto gaps_passed = static_cast<std::uint32_t>(in.integer(22, "gapsPassed"));
  const auto offset = static_cast<std::uint32_t>(in.integer(23, "offset"));
  const auto shift = static_cast<std::uint32_t>(in.integer(24, "shift"));
  const auto state = static_cast<std::uint32_t>(in.integer(25, "state"));
  const std::size_t rows = std::min({slot.size(), epoch.size(), body_start.size(), body_length.size()});
  if (!in.rows(from, to, rows, "slot") || !in.within(0, 1, touched_count.size(), "touchedCount")) return nullptr;
  const run_deltas out{out_slot.data(), out_offset.data(), out_epoch.data(), out_start.data(), out_length.data(),
                       std::min({out_slot.size(), out_offset.size(), out_epoch.size(), out_start.size(), out_length.size()})};
  std::uint32_t count = touched_count[0];
  const rows_end end = note_deltas({slot.data(), epoch.data(), body_start.data(), body_length.data(), bytes}, from, to, pages,
                                   slots, touched, count, out, at, {stamp, state, gaps_passed, offset, shift});
  touched_count[0] = count;
  if (end.is_bad) {
    in.refuse("bytes", "is too short for its rows");
    return nullptr;
  }
  return in.number(static_cast<double>(end.row));
}

napi_value sort_deltas_(napi_env env, napi_callback_info info) {
  arguments in(env, info, "sortDeltas");
  const auto slot = in.u32(0, "slot");
  const auto epoch = in.f64(1, "epoch");
  const std::uint64_t from = in.integer(2, "from");
  const std::uint64_t to = in.integer(3, "to");
  const auto slots = slots_of(in, 4);
  const auto rows = in.u32(5, "rows");
  const auto epochs = in.f64(6, "epochs");
  if (!in.rows(from, to, std::min(slot.size(), epoch.size()), "slot")) return nullptr;
  if (sort_deltas(slot.data(), epoch.data(), from, to, slots, rows, epochs).is_bad) {
    in.refuse("slots", "names places that are not there");
    return nullptr;
  }
  return in.undefined();
}

napi_value gather_bodies_(napi_env env, napi_callback_info info) {
  arguments in(env, info, "gatherBodies");
  const auto rows = in.u32(0, "rows");
  const std::uint64_t from = in.integer(1, "from");
  const std::uint64_t to = in.integer(2, "to");
  const auto offset = in.u32(3, "offset");
  const auto start = in.u32(4, "start");
  const auto length = in.u32(5, "length");
  const auto bytes = in.u8(6, "bytes");
  const auto cluster = in.u8(7, "cluster");
  std::uint64_t at = in.integer(8, "at");
  const auto delta_offset = in.u32(9, "deltaOffset");
  const auto delta_body = in.u32(10, "deltaBody");
  if (!in.rows(from, to, std::min({rows.size(), delta_offset.size(), delta_body.size()}), "rows") ||
      !in.within(at, 0, cluster.size(), "cluster"))
    return nullptr;
  const run_bodies bodies{offset.data(), start.data(), length.data(), std::min({offset.size(), start.size(), length.size()}),
                          bytes};
  if (gather_bodies(rows, from, to, bodies, cluster, at, delta_offset.data(), delta_body.data()).is_bad) {
    in.refuse("rows", "names bodies that are not there or have no room");
    return nullptr;
  }
  return in.number(static_cast<double>(at));
}

napi_value replay_pages_(napi_env env, napi_callback_info info) {
  arguments in(env, info, "replayPages");
  std::vector<std::span<std::uint8_t>> memory;
  const page_spans pages = in.pages(0, memory);
  const auto held = in.u32(4, "held");
  const std::uint64_t from = in.integer(5, "from");
  const auto row_slot = in.u32(6, "rowSlot");
  const auto row_delta = in.u32(7, "rowDelta");
  const auto row_key = in.u32(8, "rowKey");
  const auto delta_offset = in.u32(9, "deltaOffset");
  const auto delta_body = in.u32(10, "deltaBody");
  const auto cluster = in.u8(11, "cluster");
  const page_lives lives{in.u32(12, "slotLife"), in.f64(13, "slotSinceKey"), in.u32(14, "slotRunsSinceKey"),
                         in.f64(15, "lifeFrom"), in.f64(16, "lifeUntil"),    in.f64(17, "lifeSize")};
  keyframes out{in.u8(18, "keyBytes"), in.u32(19, "keyOffset"), in.f64(20, "keyAt"), 0, 0, 0, 0};
  const auto settings = in.f64(21, "settings");
  const auto made = in.u32(22, "made");
  if (!in.within(0, 7, settings.size(), "settings") || !in.within(0, 2, made.size(), "made") ||
      !in.rows(from, row_slot.size(), std::min(row_slot.size(), row_key.size()), "rowSlot") ||
      !in.within(0, row_slot.size() + 1, row_delta.size(), "rowDelta") ||
      !in.within(0, delta_offset.size() + 1, delta_body.size(), "deltaBody"))
    return nullptr;
  // a number that is none becomes no keys and no place
  if (settings[1] >= 0 && settings[1] <= 4294967295.0) out.keys_before = static_cast<std::uint32_t>(settings[1]);
  out.bytes_at = settings[2];
  const rows_end end = replay_pages({settings[0], row_slot, row_delta, delta_offset, delta_body, cluster}, from, row_key, lives,
                                    pages, held, {settings[3], settings[4], settings[5]}, settings[6], out);
  made[0] = static_cast<std::uint32_t>(out.count);
  made[1] = static_cast<std::uint32_t>(out.used);
  if (end.is_bad) {
    in.refuse("rowDelta", "names deltas that are not there, or are corrupt");
    return nullptr;
  }
  return in.number(static_cast<double>(end.row));
}

}  // namespace

std::span<const entry> index_functions() noexcept {
  static constexpr entry entries[] = {{"noteDeltas", guarded<note_deltas_>},
                                      {"sortDeltas", guarded<sort_deltas_>},
                                      {"gatherBodies", guarded<gather_bodies_>},
                                      {"replayPages", guarded<replay_pages_>}};
  return entries;
}

}  // namespace mmsb::binding
