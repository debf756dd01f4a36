#include "mmsb/memory.hpp"

#include <algorithm>
#include <cstdint>

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace mmsb {

std::size_t prefer_large_pages([[maybe_unused]] void* memory, [[maybe_unused]] std::size_t bytes) noexcept {
#if defined(__linux__)
  const std::uintptr_t before = reinterpret_cast<std::uintptr_t>(memory) % large_page_bytes;
  const std::size_t first = std::min(bytes, before == 0 ? 0 : large_page_bytes - before);
  const std::size_t whole = (bytes - first) / large_page_bytes * large_page_bytes;
  if (whole > 0) madvise(static_cast<std::uint8_t*>(memory) + first, whole, MADV_HUGEPAGE);
  return first;
#else
  return 0;
#endif
}

}  // namespace mmsb
