#include <algorithm>
#include <bit>
#include <vector>

#include "mmsb/copy.hpp"
#include "rice.hpp"

namespace mmsb {
namespace {

struct rice_choice {
  std::uint32_t k;
  std::uint64_t bits;
};

/** The k that takes the fewest bits, of the three that the rule in rice-writer.ts names. */
rice_choice best_rice(const std::uint32_t* symbols, std::size_t count, std::uint64_t sum) noexcept {
  const std::uint64_t mean = sum / count;
  const std::uint32_t middle = mean == 0 ? 0 : static_cast<std::uint32_t>(std::bit_width(mean)) - 1;
  const std::uint32_t low = std::min(max_rice, middle == 0 ? 0 : middle - 1);
  std::uint64_t quotients0 = 0;
  std::uint64_t quotients1 = 0;
  std::uint64_t quotients2 = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint32_t quotient = symbols[i] >> low;
    quotients0 += quotient;
    quotients1 += quotient >> 1;
    quotients2 += quotient >> 2;
  }
  rice_choice best{low, quotients0 + count * (low + 1)};
  const std::uint64_t bits1 = quotients1 + count * (low + 2);
  if (bits1 < best.bits && low + 1 <= max_rice) best = {low + 1, bits1};
  const std::uint64_t bits2 = quotients2 + count * (low + 3);
  if (bits2 < best.bits && low + 2 <= max_rice) best = {low + 2, bits2};
  return best;
}

/** A column as zero runs (one more than there are other symbols) and those symbols less 1. Grows with the longest list seen. */
struct split_column {
  std::vector<std::uint32_t> zero_runs;
  std::vector<std::uint32_t> values;

  void take(const std::uint32_t* symbols, std::size_t count) {
    zero_runs.clear();
    values.clear();
    std::uint32_t zeros = 0;
    for (std::size_t i = 0; i < count; ++i) {
      if (symbols[i] == 0) {
        ++zeros;
        continue;
      }
      zero_runs.push_back(zeros);
      values.push_back(symbols[i] - 1);
      zeros = 0;
    }
    zero_runs.push_back(zeros);
  }
};

thread_local split_column split;

}  // namespace

column_plan plan_column(const std::uint32_t* symbols, std::size_t count, std::uint64_t sum, std::size_t non_zero) {
  const rice_choice rice = best_rice(symbols, count, sum);
  column_plan plan{rice.k, 0, rice.bits};
  if (non_zero == 0 || non_zero * 4 > count) return plan;
  split.take(symbols, count);
  const rice_choice zeros = best_rice(split.zero_runs.data(), split.zero_runs.size(), count - split.values.size());
  const rice_choice values = best_rice(split.values.data(), split.values.size(), sum - split.values.size());
  const std::uint64_t bits = 8 + zeros.bits + values.bits;
  if (bits >= plan.bits) return plan;
  return {column_zero_runs, zeros.k << 4 | values.k, bits};
}

/** Up to 56 bits. At most 7 are pending. */
inline void bit_writer::put(std::uint64_t value, std::uint32_t bits) noexcept {
  word_ |= value << bits_;
  bits_ += bits;
  for (; bits_ >= 8; bits_ -= 8) {
    *at_++ = static_cast<std::uint8_t>(word_);
    word_ >>= 8;
  }
}

inline void bit_writer::put_zeros(std::uint64_t count) noexcept {
  for (; count > 48; count -= 48) put(0, 48);
  put(0, static_cast<std::uint32_t>(count));
}

/** Quotient in unary, then the low bits. */
void bit_writer::write_rice(std::uint32_t value, std::uint32_t k) noexcept {
  put_zeros(value >> k);
  put((static_cast<std::uint64_t>(value & ((1u << k) - 1)) << 1) | 1, k + 1);
}

void bit_writer::write_column(const std::uint32_t* symbols, std::size_t count, const column_plan& plan) {
  if (plan.mode == column_constant) return;
  if (plan.mode == column_zero_runs) {
    split.take(symbols, count);
    const std::uint32_t zero_k = plan.zero_runs >> 4;
    const std::uint32_t value_k = plan.zero_runs & 15;
    for (std::size_t i = 0; i < split.values.size(); ++i) {
      write_rice(split.zero_runs[i], zero_k);
      write_rice(split.values[i], value_k);
    }
    write_rice(split.zero_runs.back(), zero_k);
    return;
  }
  const std::uint32_t k = plan.mode;
  const std::uint32_t mask = (1u << k) - 1;
  if (k > 0) {
    // four symbols of at most 13 bits at once
    std::size_t i = 0;
    for (; i + 4 <= count; i += 4) {
      const std::uint64_t four = static_cast<std::uint64_t>(symbols[i] & mask) |
                                 static_cast<std::uint64_t>(symbols[i + 1] & mask) << k |
                                 static_cast<std::uint64_t>(symbols[i + 2] & mask) << (2 * k) |
                                 static_cast<std::uint64_t>(symbols[i + 3] & mask) << (3 * k);
      put(four, 4 * k);
    }
    for (; i < count; ++i) put(symbols[i] & mask, k);
  }
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint32_t quotient = symbols[i] >> k;
    if (quotient < 48) {
      put(1ULL << quotient, quotient + 1);
    } else {
      put_zeros(quotient);
      put(1, 1);
    }
  }
}

std::uint8_t* bit_writer::finish() noexcept {
  if (bits_ == 0) return at_;
  *at_++ = static_cast<std::uint8_t>(word_);
  word_ = 0;
  bits_ = 0;
  return at_;
}

}  // namespace mmsb
