#include "kernel_words.hpp"

#include "kernel_word_loops.hpp"
#include "mmsb/cpu.hpp"

namespace mmsb {

words_function find_words(const kernel& spec) noexcept {
#if defined(__x86_64__)
  if (cpu().avx2) return avx2::find_words(spec);
#endif
  return words_of(spec);
}

}  // namespace mmsb
