// Bodies of deltas, one after another.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

#include "mmsb/batches.hpp"
#include "mmsb/runs.hpp"
#include "page_group.hpp"
#include "short_run.hpp"

namespace mmsb {

/** `apply_bodies`, which calls `applied(row)` behind each row that it applied. Throws std::bad_alloc. */
template <typename Applied>
batch_end apply_each_body(const body_columns& bodies, std::size_t from, std::size_t to, const page_spans& pages,
                          Applied applied) {
  const std::uint8_t* const bytes = bodies.bytes.data();
  const std::uint64_t size = bodies.bytes.size();
  std::uint64_t written = 0;
  page_group found;
  for (std::size_t begin = from; begin < to; begin += page_group::rows) {
    const std::size_t end_row = std::min(to, begin + page_group::rows);
    found.find(pages, bodies.slot, begin, end_row, [&](std::size_t row) -> std::uint64_t {
      const std::uint64_t start = load_once(bodies.start + row);
      return start + 3 <= size ? first_offset(bytes + start) : 0;
    });
    for (std::size_t row = begin; row < end_row; ++row) {
      if (found.is_none[row - begin]) continue;
      const std::span<std::uint8_t> page = found.page[row - begin];
      if (page.data() == nullptr) return {stop::bad_page, row, written};
      const std::uint64_t start = load_once(bodies.start + row);
      const std::uint64_t end = start + load_once(bodies.length + row);
      if (end > size) return {stop::bad_range, row, written};
      const short_run run = read_short_run(bytes, start, end);
      if (run.length > 0 && run.offset + run.length <= page.size()) [[likely]] {
        copy_bytes(page.data() + run.offset, bytes + run.at, run.length);
        written += run.length;
      } else {
        const std::int64_t done = apply_body(bytes, start, end, page.data(), page.size());
        if (done < 0) return {stop::corrupt, row, written};
        written += static_cast<std::uint64_t>(done);
      }
      applied(row);
    }
  }
  return {stop::done, to, written};
}

}  // namespace mmsb
