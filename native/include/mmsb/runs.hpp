// Runs and delta bodies. Layout, rules and names: engine/accel/run-decode.ts and run-encode.ts, which this follows to the bit, the offsets
// of corrupt bytes included.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace mmsb {

/** A result of bytes that are corrupt at byte `at`; others are not negative. */
constexpr std::int64_t corrupt_at(std::uint64_t at) noexcept { return -static_cast<std::int64_t>(at) - 1; }

/** Runs as two columns; both have the same number of rows. */
struct run_columns {
  std::uint32_t* offset;
  std::uint32_t* length;
  std::size_t rows;
};

/** Most bytes that a run section of `count` runs takes. */
constexpr std::uint64_t run_section_bound(std::uint64_t count) noexcept { return (count < 63 ? 1 : 6) + count * 10; }

/** How many runs the body in `[start, end)` claims to hold: at most its bytes. Negative: corrupt. */
std::int64_t run_count(const std::uint8_t* bytes, std::uint64_t start, std::uint64_t end) noexcept;

/** Decodes the run section of the body. Returns where the payload starts; negative: corrupt, or more runs than `out` has rows. */
std::int64_t decode_runs(const std::uint8_t* bytes, std::uint64_t start, std::uint64_t end, run_columns out) noexcept;

/**
 * Encodes runs `[0, count)`; `out` has room for `run_section_bound(count)` bytes. Returns the section's length. Runs that are not
 * canonical give a section that says something else, in the same room. Throws std::bad_alloc.
 */
std::size_t encode_runs(const std::uint32_t* offset, const std::uint32_t* length, std::size_t count, std::uint8_t* out);

/**
 * The body's bytes into a page, cut at its end. Returns the bytes written; negative: corrupt, and nothing was written.
 * Throws std::bad_alloc.
 */
std::int64_t apply_body(const std::uint8_t* bytes, std::uint64_t start, std::uint64_t end, std::uint8_t* page,
                        std::uint64_t page_size);

/** What `apply_runs` and `gather_runs` return where the runs ask for more bytes than there are. */
constexpr std::int64_t too_short = -1;

/** Scatters the payload over the page's runs, cut at the page's end. Returns the bytes written, or `too_short`. */
std::int64_t apply_runs(const std::uint32_t* offset, const std::uint32_t* length, std::size_t count,
                        std::span<const std::uint8_t> payload, std::span<std::uint8_t> page) noexcept;

/** Collects the page's bytes under the runs. Returns how many, or `too_short` for either side. */
std::int64_t gather_runs(const std::uint32_t* offset, const std::uint32_t* length, std::size_t count,
                         std::span<const std::uint8_t> page, std::span<std::uint8_t> out) noexcept;

}  // namespace mmsb
