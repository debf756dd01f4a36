#include "arguments.hpp"
#include "functions.hpp"
#include "mmsb/replay.hpp"

namespace mmsb::binding {
namespace {

napi_value replay_block_(napi_env env, napi_callback_info info) {
  arguments in(env, info, "replayBlock");
  std::vector<std::span<std::uint8_t>> memory;
  replay_target target{};
  target.pages = in.pages(0, memory);
  const auto block = in.u8(4, "block");
  const std::uint64_t size = in.integer(5, "sizeBytes");
  const std::uint64_t count = in.integer(6, "count");
  const std::uint64_t first_lsn = in.integer(7, "firstLsn", 9007199254740991);
  const auto passed = in.u8(8, "passed");
  target.slots = in.u32(9, "slots");
  target.epoch = in.f64(10, "epoch");
  target.changed = in.u32(11, "changed");
  target.stamp = static_cast<std::uint32_t>(in.integer(12, "stamp"));
  const auto out = in.u32(13, "out");
  if (!in.within(0, size, block.size(), "block") || !in.within(0, 256, passed.size(), "passed") ||
      !in.within(0, 1, out.size(), "out"))
    return nullptr;
  const replay_end end = replay_block(block.first(size), static_cast<std::uint32_t>(count), first_lsn,
                                      std::span<const std::uint8_t, 256>(passed.first(256)), target);
  out[0] = end.deltas;
  return in.number(end.row);
}

}  // namespace

std::span<const entry> replay_functions() noexcept {
  static constexpr entry entries[] = {{"replayBlock", guarded<replay_block_>}};
  return entries;
}

}  // namespace mmsb::binding
