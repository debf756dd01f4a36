#include <algorithm>
#include <limits>
#include <vector>

#include "mmsb/copy.hpp"
#include "mmsb/index.hpp"
#include "mmsb/runs.hpp"
#include "short_run.hpp"

namespace mmsb {
namespace {

/** Rows looked up ahead: a page's line or a body comes from far away in 100 ns, and a row takes some 10. */
constexpr std::size_t ahead = 16;
constexpr std::uint32_t none = 0xffff'ffff;

/** Whether a body is sound; columns for its runs are kept from body to body. */
class body_check {
 public:
  bool is_sound(const std::uint8_t* bytes, std::uint64_t start, std::uint64_t end) {
    if (read_short_run(bytes, start, end).length > 0) return true;
    const std::int64_t count = run_count(bytes, start, end);
    if (count < 0) return false;
    const auto runs = static_cast<std::size_t>(count);
    if (offset_.size() < runs) {
      offset_.resize(runs);
      length_.resize(runs);
    }
    return decode_runs(bytes, start, end, {offset_.data(), length_.data(), offset_.size()}) >= 0;
  }

 private:
  std::vector<std::uint32_t> offset_;
  std::vector<std::uint32_t> length_;
};

}  // namespace

rows_end note_deltas(const block_deltas& deltas, std::size_t from, std::size_t to, const page_tables& pages,
                     std::span<run_slot> slots, std::span<std::uint32_t> touched, std::uint32_t& touched_count,
                     const run_deltas& out, std::size_t at, const run_place& place) {
  const std::size_t slot_count =
      std::min({pages.life.size(), pages.epoch.size(), pages.gaps.size(), pages.uncertain.size(), slots.size()});
  body_check check;
  for (std::size_t row = from; row < to; ++row, ++at) {
    if (row + ahead < to && deltas.slot[row + ahead] < slot_count) {
      const std::uint32_t next = deltas.slot[row + ahead];
      __builtin_prefetch(&slots[next], 1);
      __builtin_prefetch(&pages.epoch[next], 1);
    }
    const std::uint32_t slot = deltas.slot[row];
    if (slot >= slot_count || at >= out.rows) return {row, false};
    run_slot& line = slots[slot];
    if (line.stamp != place.stamp || line.ready != place.state) {
      const std::uint32_t life = pages.life[slot];
      if (life >= pages.until.size() || pages.until[life] != std::numeric_limits<double>::infinity()) return {row, false};
      if (pages.gaps[slot] != place.gaps_passed || pages.uncertain[slot] != none) return {row, false};
    }
    const std::uint64_t start = deltas.body_start[row];
    const std::uint64_t length = deltas.body_length[row];
    if (start + length > deltas.bytes.size()) return {row, true};
    if (!check.is_sound(deltas.bytes.data(), start, start + length)) return {row, false};
    if (line.stamp != place.stamp) {
      if (touched_count >= touched.size()) return {row, false};
      touched[touched_count++] = slot;
      line.stamp = place.stamp;
      line.deltas = 0;
      line.bytes = 0;
      line.others = 0;
      line.irregular = 0;
      line.epoch_before = pages.epoch[slot];
      line.epoch_now = pages.epoch[slot];
    }
    line.ready = place.state;
    const double epoch = deltas.epoch[row];
    if (epoch != line.epoch_now + 1) line.irregular = 1;
    line.epoch_now = epoch;
    ++line.deltas;
    line.bytes += static_cast<std::uint32_t>(length);
    pages.epoch[slot] = epoch;
    out.slot[at] = slot;
    out.offset[at] = place.offset + static_cast<std::uint32_t>(row);
    out.epoch[at] = epoch;
    out.start[at] = static_cast<std::uint32_t>(start) + place.shift;
    out.length[at] = static_cast<std::uint32_t>(length);
  }
  return {to, false};
}

rows_end sort_deltas(const std::uint32_t* slot, const double* epoch, std::size_t from, std::size_t to,
                     std::span<run_slot> slots, std::span<std::uint32_t> rows, std::span<double> epochs) noexcept {
  for (std::size_t row = from; row < to; ++row) {
    if (row + ahead < to && slot[row + ahead] < slots.size()) __builtin_prefetch(&slots[slot[row + ahead]].delta_place, 1);
    if (slot[row] >= slots.size()) return {row, true};
    run_slot& line = slots[slot[row]];
    if (line.delta_place >= rows.size()) return {row, true};
    if (line.irregular == 1) {
      if (line.epoch_place >= epochs.size()) return {row, true};
      epochs[line.epoch_place++] = epoch[row];
    }
    rows[line.delta_place++] = static_cast<std::uint32_t>(row);
  }
  return {to, false};
}

rows_end gather_bodies(std::span<const std::uint32_t> rows, std::size_t from, std::size_t to, const run_bodies& bodies,
                       std::span<std::uint8_t> cluster, std::uint64_t& at, std::uint32_t* delta_offset,
                       std::uint32_t* delta_body) noexcept {
  for (std::size_t place = from; place < to; ++place) {
    // first where the body stands, then the body itself
    if (place + 2 * ahead < to && rows[place + 2 * ahead] < bodies.count) {
      __builtin_prefetch(&bodies.start[rows[place + 2 * ahead]]);
      __builtin_prefetch(&bodies.length[rows[place + 2 * ahead]]);
      __builtin_prefetch(&bodies.offset[rows[place + 2 * ahead]]);
    }
    if (place + ahead < to && rows[place + ahead] < bodies.count) {
      const std::uint64_t start = bodies.start[rows[place + ahead]];
      if (start < bodies.bytes.size()) {
        __builtin_prefetch(bodies.bytes.data() + start);
        __builtin_prefetch(bodies.bytes.data() + start + 64);
      }
    }
    const std::size_t row = rows[place];
    if (row >= bodies.count) return {place, true};
    const std::uint64_t start = bodies.start[row];
    const std::uint64_t length = bodies.length[row];
    if (start + length > bodies.bytes.size() || length > cluster.size() - at) return {place, true};
    delta_offset[place] = bodies.offset[row];
    delta_body[place] = static_cast<std::uint32_t>(at);
    copy_bytes(cluster.data() + at, bodies.bytes.data() + start, length);
    at += length;
  }
  return {to, false};
}

}  // namespace mmsb
