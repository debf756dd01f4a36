#include "mmsb/memory.hpp"

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <ctime>

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace mmsb {

#if defined(__linux__)
namespace {

/** Beyond this size large pages pay for themselves whatever the first touch costs. */
constexpr std::size_t try_below_bytes = std::size_t{64} << 20;
/** What a large page may cost: it takes some 0.2 ms to zero, and as many small ones take up to 1.3 ms. */
constexpr std::int64_t most_ns = 1'500'000;

/** They cost more when last tried: a virtual machine may have to get them back from its host first, at 5 ms each. */
std::atomic<bool> are_slow{false};

std::int64_t thread_time_ns() noexcept {
  std::timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

/** Touches the first large page, changing nothing in it; false where that took too long. */
bool is_first_fast(void* memory) noexcept {
#if defined(MADV_POPULATE_WRITE)
  const std::int64_t start = thread_time_ns();
  return madvise(memory, large_page_bytes, MADV_POPULATE_WRITE) != 0 || thread_time_ns() - start <= most_ns;
#else
  return memory != nullptr;
#endif
}

void ask_for_large_pages(std::uint8_t* memory, std::size_t bytes) noexcept {
  const bool is_tried = bytes < try_below_bytes;
  if (is_tried && are_slow.load(std::memory_order_relaxed)) return;
  if (madvise(memory, bytes, MADV_HUGEPAGE) != 0 || !is_tried || is_first_fast(memory)) return;
  are_slow.store(true, std::memory_order_relaxed);
  madvise(memory + large_page_bytes, bytes - large_page_bytes, MADV_NOHUGEPAGE);
}

}  // namespace
#endif

std::size_t prefer_large_pages([[maybe_unused]] void* memory, [[maybe_unused]] std::size_t bytes) noexcept {
#if defined(__linux__)
  const std::uintptr_t before = reinterpret_cast<std::uintptr_t>(memory) % large_page_bytes;
  const std::size_t first = std::min(bytes, before == 0 ? 0 : large_page_bytes - before);
  const std::size_t whole = (bytes - first) / large_page_bytes * large_page_bytes;
  if (whole > 0) ask_for_large_pages(static_cast<std::uint8_t*>(memory) + first, whole);
  return first;
#else
  return 0;
#endif
}

}  // namespace mmsb
