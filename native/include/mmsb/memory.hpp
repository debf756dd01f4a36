// Hints about memory that JavaScript owns.
#pragma once

#include <cstddef>

namespace mmsb {

/**
 * Asks the system to back what lies in `[memory, memory + bytes)` with large pages where whole ones fit. Contents and addresses stay as they
 * are. Memory that is used at random, as pages are, then costs a fraction of the page faults and misses in address translation. Does
 * nothing where the system has no such thing or refuses.
 */
void prefer_large_pages(void* memory, std::size_t bytes) noexcept;

}  // namespace mmsb
