#include "arguments.hpp"
#include "functions.hpp"
#include "mmsb/crc32c.hpp"

namespace mmsb::binding {

napi_value crc32c(napi_env env, napi_callback_info info) noexcept {
  arguments in(env, info, "crc32c");
  const auto bytes = in.u8(0, "bytes");
  const auto seed = static_cast<std::uint32_t>(in.integer_or(1, "seed", 0));
  if (!in.ok()) return nullptr;
  return in.number(mmsb::crc32c(bytes.data(), bytes.size(), seed));
}

}  // namespace mmsb::binding
