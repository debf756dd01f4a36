#include <algorithm>
#include <limits>

#include "mmsb/copy.hpp"
#include "mmsb/index.hpp"
#include "mmsb/runs.hpp"
#include "short_run.hpp"

namespace mmsb {
namespace {

constexpr double forever = std::numeric_limits<double>::infinity();
/** A row's first so many deltas are looked at ahead. */
constexpr std::size_t deltas_ahead = 8;
constexpr std::size_t rows_ahead = 2;

/** Asks the cache for what the row will write. */
void prefetch_row(const clustered_run& run, std::size_t row, const page_spans& pages) noexcept {
  const std::span<std::uint8_t> page = pages.find(run.row_slot[row]);
  const std::size_t from = run.row_delta[row];
  const std::size_t to = std::min<std::size_t>(run.row_delta[row + 1], from + deltas_ahead);
  for (std::size_t at = from; at < to && at + 1 < run.delta_body.size(); ++at) {
    const std::uint64_t start = run.delta_body[at];
    const std::uint64_t end = run.delta_body[at + 1];
    if (start > end || end > run.cluster.size()) return;
    const std::uint64_t offset = read_short_run(run.cluster.data(), start, end).offset;
    if (offset >= page.size()) continue;
    __builtin_prefetch(page.data() + offset, 1);
    __builtin_prefetch(page.data() + std::min<std::uint64_t>(offset + 63, page.size() - 1), 1);
  }
}

}  // namespace

rows_end replay_pages(const clustered_run& run, std::size_t from, std::span<std::uint32_t> row_key, const page_lives& lives,
                      const page_spans& pages, std::span<const std::uint32_t> held, const keyframe_rule& rule, double work,
                      keyframes& out) {
  const std::size_t rows = std::min({run.row_slot.size(), row_key.size(), run.row_delta.size() - 1});
  const std::size_t slots = std::min({lives.life.size(), lives.since_key.size(), lives.runs_since_key.size()});
  const std::size_t life_count = std::min({lives.from.size(), lives.until.size(), lives.size.size()});
  const std::size_t delta_count = std::min(run.delta_offset.size(), run.delta_body.size() - 1);
  double done = 0;
  for (std::size_t row = from; row < rows; ++row) {
    if (row + rows_ahead < rows) prefetch_row(run, row + rows_ahead, pages);
    const std::uint32_t slot = run.row_slot[row];
    const std::size_t first = run.row_delta[row];
    const std::size_t last = run.row_delta[row + 1];
    if (first > last || last > delta_count) return {row, true};
    if (slot >= slots || lives.life[slot] >= life_count) return {row, false};
    const std::uint32_t life = lives.life[slot];
    if (lives.until[life] != forever) return {row, false};
    if (first == last) {
      row_key[row] = out.keys_before + static_cast<std::uint32_t>(out.count);
      continue;
    }
    if (!(lives.from[life] < run.first_lsn + run.delta_offset[first])) return {row, false};
    const std::span<std::uint8_t> page = slot < held.size() && held[slot] == life ? pages.find(slot) : std::span<std::uint8_t>{};
    const std::size_t size = page.size();
    if (size == 0 || static_cast<double>(size) != lives.size[life]) return {row, false};
    if (run.delta_body[first] > run.delta_body[last] || run.delta_body[last] > run.cluster.size()) return {row, true};
    const std::size_t bodies = run.delta_body[last] - run.delta_body[first];
    // Between two keyframes stand bodies of a page's size at least; the first may owe itself to the run before, the last to its number.
    if (out.bytes.size() - out.used < bodies + 2 * size || std::min(out.offset.size(), out.at.size()) - out.count < last - first)
      return {row, false};

    row_key[row] = out.keys_before + static_cast<std::uint32_t>(out.count);
    ++lives.runs_since_key[slot];
    const double bytes = static_cast<double>(size);
    const double interval = std::max(bytes, std::min(bytes * 4, rule.cheap_bytes)) * rule.factor;
    double since = lives.since_key[slot];
    for (std::size_t at = first; at < last;) {
      const bool must_keep = lives.runs_since_key[slot] >= rule.runs;
      // as many as come before the next keyframe; one that may overwrite the whole page is looked at by itself
      const std::size_t begin = at;
      std::int64_t written = 0;
      bool is_due = false;
      for (; at < last && !is_due; ++at) {
        const std::uint64_t start = run.delta_body[at];
        const std::uint64_t end = run.delta_body[at + 1];
        if (start > end || end > run.cluster.size()) return {row, true};
        const std::uint64_t length = end - start;
        if (length > size && at > begin) break;
        written = apply_body(run.cluster.data(), start, end, page.data(), size);
        if (written < 0) return {row, true};
        since += static_cast<double>(length);
        is_due = since > interval || (at + 1 == last && must_keep);
        if (length > size) {
          ++at;
          break;
        }
      }
      const bool is_whole = at - begin == 1 && static_cast<std::size_t>(written) == size;
      if (!is_whole && !(is_due && rule.factor != forever)) continue;
      if (out.count >= std::min(out.offset.size(), out.at.size())) return {row, true};
      out.offset[out.count] = run.delta_offset[at - 1];
      if (is_whole) {
        out.at[out.count++] = -1;
      } else {
        if (out.bytes.size() - out.used < size) return {row, true};
        out.at[out.count++] = out.bytes_at + static_cast<double>(out.used);
        copy_bytes(out.bytes.data() + out.used, page.data(), size);
        out.used += size;
        done += bytes;
      }
      since = 0;
      lives.runs_since_key[slot] = 0;
    }
    lives.since_key[slot] = since;
    done += static_cast<double>(bodies + (size >> 6));
    if (done > work) return {row + 1, false};
  }
  return {rows, false};
}

}  // namespace mmsb
