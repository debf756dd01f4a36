#include "mmsb/number_records.hpp"

#include <algorithm>

#include "mmsb/columns.hpp"
#include "mmsb/copy.hpp"

namespace mmsb {
namespace {

/** The body of a delta of one run of 8 bytes at offset 0: a list of one run, its gap, its length - 1; the bytes follow. */
constexpr std::uint32_t body_head = 0x07'00'01;
constexpr std::size_t head_bytes = 3;
constexpr std::size_t body_bytes = head_bytes + number_bytes;

struct page_ids {
  std::uint32_t low[max_number_rows];
  std::uint32_t high[max_number_rows];
};
thread_local page_ids ids;

}  // namespace

std::int64_t encode_number_records(const number_records& records, std::span<std::uint8_t> block, std::uint64_t at) noexcept {
  const std::size_t rows = records.slot.size();
  const std::size_t pages = std::min(records.id_low.size(), records.id_high.size());
  for (std::size_t row = 0; row < rows; ++row) {
    const std::uint32_t slot = load_once(records.slot.data() + row);
    if (slot >= pages) return number_of_no_page;
    ids.low[row] = records.id_low[slot];
    ids.high[row] = records.id_high[slot];
  }
  constexpr auto same = [](std::uint64_t value) { return column_values{column_type::constant, nullptr, nullptr, value}; };
  const column_values columns[] = {
      same(records.kind), same(records.flags), same(records.time), {column_type::pair, ids.low, ids.high, 0},
      {column_type::f64, records.epoch, nullptr, 0}, same(0), same(0),
      records.has_cause ? column_values{column_type::ascending, nullptr, nullptr, records.cause_distance} : same(0),
      same(0), same(body_bytes), same(0)};
  const std::int64_t end = encode_columns(columns, 0, rows, block, at, block.size() - at);
  if (end < 0) return end;
  const auto bodies_at = static_cast<std::uint64_t>(end);
  if (rows * body_bytes > block.size() - bodies_at) return columns_do_not_fit;
  std::uint8_t* to = block.data() + bodies_at;
  for (std::size_t row = 0; row < rows; ++row, to += body_bytes) {
    // The fourth byte is the number's first, which comes right behind.
    store(to, body_head);
    store(to + head_bytes, load<std::uint64_t>(records.bytes + number_bytes * row));
  }
  return static_cast<std::int64_t>(bodies_at + rows * body_bytes);
}

}  // namespace mmsb
