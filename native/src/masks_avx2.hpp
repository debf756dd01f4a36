// The mask loops for processors with AVX2; call them only where `cpu().avx2`.
#pragma once

#include <cstddef>
#include <cstdint>

#include "mmsb/runs.hpp"

namespace mmsb::avx2 {

/** Blends whole 128 bytes; returns how many bytes that were. */
std::size_t blend_masked(const std::uint8_t* mask, const std::uint8_t* values, std::uint8_t* page,
                         std::size_t length) noexcept;

/** Blends whole 32 bytes; returns how many bytes that were. */
std::size_t blend_bits(const std::uint8_t* bits, const std::uint8_t* values, std::uint8_t* page,
                       std::size_t length) noexcept;

std::size_t diff_images(const std::uint8_t* before, const std::uint8_t* after, std::uint64_t from, std::uint64_t to,
                        run_columns out, std::size_t count) noexcept;

std::size_t mask_to_runs(const std::uint8_t* mask, std::uint64_t from, std::uint64_t to, run_columns out,
                         std::size_t count) noexcept;

}  // namespace mmsb::avx2
