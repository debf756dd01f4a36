// The runs of flags that are set, whatever makes a flag. Everything here has internal linkage: files that are compiled for other processors
// include it, and the linker must not take one's copy for the other's.
#pragma once

#include <cstddef>
#include <cstdint>

#include "mmsb/runs.hpp"

namespace mmsb {
namespace {

/**
 * Appends the runs in flags `[from, to)` at row `count` until they are found or `out` is full; returns the new count. `word(i)` gives bit j
 * set where flag i + j is, for j < 64 (i + 64 <= to); `flag(i)` is one alone; `skip(i, to)` may step over flags that are not set.
 */
template <typename Source>
static inline std::size_t flag_runs(std::uint64_t from, std::uint64_t to, run_columns out, std::size_t count,
                                    const Source& source) noexcept {
  if (count >= out.rows) return count;
  constexpr std::uint64_t none = ~0ULL;
  // The start of a run that goes on, or none.
  std::uint64_t open = none;
  std::uint64_t i = from;
  const auto close = [&](std::uint64_t end) __attribute__((always_inline)) {
    out.offset[count] = static_cast<std::uint32_t>(open);
    out.length[count++] = static_cast<std::uint32_t>(end - open);
    open = none;
    return count < out.rows;
  };
  while (i + 64 <= to) {
    const std::uint64_t flags = source.word(i);
    if (open == none && flags == 0) {
      i = source.skip(i + 64, to);
      continue;
    }
    std::uint32_t at = 0;
    // Shifts stay below 64: `at` only comes from the position of a bit that is there.
    while (true) {
      if (open == none) {
        const std::uint64_t rest = flags >> at;
        if (rest == 0) break;
        at += static_cast<std::uint32_t>(__builtin_ctzll(rest));
        open = i + at;
      }
      const std::uint64_t rest = ~flags >> at;
      if (rest == 0) break;
      at += static_cast<std::uint32_t>(__builtin_ctzll(rest));
      if (!close(i + at)) return count;
    }
    i += 64;
  }
  for (; i < to; ++i) {
    if (source.flag(i) == (open != none)) continue;
    if (open == none) {
      open = i;
    } else if (!close(i)) {
      return count;
    }
  }
  if (open != none) close(to);
  return count;
}

}  // namespace
}  // namespace mmsb
