#include "arguments.hpp"
#include "functions.hpp"
#include "mmsb/memory.hpp"

namespace mmsb::binding {
namespace {

napi_value prefer_large_pages_(napi_env env, napi_callback_info info) {
  arguments in(env, info, "preferLargePages");
  const auto bytes = in.u8(0, "bytes");
  if (!in.ok()) return nullptr;
  return in.number(static_cast<double>(prefer_large_pages(bytes.data(), bytes.size())));
}

}  // namespace

std::span<const entry> memory_functions() noexcept {
  static constexpr entry entries[] = {{"preferLargePages", guarded<prefer_large_pages_>}};
  return entries;
}

}  // namespace mmsb::binding
