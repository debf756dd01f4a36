// Compiled for processors with AVX-512 and VPCLMULQDQ: includes nothing of ours that other files share and the linker could pick.
#include "crc32c_folding.hpp"

#if defined(__VPCLMULQDQ__)

#include <immintrin.h>

namespace mmsb::avx512 {
namespace {

constexpr std::uint32_t polynomial = 0x82f63b78;

/** x^n modulo the polynomial, bit-reversed. */
constexpr std::uint32_t power_of_x(std::size_t n) {
  std::uint32_t power = 1u << 31;
  for (; n > 0; --n) power = (power >> 1) ^ ((power & 1) != 0 ? polynomial : 0);
  return power;
}

/**
 * What moves 16 bytes over `bytes` more, a pair of factors: 16 bytes are a polynomial H x^64 + L, H in the low half (all bit-reversed).
 * A 32-bit factor k in the low half of a 64-bit one reads as k x^32, and a reversed product as the product times x; so H needs
 * x^(64 + 8 bytes - 33) and L x^(8 bytes - 33) (Gopal et al., "Fast CRC Computation for Generic Polynomials Using PCLMULQDQ", Intel 2009).
 */
template <std::size_t bytes>
inline __m128i factors() noexcept {
  constexpr std::uint32_t high = power_of_x(8 * bytes + 31);
  constexpr std::uint32_t low = power_of_x(8 * bytes - 33);
  return _mm_set_epi64x(low, high);
}

inline __m512i load512(const std::uint8_t* at) noexcept { return _mm512_loadu_si512(at); }

inline __m512i fold(__m512i part, __m512i by, __m512i next) noexcept {
  constexpr int xor_of_three = 0x96;
  return _mm512_ternarylogic_epi64(_mm512_clmulepi64_epi128(part, by, 0x00), _mm512_clmulepi64_epi128(part, by, 0x11), next,
                                   xor_of_three);
}

}  // namespace

std::uint64_t fold_crc32c(std::uint64_t crc, const std::uint8_t*& bytes, std::size_t& length) noexcept {
  constexpr std::size_t stride = 256;
  // Four parts, each 64 bytes of the stride: as many products as the multiplier takes while the first is under way.
  __m512i a = _mm512_xor_si512(load512(bytes), _mm512_zextsi128_si512(_mm_cvtsi64_si128(static_cast<long long>(crc))));
  __m512i b = load512(bytes + 64);
  __m512i c = load512(bytes + 128);
  __m512i d = load512(bytes + 192);
  const __m512i by_stride = _mm512_broadcast_i32x4(factors<stride>());
  bytes += stride;
  length -= stride;
  for (; length >= stride; bytes += stride, length -= stride) {
    a = fold(a, by_stride, load512(bytes));
    b = fold(b, by_stride, load512(bytes + 64));
    c = fold(c, by_stride, load512(bytes + 128));
    d = fold(d, by_stride, load512(bytes + 192));
  }
  d = fold(a, _mm512_broadcast_i32x4(factors<192>()), d);
  d = fold(b, _mm512_broadcast_i32x4(factors<128>()), d);
  d = fold(c, _mm512_broadcast_i32x4(factors<64>()), d);
  // the first three quarters of the last 64 bytes onto the fourth
  __m512i by_quarter = _mm512_zextsi128_si512(factors<48>());
  by_quarter = _mm512_inserti32x4(by_quarter, factors<32>(), 1);
  by_quarter = _mm512_inserti32x4(by_quarter, factors<16>(), 2);
  const __m512i moved = fold(d, by_quarter, _mm512_setzero_si512());
  const __m128i two = _mm_xor_si128(_mm512_castsi512_si128(moved), _mm512_extracti32x4_epi32(moved, 1));
  const __m128i rest = _mm_xor_si128(_mm512_extracti32x4_epi32(moved, 2), _mm512_extracti32x4_epi32(d, 3));
  const __m128i last = _mm_xor_si128(two, rest);
  const std::uint64_t half = _mm_crc32_u64(0, static_cast<std::uint64_t>(_mm_cvtsi128_si64(last)));
  return _mm_crc32_u64(half, static_cast<std::uint64_t>(_mm_extract_epi64(last, 1)));
}

}  // namespace mmsb::avx512

#endif
