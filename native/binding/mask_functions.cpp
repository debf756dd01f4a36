// Masks, images and plain copies: argument order as in engine/accel/accel.ts.
#include <cstring>

#include "arguments.hpp"
#include "functions.hpp"
#include "mmsb/copy.hpp"
#include "mmsb/masks.hpp"

namespace mmsb::binding {
namespace {

napi_value copy_bytes_(napi_env env, napi_callback_info info) {
  arguments in(env, info, "copyBytes");
  const auto from = in.u8(0, "from");
  const std::uint64_t from_at = in.integer(1, "fromAt");
  const auto to = in.u8(2, "to");
  const std::uint64_t to_at = in.integer(3, "toAt");
  const std::uint64_t length = in.integer(4, "length");
  if (!in.within(from_at, length, from.size(), "from") || !in.within(to_at, length, to.size(), "to")) return nullptr;
  if (length > 0) copy_bytes(to.data() + to_at, from.data() + from_at, length);
  return in.undefined();
}

napi_value zero_bytes_(napi_env env, napi_callback_info info) {
  arguments in(env, info, "zeroBytes");
  const auto bytes = in.u8(0, "bytes");
  const std::uint64_t start = in.integer(1, "start");
  const std::uint64_t end = in.integer(2, "end");
  if (!in.rows(start, end, bytes.size(), "bytes")) return nullptr;
  if (start < end) std::memset(bytes.data() + start, 0, end - start);
  return in.undefined();
}

/** Columns that runs are appended to, from row `count` on: three arguments. */
run_columns read_out(arguments& in, std::size_t position, std::uint64_t& count) {
  const auto offset = in.u32(position, "runOffset");
  const auto length = in.u32(position + 1, "runLength");
  count = in.integer(position + 2, "count");
  return {offset.data(), length.data(), std::min(offset.size(), length.size())};
}

napi_value diff_images_(napi_env env, napi_callback_info info) {
  arguments in(env, info, "diffImages");
  const auto before = in.u8(0, "before");
  const std::uint64_t before_at = in.integer(1, "beforeAt");
  const auto after = in.u8(2, "after");
  const std::uint64_t after_at = in.integer(3, "afterAt");
  const std::uint64_t from = in.integer(4, "from");
  const std::uint64_t to = in.integer(5, "to");
  std::uint64_t count = 0;
  const run_columns out = read_out(in, 6, count);
  if (!in.within(before_at, to, before.size(), "before") || !in.within(after_at, to, after.size(), "after"))
    return nullptr;
  return in.number(static_cast<double>(
      diff_images(before.data() + before_at, after.data() + after_at, from, to, out, count)));
}

napi_value mask_to_runs_(napi_env env, napi_callback_info info) {
  arguments in(env, info, "maskToRuns");
  const auto mask = in.u8(0, "mask");
  const std::uint64_t mask_at = in.integer(1, "maskAt");
  const std::uint64_t from = in.integer(2, "from");
  const std::uint64_t to = in.integer(3, "to");
  std::uint64_t count = 0;
  const run_columns out = read_out(in, 4, count);
  if (!in.within(mask_at, to, mask.size(), "mask")) return nullptr;
  return in.number(static_cast<double>(mask_to_runs(mask.data() + mask_at, from, to, out, count)));
}

napi_value bits_to_runs_(napi_env env, napi_callback_info info) {
  arguments in(env, info, "bitsToRuns");
  const auto bits = in.u8(0, "bits");
  const std::uint64_t bits_at = in.integer(1, "bitsAt");
  const std::uint64_t from = in.integer(2, "from");
  const std::uint64_t to = in.integer(3, "to");
  std::uint64_t count = 0;
  const run_columns out = read_out(in, 4, count);
  if (!in.within(bits_at, (to + 7) / 8, bits.size(), "bits")) return nullptr;
  return in.number(static_cast<double>(bits_to_runs(bits.data() + bits_at, from, to, out, count)));
}

napi_value runs_to_flags(arguments& in, bool as_bits) {
  const auto offset = in.u32(0, "runOffset");
  const auto length = in.u32(1, "runLength");
  const std::uint64_t from = in.integer(2, "from");
  const std::uint64_t to = in.integer(3, "to");
  const auto mask = in.u8(4, as_bits ? "bits" : "mask");
  const std::uint64_t at = in.integer(5, as_bits ? "bitsAt" : "maskAt");
  const std::uint64_t flags = in.integer(6, "length");
  if (!in.rows(from, to, std::min(offset.size(), length.size()), "runOffset or runLength") ||
      !in.within(at, as_bits ? (flags + 7) / 8 : flags, mask.size(), as_bits ? "bits" : "mask"))
    return nullptr;
  if (flags == 0) return in.undefined();
  if (as_bits) {
    runs_to_bits(offset.data() + from, length.data() + from, to - from, mask.data() + at, flags);
  } else {
    runs_to_mask(offset.data() + from, length.data() + from, to - from, mask.data() + at, flags);
  }
  return in.undefined();
}

napi_value runs_to_mask_(napi_env env, napi_callback_info info) {
  arguments in(env, info, "runsToMask");
  return runs_to_flags(in, false);
}

napi_value runs_to_bits_(napi_env env, napi_callback_info info) {
  arguments in(env, info, "runsToBits");
  return runs_to_flags(in, true);
}

}  // namespace

std::span<const entry> mask_functions() noexcept {
  static constexpr entry entries[] = {
      {"copyBytes", guarded<copy_bytes_>},     {"zeroBytes", guarded<zero_bytes_>},
      {"diffImages", guarded<diff_images_>},   {"maskToRuns", guarded<mask_to_runs_>},
      {"bitsToRuns", guarded<bits_to_runs_>},  {"runsToMask", guarded<runs_to_mask_>},
      {"runsToBits", guarded<runs_to_bits_>},
  };
  return entries;
}

}  // namespace mmsb::binding
