// What the addon exports, in groups; each entry is a function of engine/accel/native-functions.ts.
#pragma once

#include <napi.h>

#include <span>

namespace mmsb::binding {

struct entry {
  const char* name;
  napi_callback callback;
};

std::span<const entry> checksum_functions() noexcept;
std::span<const entry> column_functions() noexcept;
std::span<const entry> file_functions() noexcept;
std::span<const entry> run_functions() noexcept;
std::span<const entry> index_functions() noexcept;
std::span<const entry> kernel_functions() noexcept;
std::span<const entry> mask_functions() noexcept;
std::span<const entry> memory_functions() noexcept;
std::span<const entry> number_functions() noexcept;
std::span<const entry> page_functions() noexcept;
std::span<const entry> replay_functions() noexcept;
std::span<const entry> staging_functions() noexcept;
/** Of the object `cuda` in the exports: engine/accel/cuda-functions.ts. */
std::span<const entry> cuda_functions() noexcept;

}  // namespace mmsb::binding
