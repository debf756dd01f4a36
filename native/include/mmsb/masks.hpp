// Masks and images into runs, and back (engine/accel/masks.ts, image-diff.ts).
#pragma once

#include <cstddef>
#include <cstdint>

#include "mmsb/runs.hpp"

namespace mmsb {

/** `page[i] = values[i]` where `mask[i]` is not zero. */
void blend_masked(const std::uint8_t* mask, const std::uint8_t* values, std::uint8_t* page, std::size_t length) noexcept;

/** The same where bit i % 8 of `bits[i / 8]` is set. */
void blend_bits(const std::uint8_t* bits, const std::uint8_t* values, std::uint8_t* page, std::size_t length) noexcept;

/**
 * Appends the runs of bytes that differ, looking from offset `from` to `to` of both images, at row `count` of `out`, until they are found or
 * `out` is full. Returns the new count.
 */
std::size_t diff_images(const std::uint8_t* before, const std::uint8_t* after, std::uint64_t from, std::uint64_t to,
                        run_columns out, std::size_t count) noexcept;

/** As `diff_images`, for the runs of flags (one byte a flag) that are not zero. */
std::size_t mask_to_runs(const std::uint8_t* mask, std::uint64_t from, std::uint64_t to, run_columns out,
                         std::size_t count) noexcept;

/** As `mask_to_runs`, for a bit mask: flag i is bit i % 8 of byte i / 8. */
std::size_t bits_to_runs(const std::uint8_t* bits, std::uint64_t from, std::uint64_t to, run_columns out,
                         std::size_t count) noexcept;

/** Sets flags to 1 under the runs, cut at `length`; the rest of `mask[0 .. length]` becomes 0. */
void runs_to_mask(const std::uint32_t* offset, const std::uint32_t* length, std::size_t count, std::uint8_t* mask,
                  std::uint64_t flags) noexcept;

/** As `runs_to_mask`, for a bit mask of ceil(flags / 8) bytes. */
void runs_to_bits(const std::uint32_t* offset, const std::uint32_t* length, std::size_t count, std::uint8_t* bits,
                  std::uint64_t flags) noexcept;

}  // namespace mmsb
