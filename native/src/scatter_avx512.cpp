// Compiled with AVX-512: includes nothing of ours that other files share and the linker could pick.
#include "scatter_avx512.hpp"

#if defined(__AVX512BW__)

#include <immintrin.h>

#include <cstring>

namespace mmsb::avx512 {
namespace {

/** From so many runs on it pays to look whether each is a single byte. */
constexpr std::size_t bytes_from = 8;
constexpr std::size_t lanes = 16;

/** The columns may be shared memory: loaded once, checked, and then used. */
inline std::uint64_t once(const std::uint32_t* at) noexcept { return *static_cast<const volatile std::uint32_t*>(at); }

bool all_ones(const std::uint32_t* length, std::size_t count) noexcept {
  const __m512i one = _mm512_set1_epi32(1);
  for (std::size_t i = 0; i < count; i += lanes) {
    const auto there = static_cast<__mmask16>(_bzhi_u32(0xffff, static_cast<unsigned>(count - i < lanes ? count - i : lanes)));
    if (_mm512_mask_cmpneq_epi32_mask(there, _mm512_maskz_loadu_epi32(there, length + i), one) != 0) return false;
  }
  return true;
}

}  // namespace

std::int64_t scatter(const std::uint32_t* offset, const std::uint32_t* length, std::size_t count, const std::uint8_t* payload,
                     std::size_t payload_bytes, std::uint8_t* page, std::size_t page_bytes) noexcept {
  if (count >= bytes_from && count <= payload_bytes && all_ones(length, count)) {
    for (std::size_t i = 0; i < count; ++i) {
      const std::uint64_t at = once(offset + i);
      if (at >= page_bytes) [[unlikely]] return -1;
      page[at] = payload[i];
    }
    return static_cast<std::int64_t>(count);
  }
  const std::uint8_t* from = payload;
  std::uint64_t left = payload_bytes;
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint64_t at = once(offset + i);
    const std::uint64_t size = once(length + i);
    if (at + size > page_bytes || size > left) [[unlikely]] return -1;
    if (size <= 32) {
      const auto there = static_cast<__mmask32>(_bzhi_u32(~0u, static_cast<unsigned>(size)));
      _mm256_mask_storeu_epi8(page + at, there, _mm256_maskz_loadu_epi8(there, from));
    } else if (size <= 64) {
      const auto there = static_cast<__mmask32>(_bzhi_u32(~0u, static_cast<unsigned>(size - 32)));
      const __m256i head = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from));
      const __m256i tail = _mm256_maskz_loadu_epi8(there, from + 32);
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(page + at), head);
      _mm256_mask_storeu_epi8(page + at + 32, there, tail);
    } else {
      std::memmove(page + at, from, size);
    }
    from += size;
    left -= size;
  }
  return from - payload;
}

}  // namespace mmsb::avx512

#endif
