// What the addon exports, one callback a function of engine/accel/accel.ts.
#pragma once

#include <napi.h>

namespace mmsb::binding {

napi_value crc32c(napi_env env, napi_callback_info info) noexcept;

}  // namespace mmsb::binding
