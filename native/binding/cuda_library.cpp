#include "cuda_library.hpp"

#if !defined(_WIN32)
#include <dlfcn.h>
#endif

#include <mutex>

namespace mmsb::binding {

const cuda_library* load_cuda(const char* path, std::string& reason) {
#if defined(_WIN32)
  static_cast<void>(path);
  reason = "loading it is not supported on this system";
  return nullptr;
#else
  static std::mutex guard;
  static cuda_library loaded;
  static bool is_loaded = false;
  const std::lock_guard<std::mutex> held(guard);
  if (is_loaded) return &loaded;
  void* file = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (file == nullptr) {
    const char* said = dlerror();
    reason = said != nullptr ? said : "it could not be loaded";
    return nullptr;
  }
  cuda_library found;
#define MMSB_FIND(name)                                                                              \
  found.name##_ = reinterpret_cast<decltype(found.name##_)>(dlsym(file, "mmsb_cuda_" #name));        \
  if (found.name##_ == nullptr) {                                                                    \
    reason = std::string(path) + " has no mmsb_cuda_" #name ": it is not the library, or an older one"; \
    dlclose(file);                                                                                   \
    return nullptr;                                                                                  \
  }
  MMSB_CUDA_FUNCTIONS(MMSB_FIND)
#undef MMSB_FIND
  mmsb_cuda_probe probe{};
  mmsb_cuda_error error{};
  found.probe_driver_(&probe, &error);
  if (probe.abi != MMSB_CUDA_ABI) {
    reason = std::string(path) + " was built for another version of the addon";
    dlclose(file);
    return nullptr;
  }
  loaded = found;
  is_loaded = true;
  return &loaded;
#endif
}

}  // namespace mmsb::binding
