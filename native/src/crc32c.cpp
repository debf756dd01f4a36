#include "mmsb/crc32c.hpp"

#include <array>
#include <cstring>

#include "crc32c_folding.hpp"
#include "mmsb/cpu.hpp"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace mmsb {
namespace {

/** Castagnoli's polynomial, bit-reversed: bit i stands for x^(31 - i). */
constexpr std::uint32_t polynomial = 0x82f63b78;

/** Kounavis and Berry, 2008: table t holds the CRC of a byte followed by t zeros. */
using slicing_tables = std::array<std::array<std::uint32_t, 256>, 8>;

constexpr slicing_tables make_tables() {
  slicing_tables tables{};
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    std::uint32_t crc = byte;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? polynomial : 0);
    tables[0][byte] = crc;
  }
  for (std::size_t t = 1; t < 8; ++t) {
    for (std::size_t byte = 0; byte < 256; ++byte) {
      const std::uint32_t before = tables[t - 1][byte];
      tables[t][byte] = (before >> 8) ^ tables[0][before & 255];
    }
  }
  return tables;
}

constexpr slicing_tables tables = make_tables();

}  // namespace

std::uint32_t crc32c_portable(const std::uint8_t* bytes, std::size_t length, std::uint32_t seed) noexcept {
  std::uint32_t crc = ~seed;
  for (; length >= 8; bytes += 8, length -= 8) {
    crc ^= static_cast<std::uint32_t>(bytes[0]) | static_cast<std::uint32_t>(bytes[1]) << 8 |
           static_cast<std::uint32_t>(bytes[2]) << 16 | static_cast<std::uint32_t>(bytes[3]) << 24;
    crc = tables[7][crc & 255] ^ tables[6][(crc >> 8) & 255] ^ tables[5][(crc >> 16) & 255] ^
          tables[4][crc >> 24] ^ tables[3][bytes[4]] ^ tables[2][bytes[5]] ^ tables[1][bytes[6]] ^
          tables[0][bytes[7]];
  }
  for (; length > 0; ++bytes, --length) crc = tables[0][(crc ^ *bytes) & 255] ^ (crc >> 8);
  return ~crc;
}

#if defined(__x86_64__)
namespace {

/** x^n modulo the polynomial, bit-reversed. */
constexpr std::uint32_t power_of_x(std::size_t n) {
  std::uint32_t power = 1u << 31;
  for (; n > 0; --n) power = (power >> 1) ^ ((power & 1) != 0 ? polynomial : 0);
  return power;
}

/**
 * What moves a CRC over `bytes` more bytes. The carry-less product of two reversed 32-bit polynomials, read as a reversed 64-bit one, holds
 * a * k * x, and the crc32 instruction on it (from 0) multiplies by x^32 and reduces: so k = x^(8 bytes - 33) gives a * x^(8 bytes).
 */
constexpr std::uint32_t advance(std::size_t bytes) { return power_of_x(8 * bytes - 33); }

inline std::uint64_t load64(const std::uint8_t* at) noexcept {
  std::uint64_t word;
  std::memcpy(&word, at, sizeof word);
  return word;
}

/**
 * Chunks of three strips: the instruction takes three cycles but one can start every cycle, so three independent CRCs go at once and
 * are joined by two carry-less products (Gopal et al., "Fast CRC Computation for iSCSI Polynomial Using CRC32 Instruction", Intel 2011).
 */
template <std::size_t strip>
__attribute__((target("sse4.2,pclmul"), always_inline)) inline std::uint64_t take_chunks(
    std::uint64_t crc, const std::uint8_t*& bytes, std::size_t& length) noexcept {
  // the next chunk's strips
  constexpr std::size_t prefetch_bytes = 3 * strip;
  constexpr std::uint32_t by_two = advance(2 * strip);
  constexpr std::uint32_t by_one = advance(strip);
  const __m128i factors = _mm_set_epi64x(by_one, by_two);
  while (length >= 3 * strip) {
    std::uint64_t second = 0;
    std::uint64_t third = 0;
    for (std::size_t line = 0; line < strip; line += 64) {
      // The processor's own prefetching loses the thread where strips end. (Beyond the buffer this asks for nothing.)
      for (std::size_t one = 0; one < 3; ++one)
        _mm_prefetch(reinterpret_cast<const char*>(bytes + one * strip + line + prefetch_bytes), _MM_HINT_T0);
      for (std::size_t i = line; i < line + 64; i += 8) {
        crc = _mm_crc32_u64(crc, load64(bytes + i));
        second = _mm_crc32_u64(second, load64(bytes + strip + i));
        third = _mm_crc32_u64(third, load64(bytes + 2 * strip + i));
      }
    }
    const __m128i moved_crc = _mm_clmulepi64_si128(_mm_cvtsi64_si128(static_cast<long long>(crc)), factors, 0x00);
    const __m128i moved_second =
        _mm_clmulepi64_si128(_mm_cvtsi64_si128(static_cast<long long>(second)), factors, 0x10);
    const auto joined = static_cast<std::uint64_t>(_mm_cvtsi128_si64(_mm_xor_si128(moved_crc, moved_second)));
    crc = _mm_crc32_u64(0, joined) ^ third;
    bytes += 3 * strip;
    length -= 3 * strip;
  }
  return crc;
}

__attribute__((target("sse4.2,pclmul"))) std::uint32_t crc32c_hardware(const std::uint8_t* bytes, std::size_t length,
                                                                       std::uint32_t seed) noexcept {
  std::uint64_t crc = static_cast<std::uint32_t>(~seed);
  if (length >= avx512::folding_from && cpu().folding) crc = avx512::fold_crc32c(crc, bytes, length);
  crc = take_chunks<2048>(crc, bytes, length);
  crc = take_chunks<256>(crc, bytes, length);
  crc = take_chunks<64>(crc, bytes, length);
  for (; length >= 8; bytes += 8, length -= 8) crc = _mm_crc32_u64(crc, load64(bytes));
  auto rest = static_cast<std::uint32_t>(crc);
  for (; length > 0; ++bytes, --length) rest = _mm_crc32_u8(rest, *bytes);
  return ~rest;
}

}  // namespace
#endif

std::uint32_t crc32c(const std::uint8_t* bytes, std::size_t length, std::uint32_t seed) noexcept {
#if defined(__x86_64__)
  if (cpu().crc32) return crc32c_hardware(bytes, length, seed);
#endif
  return crc32c_portable(bytes, length, seed);
}

}  // namespace mmsb
