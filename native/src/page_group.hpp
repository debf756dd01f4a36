// The pages of the next rows of a batch.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "mmsb/batches.hpp"

namespace mmsb {

/**
 * The pages of a few rows, looked up and asked of the cache before the first of them is written: pages are scattered, a line comes from a cache
 * far away, or from memory, at some 100 ns, while a row takes 10. Each column is read once.
 */
struct page_group {
  static constexpr std::size_t rows = 16;

  /** `data() == nullptr` where the columns name no memory that is there. */
  std::span<std::uint8_t> page[rows];
  /** The row names no page, and is to be passed over. */
  bool is_none[rows];

  /** Looks up rows `[from, to)`; `first_offset(row)` says where the row probably begins to write. */
  template <typename FirstOffset>
  void find(const page_spans& pages, const std::uint32_t* slot, std::size_t from, std::size_t to,
            FirstOffset first_offset) noexcept {
    for (std::size_t row = from; row < to; ++row) {
      const std::uint32_t index = load_once(slot + row);
      is_none[row - from] = index == no_slot;
      const std::span<std::uint8_t> found = pages.find(index);
      page[row - from] = found;
      const std::uint64_t offset = first_offset(row);
      if (offset < found.size()) {
        __builtin_prefetch(found.data() + offset, 1, 3);
        __builtin_prefetch(found.data() + offset + 63, 1, 3);
      }
    }
  }
};

}  // namespace mmsb
