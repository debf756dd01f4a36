// The CUDA library (native/cuda), found and loaded while the program runs: the addon itself knows neither CUDA nor a driver.
#pragma once

#include <string>

#include "mmsb/cuda.h"

namespace mmsb::binding {

#define MMSB_CUDA_FUNCTIONS(F)                                                                                          \
  F(probe_driver) F(describe) F(open) F(close) F(page_create) F(page_free) F(page_migrate) F(page_map) F(page_prefetch) \
  F(page_advise) F(register) F(unregister) F(write) F(read) F(synchronize) F(zero) F(clone) F(copy_ranges) F(scatter)   \
  F(gather) F(merge) F(apply) F(diff) F(crc32c) F(sha256) F(graph) F(set_cause) F(stats_read) F(pool_map) F(events_take) \
  F(provoke_fault)

/** The library's functions by name. Loaded once a process and never let go: its worker threads and the driver's may outlive any caller. */
struct cuda_library {
#define MMSB_DECLARE(name) decltype(&mmsb_cuda_##name) name##_ = nullptr;
  MMSB_CUDA_FUNCTIONS(MMSB_DECLARE)
#undef MMSB_DECLARE
};

/** Null, and why in `reason`, where the file cannot be loaded or is not this library. A second call with success before gives the same one. */
const cuda_library* load_cuda(const char* path, std::string& reason);

}  // namespace mmsb::binding
