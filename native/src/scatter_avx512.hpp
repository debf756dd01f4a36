// Scattering the bytes of runs for processors with AVX-512; call it only where `cpu().avx512`.
#pragma once

#include <cstddef>
#include <cstdint>

namespace mmsb::avx512 {

/**
 * `apply_runs` where every run lies inside the page and the payload: runs of up to 64 bytes without a branch that depends on a length (those
 * of short runs are what no branch predictor guesses), and without reading the page. Returns the bytes written, or -1 where a run lies
 * outside (the runs before it may have been written then).
 */
std::int64_t scatter(const std::uint32_t* offset, const std::uint32_t* length, std::size_t count, const std::uint8_t* payload,
                     std::size_t payload_bytes, std::uint8_t* page, std::size_t page_bytes) noexcept;

}  // namespace mmsb::avx512
