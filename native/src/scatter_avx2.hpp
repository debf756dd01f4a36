// Scattering the bytes of a few short runs, for processors with AVX2; call it only where `cpu().avx2`.
#pragma once

#include <cstddef>
#include <cstdint>

namespace mmsb::avx2 {

/** Most runs that `scatter_short` takes. */
constexpr std::size_t most_short_runs = 64;

/**
 * `apply_runs` for 2 to 64 runs of at most 32 bytes that lie well inside the page and the payload, without a branch that depends on a
 * length: those of short runs are what no branch predictor guesses. Returns the bytes written, or -1 where the runs are not like that (then
 * nothing was written). It may write bytes behind a run back as they were, inside the page: one writer a page is the rule.
 */
std::int64_t scatter_short(const std::uint32_t* offset, const std::uint32_t* length, std::size_t count,
                           const std::uint8_t* payload, std::size_t payload_bytes, std::uint8_t* page,
                           std::size_t page_bytes) noexcept;

}  // namespace mmsb::avx2
