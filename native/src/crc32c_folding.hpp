// CRC-32C by carry-less multiplication of whole vectors; call it only where `cpu().folding`.
#pragma once

#include <cstddef>
#include <cstdint>

namespace mmsb::avx512 {

/** Fewer bytes than this are not worth it. */
constexpr std::size_t folding_from = 512;

/** Takes whole 256 bytes of at least `folding_from`; moves `bytes` and `length` past them. `crc` is the register, not inverted. */
std::uint64_t fold_crc32c(std::uint64_t crc, const std::uint8_t*& bytes, std::size_t& length) noexcept;

}  // namespace mmsb::avx512
