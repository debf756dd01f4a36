// Blending by masks for processors with AVX-512; call it only where `cpu().avx512`.
#pragma once

#include <cstddef>
#include <cstdint>

namespace mmsb::avx512 {

/** `page[i] = values[i]` where `mask[i]` is not zero, for all of `length`. Other bytes of the page are neither read nor written. */
void blend_masked(const std::uint8_t* mask, const std::uint8_t* values, std::uint8_t* page, std::size_t length) noexcept;

/** The same where bit i % 8 of `bits[i / 8]` is set, for whole 32 bytes; returns how many bytes that were. */
std::size_t blend_bits(const std::uint8_t* bits, const std::uint8_t* values, std::uint8_t* page, std::size_t length) noexcept;

}  // namespace mmsb::avx512
