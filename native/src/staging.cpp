#include "mmsb/staging.hpp"

#include <algorithm>
#include <cstring>

namespace mmsb {
namespace {

/** Writes the source column; returns the first row with metadata or, `why` set, with a source that is not in the dictionary. */
std::size_t stage_sources(const staged_batch& batch, std::size_t from, std::size_t to, const staged_names& names,
                          std::uint32_t* out, stop& why) noexcept {
  std::uint64_t last = UINT64_MAX;
  std::uint32_t index = 0;
  for (std::size_t row = from; row < to; ++row) {
    if (batch.meta_length[row] != 0) return row;
    const std::uint32_t source = load_once(batch.source + row);
    if (source != last) {
      const std::size_t entry = std::size_t{2} * source;
      if (entry + 1 >= names.dictionary.size()) {
        why = stop::bad_range;
        return row;
      }
      if (names.dictionary[entry] != names.stamp) {
        why = stop::corrupt;
        return row;
      }
      index = names.dictionary[entry + 1];
      last = source;
    }
    out[row - from] = index;
  }
  return to;
}

}  // namespace

staging_end stage_deltas(const staged_batch& batch, std::size_t from, std::size_t to, const staged_names& names,
                         const staged_row_values& values, const staging_room& room, const staged_columns& out) {
  staging_end end{stop::done, from, 0, false, false};
  const std::size_t last = stage_sources(batch, from, to, names, out.source, end.why);
  if (end.why != stop::done) {
    end.row = last;
    return end;
  }
  if (last == from) return end;
  const std::uint64_t columns = (last - from) * room.row_bytes;
  const std::uint64_t limit = std::min<std::uint64_t>(room.bytes > columns ? room.bytes - columns : 0, out.bodies.size());
  const batch_end encoded = encode_bodies(batch.deltas, from, last, out.bodies.first(limit), out.body_length);
  if (encoded.why == stop::bad_range) return {stop::bad_range, encoded.row, 0, false, false};

  std::size_t rows = 0;
  for (; rows < encoded.row - from && out.body_length[rows] <= room.longest_body; ++rows) end.body_bytes += out.body_length[rows];
  const std::size_t pages = std::min(names.id_low.size(), names.id_high.size());
  for (std::size_t i = 0; i < rows; ++i) {
    const std::uint32_t slot = load_once(batch.slot + from + i);
    if (slot >= pages) return {stop::bad_page, from + i, 0, false, false};
    out.page_low[i] = names.id_low[slot];
    out.page_high[i] = names.id_high[slot];
  }
  std::memset(out.kind, values.kind, rows);
  std::fill_n(out.time_low, rows, values.time_low);
  std::fill_n(out.time_high, rows, values.time_high);
  std::memcpy(out.epoch, batch.epoch + from, rows * sizeof(double));
  std::uint8_t any_flags = 0;
  for (std::size_t i = 0; i < rows; ++i) {
    const auto flags = static_cast<std::uint8_t>(batch.flags[from + i] & values.flag_mask);
    out.flags[i] = flags;
    any_flags |= flags;
  }
  for (std::size_t i = 0; i < rows; ++i) {
    const double cause = batch.cause[from + i];
    if (cause == 0) continue;
    end.uses_cause = true;
    out.cause_distance[i] = values.first_lsn + static_cast<double>(out.row + i) - cause;
  }
  end.uses_flags = any_flags != 0;
  end.row = from + rows;
  return end;
}

}  // namespace mmsb
