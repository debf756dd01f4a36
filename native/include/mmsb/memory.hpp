// Hints about memory that JavaScript owns.
#pragma once

#include <cstddef>

namespace mmsb {

/** Size and alignment of the system's large pages; 0 where they cannot be asked for. */
#if defined(__linux__)
constexpr std::size_t large_page_bytes = std::size_t{2} << 20;
#else
constexpr std::size_t large_page_bytes = 0;
#endif

/**
 * Asks the system to back what lies in `[memory, memory + bytes)` with large pages where whole ones fit. Contents and addresses stay as they
 * are. Memory that is used at random, as pages are, then costs a fraction of the page faults and misses in address translation. Does
 * nothing where the system has no such thing or refuses, or where the first of them, tried at once, costs more than small ones would.
 * Returns the offset of the first byte at which a large page may begin, at most `bytes`.
 */
std::size_t prefer_large_pages(void* memory, std::size_t bytes) noexcept;

}  // namespace mmsb
