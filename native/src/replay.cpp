#include "mmsb/replay.hpp"

#include <algorithm>

#include "body_batch.hpp"
#include "mmsb/copy.hpp"
#include "mmsb/records.hpp"
#include "varint.hpp"

namespace mmsb {
namespace {

constexpr std::uint64_t header_bytes = 64;
constexpr std::uint64_t max_block_bytes = 65536;
constexpr std::uint8_t delta_kind = 0x84;

/** The rows of one block, as far as they matter here. */
struct block_rows {
  std::uint8_t kind[max_block_records];
  std::uint8_t flags[max_block_records];
  std::uint32_t page[2][max_block_records];
  double epoch[max_block_records];
  std::uint32_t body_start[max_block_records];
  std::uint32_t body_length[max_block_records];
  std::uint32_t slot[max_block_records];

  /** False where the block is malformed or has bodies elsewhere. */
  bool decode(std::span<const std::uint8_t> block, std::uint32_t count, std::uint64_t first_lsn) noexcept {
    varint_reader reader{block.data(), header_bytes, block.size()};
    const std::int64_t strings = reader.read();
    if (strings < 0) return false;
    for (std::int64_t i = 0; i < strings; ++i) {
      const std::int64_t length = reader.read();
      if (length < 0 || static_cast<std::uint64_t>(length) > block.size() - reader.at) return false;
      reader.at += static_cast<std::uint64_t>(length);
    }
    record_columns out{};
    out.kind = kind;
    out.flags = flags;
    out.page_lo = page[0];
    out.page_hi = page[1];
    out.epoch = epoch;
    out.body_start = body_start;
    out.body_length = body_length;
    out.rows = max_block_records;
    return decode_records(block, reader.at, block.size(), count, first_lsn, static_cast<std::uint32_t>(strings), out) ==
           decoded::whole;
  }
};

}  // namespace

replay_end replay_block(std::span<const std::uint8_t> block, std::uint32_t count, std::uint64_t first_lsn,
                        std::span<const std::uint8_t, 256> passed, const replay_target& target) {
  if (count == 0 || count > max_block_records || block.size() < header_bytes || block.size() > max_block_bytes) return {0, 0};
  thread_local block_rows rows;
  if (!rows.decode(block, count, first_lsn)) return {0, 0};
  const std::size_t pages = std::min(target.epoch.size(), target.changed.size());
  std::uint32_t end = 0;
  std::uint32_t deltas = 0;
  for (; end < count; ++end) {
    rows.slot[end] = no_slot;
    if (rows.kind[end] != delta_kind) {
      if (passed[rows.kind[end]] == 0) break;
      continue;
    }
    if (rows.page[1][end] != 0 || rows.page[0][end] >= target.slots.size()) break;
    const std::uint32_t entry = load_once(target.slots.data() + rows.page[0][end]);
    if (entry == 0 || entry > pages) break;
    rows.slot[end] = entry - 1;
  }
  const batch_end applied =
      apply_each_body({block, rows.body_start, rows.body_length, rows.slot}, 0, end, target.pages, [&](std::size_t row) {
        const std::uint32_t slot = rows.slot[row];
        target.epoch[slot] = rows.epoch[row];
        target.changed[slot] = target.stamp;
        ++deltas;
      });
  return {static_cast<std::uint32_t>(applied.row), deltas};
}

}  // namespace mmsb
