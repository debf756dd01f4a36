#include "mmsb/memory.hpp"

#include <cstdint>

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace mmsb {

void prefer_large_pages([[maybe_unused]] void* memory, [[maybe_unused]] std::size_t bytes) noexcept {
#if defined(__linux__) && defined(MADV_HUGEPAGE)
  constexpr std::uintptr_t large = std::uintptr_t{2} << 20;
  const auto begin = reinterpret_cast<std::uintptr_t>(memory);
  if (bytes > UINTPTR_MAX - begin) return;
  const std::uintptr_t first = (begin + large - 1) & ~(large - 1);
  const std::uintptr_t last = (begin + bytes) & ~(large - 1);
  if (first < last && first >= begin) madvise(reinterpret_cast<void*>(first), last - first, MADV_HUGEPAGE);
#endif
}

}  // namespace mmsb
