// What the processor at hand can do, asked once: the same binary runs on any machine of its architecture.
#pragma once

namespace mmsb {

struct cpu_features {
  bool avx2 = false;
  /** SSE4.2 (crc32) and PCLMULQDQ. */
  bool crc32 = false;
  bool bmi2 = false;
  /** AVX-512 F, BW and VL, and BMI2. */
  bool avx512 = false;
  /** `avx512`, `crc32`, AVX-512 DQ and VPCLMULQDQ. */
  bool folding = false;
};

/**
 * Of this machine; all false away from x86-64. `MMSB_CPU` in the environment may ask for less, so that every path can be tested on one machine:
 * `avx2` for nothing of AVX-512, `portable` for none of it.
 */
const cpu_features& cpu() noexcept;

}  // namespace mmsb
