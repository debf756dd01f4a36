// The addon's table of contents. Node-API 8: one binary for Node and Electron, loadable in any number of workers at once.
#include "arguments.hpp"
#include "functions.hpp"
#include "mmsb/cpu.hpp"

namespace mmsb::binding {
namespace {

/** Rises with any change to what the addon exports; engine/accel/native-addon.ts holds the same number. */
constexpr int interface_version = 11;

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

void add(napi_env env, napi_value exports, std::span<const entry> entries) {
  for (const entry& one : entries) {
    napi_value function = nullptr;
    napi_create_function(env, one.name, NAPI_AUTO_LENGTH, one.callback, nullptr, &function);
    napi_set_named_property(env, exports, one.name, function);
  }
}

Napi::Object exports_of(Napi::Env env, Napi::Object exports) {
  // Belongs to the environment and goes with it.
  napi_set_instance_data(
      env, new instance(), [](napi_env, void* data, void*) { delete static_cast<instance*>(data); }, nullptr);
  static constexpr entry own[] = {{"initialize", initialize}};
  for (const auto group : {std::span<const entry>(own), checksum_functions(), column_functions(), file_functions(), index_functions(), run_functions(), kernel_functions(),
                           mask_functions(), memory_functions(), page_functions(), staging_functions()})
    add(env, exports, group);
  Napi::Object cuda = Napi::Object::New(env);
  add(env, cuda, cuda_functions());
  exports.Set("cuda", cuda);
  exports.Set("interfaceVersion", Napi::Number::New(env, interface_version));
  const cpu_features& has = cpu();
  exports.Set("features", Napi::String::New(env, std::string(has.avx512 ? "avx512 " : "") + (has.avx2 ? "avx2 " : "") + (has.crc32 ? "crc32" : "")));
  return exports;
}

}  // namespace
}  // namespace mmsb::binding

static Napi::Object init(Napi::Env env, Napi::Object exports) { return mmsb::binding::exports_of(env, exports); }

NODE_API_MODULE(mmsb, init)
