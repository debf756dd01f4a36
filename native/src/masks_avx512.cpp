// Compiled with AVX-512: includes nothing of ours that other files share and the linker could pick.
#include "masks_avx512.hpp"

#if defined(__AVX512BW__)

#include <immintrin.h>

namespace mmsb::avx512 {
namespace {

constexpr std::size_t line_bytes = 64;
constexpr std::size_t vector_bytes = 32;

/** 32 bytes, not 64: where mask and values are not aligned as the page is, every load of 64 would lie across two lines. */
inline void blend_whole(const std::uint8_t* mask, const std::uint8_t* values, std::uint8_t* page) noexcept {
  const __m256i flags = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(mask));
  const __m256i chosen = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(values));
  _mm256_mask_storeu_epi8(page, _mm256_test_epi8_mask(flags, flags), chosen);
}

/** Up to 64 bytes: what lies beyond them is not touched. */
inline void blend_some(const std::uint8_t* mask, const std::uint8_t* values, std::uint8_t* page, std::size_t length) noexcept {
  const __mmask64 there = _bzhi_u64(~0ULL, static_cast<unsigned>(length));
  const __m512i flags = _mm512_maskz_loadu_epi8(there, mask);
  const __mmask64 chosen = _mm512_test_epi8_mask(flags, flags);
  _mm512_mask_storeu_epi8(page, chosen, _mm512_maskz_loadu_epi8(chosen, values));
}

}  // namespace

void blend_masked(const std::uint8_t* mask, const std::uint8_t* values, std::uint8_t* page, std::size_t length) noexcept {
  // Stores that lie across two lines cost twice: from the first line of the page on they do not.
  const std::size_t before_line = -reinterpret_cast<std::uintptr_t>(page) % line_bytes;
  std::size_t i = before_line < length ? before_line : length;
  if (i > 0) blend_some(mask, values, page, i);
  for (; i + 4 * vector_bytes <= length; i += 4 * vector_bytes) {
    blend_whole(mask + i, values + i, page + i);
    blend_whole(mask + i + vector_bytes, values + i + vector_bytes, page + i + vector_bytes);
    blend_whole(mask + i + 2 * vector_bytes, values + i + 2 * vector_bytes, page + i + 2 * vector_bytes);
    blend_whole(mask + i + 3 * vector_bytes, values + i + 3 * vector_bytes, page + i + 3 * vector_bytes);
  }
  for (; i < length; i += line_bytes)
    blend_some(mask + i, values + i, page + i, length - i < line_bytes ? length - i : line_bytes);
}

std::size_t blend_bits(const std::uint8_t* bits, const std::uint8_t* values, std::uint8_t* page, std::size_t length) noexcept {
  std::size_t i = 0;
  for (; i + vector_bytes <= length; i += vector_bytes) {
    std::uint32_t chosen;
    __builtin_memcpy(&chosen, bits + i / 8, sizeof chosen);
    _mm256_mask_storeu_epi8(page + i, chosen, _mm256_loadu_si256(reinterpret_cast<const __m256i*>(values + i)));
  }
  return i;
}

}  // namespace mmsb::avx512

#endif
