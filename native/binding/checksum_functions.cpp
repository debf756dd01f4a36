#include "arguments.hpp"
#include "functions.hpp"
#include "mmsb/crc32c.hpp"

namespace mmsb::binding {
namespace {

napi_value crc32c_(napi_env env, napi_callback_info info) {
  arguments in(env, info, "crc32c");
  const auto bytes = in.u8(0, "bytes");
  const auto seed = static_cast<std::uint32_t>(in.integer_or(1, "seed", 0));
  if (!in.ok()) return nullptr;
  return in.number(crc32c(bytes.data(), bytes.size(), seed));
}

}  // namespace

std::span<const entry> checksum_functions() noexcept {
  static constexpr entry entries[] = {{"crc32c", guarded<crc32c_>}};
  return entries;
}

}  // namespace mmsb::binding
