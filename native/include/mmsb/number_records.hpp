// Deltas of one number each as a block's columns and bodies. Layout: engine/log/number-block.ts, which this follows to the bit.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace mmsb {

/** Most rows at once. */
constexpr std::size_t max_number_rows = 4096;
/** What each writes. */
constexpr std::size_t number_bytes = 8;

/** Deltas that write 8 bytes to the start of a page each and differ in nothing but the page, its epoch and the bytes. */
struct number_records {
  std::uint8_t kind;
  std::uint8_t flags;
  std::uint64_t time;
  /** Whether there is a cause, and LSN - cause of the first. */
  bool has_cause;
  std::uint64_t cause_distance;
  /** By row: the page's slot, the bytes, the epoch after it. */
  std::span<const std::uint32_t> slot;
  const std::uint8_t* bytes;
  const double* epoch;
  /** Of each page, by slot. */
  std::span<const std::uint32_t> id_low;
  std::span<const std::uint32_t> id_high;
};

/** What `encode_number_records` returns besides what `encode_columns` does: a row names no page. */
constexpr std::int64_t number_of_no_page = -3;

/**
 * Writes the columns and bodies of at most `max_number_rows` rows, at least one, into a block from its position `at` on. The dictionary before them has one source. Returns the
 * position after them; nothing that counts was written where they do not fit.
 */
std::int64_t encode_number_records(const number_records& records, std::span<std::uint8_t> block, std::uint64_t at) noexcept;

}  // namespace mmsb
