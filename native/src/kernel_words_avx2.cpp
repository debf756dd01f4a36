// Compiled with -mavx2: includes nothing of ours that other files share and the linker could pick (see flag_runs.hpp).
#include "kernel_words.hpp"

#if defined(__AVX2__)

#include "kernel_word_loops.hpp"

namespace mmsb::avx2 {

words_function find_words(const kernel& spec) noexcept { return words_of(spec); }

}  // namespace mmsb::avx2

#endif
