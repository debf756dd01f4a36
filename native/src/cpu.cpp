#include "mmsb/cpu.hpp"

namespace mmsb {

const cpu_features& cpu() noexcept {
  static const cpu_features features = [] {
    cpu_features found;
#if defined(__x86_64__)
    __builtin_cpu_init();
    found.avx2 = __builtin_cpu_supports("avx2");
    found.crc32 = __builtin_cpu_supports("sse4.2") && __builtin_cpu_supports("pclmul");
    found.bmi2 = __builtin_cpu_supports("bmi2");
#endif
    return found;
  }();
  return features;
}

}  // namespace mmsb
