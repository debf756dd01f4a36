#include "mmsb/batches.hpp"

#include <algorithm>

#include "body_batch.hpp"
#include "mmsb/cpu.hpp"
#include "mmsb/masks.hpp"
#include "mmsb/runs.hpp"
#include "page_group.hpp"
#include "scatter_avx512.hpp"
#include "varint.hpp"

namespace mmsb {

batch_end apply_bodies(const body_columns& bodies, std::size_t from, std::size_t to, const page_spans& pages) {
  return apply_each_body(bodies, from, to, pages, [](std::size_t) {});
}

batch_end apply_deltas(const delta_columns& deltas, const std::uint32_t* slot, std::size_t from, std::size_t to,
                       const page_spans& pages) noexcept {
  const bool wide = cpu().avx512;
  std::uint64_t written = 0;
  page_group found;
  for (std::size_t begin = from; begin < to; begin += page_group::rows) {
    const std::size_t end_row = std::min(to, begin + page_group::rows);
    found.find(pages, slot, begin, end_row, [&](std::size_t row) -> std::uint64_t {
      const std::uint32_t run = load_once(deltas.run_start + row);
      return run < deltas.runs ? load_once(deltas.run_offset + run) : 0;
    });
    for (std::size_t row = begin; row < end_row; ++row) {
      if (found.is_none[row - begin]) continue;
      const std::span<std::uint8_t> page = found.page[row - begin];
      if (page.data() == nullptr) return {stop::bad_page, row, written};
      const std::size_t first = load_once(deltas.run_start + row);
      const std::size_t last = load_once(deltas.run_start + row + 1);
      const std::uint64_t payload_at = load_once(deltas.payload_start + row);
      if (first > last || last > deltas.runs || payload_at > deltas.payload.size())
        return {stop::bad_range, row, written};
      std::int64_t done = -1;
      if (last - first == 1) {
        const std::uint64_t at = load_once(deltas.run_offset + first);
        const std::uint64_t size = load_once(deltas.run_length + first);
        if (at + size <= page.size() && size <= deltas.payload.size() - payload_at) [[likely]] {
          copy_bytes(page.data() + at, deltas.payload.data() + payload_at, size);
          written += size;
          continue;
        }
      }
#if defined(__x86_64__)
      if (wide && last - first > 1)
        done = avx512::scatter(deltas.run_offset + first, deltas.run_length + first, last - first,
                               deltas.payload.data() + payload_at, deltas.payload.size() - payload_at, page.data(), page.size());
      if (done < 0)
#endif
        done = apply_runs(deltas.run_offset + first, deltas.run_length + first, last - first, deltas.payload.subspan(payload_at), page);
      if (done < 0) return {stop::bad_range, row, written};
      written += static_cast<std::uint64_t>(done);
    }
  }
  return {stop::done, to, written};
}

batch_end blend_pages(const blend_columns& rows, std::size_t from, std::size_t to, bool are_bits, const page_spans& pages) noexcept {
  std::uint64_t written = 0;
  for (std::size_t row = from; row < to; ++row) {
    const std::uint32_t slots[] = {load_once(rows.mask + row), load_once(rows.values + row), load_once(rows.page + row)};
    if (std::ranges::find(slots, no_slot) != std::end(slots)) continue;
    const std::span<std::uint8_t> mask = pages.find(slots[0]);
    const std::span<std::uint8_t> values = pages.find(slots[1]);
    const std::span<std::uint8_t> page = pages.find(slots[2]);
    if (mask.data() == nullptr || values.data() == nullptr || page.data() == nullptr) return {stop::bad_page, row, written};
    const std::size_t length = std::min({are_bits ? mask.size() * 8 : mask.size(), values.size(), page.size()});
    (are_bits ? blend_bits : blend_masked)(mask.data(), values.data(), page.data(), length);
    written += length;
  }
  return {stop::done, to, written};
}

batch_end encode_bodies(const delta_columns& deltas, std::size_t from, std::size_t to, std::span<std::uint8_t> out,
                        std::uint32_t* body_length) {
  std::uint64_t at = 0;
  for (std::size_t row = from; row < to; ++row) {
    const std::size_t first = load_once(deltas.run_start + row);
    const std::size_t last = load_once(deltas.run_start + row + 1);
    if (first > last || last > deltas.runs) return {stop::bad_range, row, at};
    std::uint64_t size = 0;
    for (std::size_t i = first; i < last; ++i) size += load_once(deltas.run_length + i);
    const std::uint64_t payload_at = load_once(deltas.payload_start + row);
    if (at + run_section_bound(last - first) + size > out.size()) return {stop::full, row, at};
    if (payload_at + size > deltas.payload.size()) return {stop::bad_range, row, at};
    if (last - first == 1) {
      // the most frequent delta by far: LIST with one run
      const std::uint32_t offset = load_once(deltas.run_offset + first);
      if (offset < 1u << 14 && size - 1 < 128) {
        std::uint8_t* put = out.data() + at;
        *put++ = 1;
        put = write_varint(put, offset);
        *put++ = static_cast<std::uint8_t>(size - 1);
        copy_bytes(put, deltas.payload.data() + payload_at, size);
        const auto body = static_cast<std::uint64_t>(put - (out.data() + at)) + size;
        body_length[row - from] = static_cast<std::uint32_t>(body);
        at += body;
        continue;
      }
    }
    const std::size_t section =
        encode_runs(deltas.run_offset + first, deltas.run_length + first, last - first, out.data() + at);
    copy_bytes(out.data() + at + section, deltas.payload.data() + payload_at, size);
    body_length[row - from] = static_cast<std::uint32_t>(section + size);
    at += section + size;
  }
  return {stop::done, to, at};
}

std::size_t check_deltas(const delta_columns& deltas, const std::uint32_t* slot, const std::uint32_t* source,
                         const double* cause, std::size_t from, std::size_t to, const delta_limits& limits) noexcept {
  for (std::size_t row = from; row < to; ++row) {
    const std::uint32_t page = slot[row];
    if (page >= limits.state.size() || page >= limits.size.size() || limits.state[page] != 1) return row;
    if (source[row] >= limits.sources) return row;
    const double led = cause[row];
    // false for NaN; the limit keeps it below 2^53
    if (led != 0 && !(led > 0 && led <= limits.last_lsn + static_cast<double>(row) && led <= 9007199254740991.0 &&
                      static_cast<double>(static_cast<std::int64_t>(led)) == led))
      return row;
    const std::size_t first = deltas.run_start[row];
    const std::size_t last = deltas.run_start[row + 1];
    if (first > last || last > deltas.runs) return row;
    std::int64_t position = -1;
    for (std::size_t run = first; run < last; ++run) {
      const std::int64_t offset = deltas.run_offset[run];
      const std::int64_t end = offset + deltas.run_length[run];
      if (offset <= position || end == offset || end > limits.size[page]) return row;
      position = end;
    }
  }
  return to;
}

std::size_t raise_epochs(const std::uint32_t* slot, std::size_t from, std::size_t to, std::span<double> epoch,
                         std::span<std::uint32_t> changed, std::uint32_t stamp, double* row_epoch) noexcept {
  const std::size_t pages = std::min(epoch.size(), changed.size());
  for (std::size_t row = from; row < to; ++row) {
    const std::uint32_t page = load_once(slot + row);
    if (page >= pages) return row;
    row_epoch[row] = ++epoch[page];
    changed[page] = stamp;
  }
  return to;
}

}  // namespace mmsb
