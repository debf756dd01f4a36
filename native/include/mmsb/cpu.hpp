// What the processor at hand can do, asked once: the same binary runs on any machine of its architecture.
#pragma once

namespace mmsb {

struct cpu_features {
  bool avx2 = false;
  /** SSE4.2 (crc32) and PCLMULQDQ. */
  bool crc32 = false;
  bool bmi2 = false;
};

/** Of this machine; all false away from x86-64. */
const cpu_features& cpu() noexcept;

}  // namespace mmsb
