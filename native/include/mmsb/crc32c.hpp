// CRC-32C (Castagnoli), the checksum of every block.
#pragma once

#include <cstddef>
#include <cstdint>

namespace mmsb {

/** `seed` is the CRC of what came before, so that a CRC can be taken in parts. */
std::uint32_t crc32c(const std::uint8_t* bytes, std::size_t length, std::uint32_t seed = 0) noexcept;

/** Any processor: slicing-by-8. What the other is tested against. */
std::uint32_t crc32c_portable(const std::uint8_t* bytes, std::size_t length, std::uint32_t seed = 0) noexcept;

}  // namespace mmsb
