// The addon's table of contents. Node-API 8: one binary for Node and Electron, loadable in any number of workers at once.
#include <algorithm>
#include <array>
#include <new>
#include <string_view>

#include "arguments.hpp"
#include "functions.hpp"
#include "mmsb/cpu.hpp"
#include "mmsb/memory.hpp"

namespace mmsb::binding {
namespace {

/** Rises with any change to what the addon exports; engine/accel/native-addon.ts holds the same number. */
constexpr int interface_version = 18;

napi_value initialize(napi_env env, napi_callback_info info) noexcept {
  arguments in(env, info, "initialize");
  napi_valuetype type{};
  if (in.value(0) == nullptr || napi_typeof(env, in.value(0), &type) != napi_ok || type != napi_function) {
    in.refuse("makeError", "is not a function");
    return nullptr;
  }
  void* data = nullptr;
  if (napi_get_instance_data(env, &data) != napi_ok || data == nullptr) return nullptr;
  auto* mine = static_cast<instance*>(data);
  if (mine->make_error != nullptr) napi_delete_reference(env, mine->make_error);
  mine->make_error = nullptr;
  napi_create_reference(env, in.value(0), 1, &mine->make_error);
  return in.undefined();
}

void add(napi_env env, napi_value exports, std::span<const entry> entries) noexcept {
  for (const entry& one : entries) {
    napi_value function = nullptr;
    if (napi_create_function(env, one.name, NAPI_AUTO_LENGTH, one.callback, nullptr, &function) == napi_ok)
      napi_set_named_property(env, exports, one.name, function);
  }
}

/**
 * Fills in what `require` returns. Nothing here throws: a worker may be terminated while it loads the addon, and then every call of Node-API fails, those that would
 * report an exception too. Whoever loads it finds no interface version, or is gone.
 */
napi_value fill(napi_env env, napi_value exports) noexcept {
  // Belongs to the environment and goes with it.
  auto* mine = new (std::nothrow) instance();
  if (mine == nullptr ||
      napi_set_instance_data(
          env, mine, [](napi_env, void* data, void*) { delete static_cast<instance*>(data); }, nullptr) != napi_ok) {
    delete mine;
    return exports;
  }
  static constexpr entry own[] = {{"initialize", initialize}};
  for (const auto group : {std::span<const entry>(own), checksum_functions(), column_functions(), file_functions(), index_functions(), run_functions(), kernel_functions(),
                           mask_functions(), memory_functions(), number_functions(), page_functions(), replay_functions(), staging_functions()})
    add(env, exports, group);
  napi_value cuda = nullptr;
  if (napi_create_object(env, &cuda) != napi_ok) return exports;
  add(env, cuda, cuda_functions());
  napi_set_named_property(env, exports, "cuda", cuda);
  const cpu_features& has = cpu();
  const std::string_view features[] = {has.avx512 ? "avx512 " : "", has.avx2 ? "avx2 " : "", has.crc32 ? "crc32" : ""};
  std::array<char, 32> text{};
  std::size_t length = 0;
  for (const std::string_view feature : features) {
    std::copy(feature.begin(), feature.end(), text.begin() + length);
    length += feature.size();
  }
  napi_value named = nullptr;
  if (napi_create_string_utf8(env, text.data(), length, &named) == napi_ok) napi_set_named_property(env, exports, "features", named);
  napi_value large_pages = nullptr;
  if (napi_create_uint32(env, static_cast<std::uint32_t>(large_page_bytes), &large_pages) == napi_ok)
    napi_set_named_property(env, exports, "largePageBytes", large_pages);
  napi_value version = nullptr;
  if (napi_create_int32(env, interface_version, &version) == napi_ok)
    napi_set_named_property(env, exports, "interfaceVersion", version);
  return exports;
}

}  // namespace
}  // namespace mmsb::binding

NAPI_MODULE_INIT() { return mmsb::binding::fill(env, exports); }
