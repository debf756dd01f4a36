#include "mmsb/cpu.hpp"

#include <cstdlib>
#include <string_view>

namespace mmsb {

const cpu_features& cpu() noexcept {
  static const cpu_features features = [] {
    cpu_features found;
#if defined(__x86_64__)
    const char* const most = std::getenv("MMSB_CPU");
    const std::string_view limit = most == nullptr ? "" : most;
    if (limit == "portable") return found;
    __builtin_cpu_init();
    found.avx2 = __builtin_cpu_supports("avx2");
    found.crc32 = __builtin_cpu_supports("sse4.2") && __builtin_cpu_supports("pclmul");
    found.bmi2 = __builtin_cpu_supports("bmi2");
    if (limit == "avx2") return found;
    found.avx512 = found.bmi2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                   __builtin_cpu_supports("avx512vl");
    found.folding = found.avx512 && found.crc32 && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("vpclmulqdq");
#endif
    return found;
  }();
  return features;
}

}  // namespace mmsb
