#include <algorithm>
#include <bit>

#include "mmsb/copy.hpp"
#include "rice.hpp"

namespace mmsb {
namespace {

constexpr std::uint64_t two_32 = 1ULL << 32;

}  // namespace

std::int64_t bit_reader::finish() const noexcept {
  if (bit_ == 0) return static_cast<std::int64_t>(byte_);
  return bytes_[byte_] >> bit_ == 0 ? static_cast<std::int64_t>(byte_ + 1) : -1;
}

/** Up to three bytes from `at`, lowest first; zeros from the end on. */
std::uint32_t bit_reader::word_before(std::uint64_t at) const noexcept {
  if (at + 4 <= end_) return load<std::uint32_t>(bytes_ + at) & 0xff'ffff;
  std::uint32_t word = 0;
  for (std::uint32_t i = 0; i < 3 && at + i < end_; ++i) word |= static_cast<std::uint32_t>(bytes_[at + i]) << (8 * i);
  return word;
}

bool bit_reader::read_column(std::size_t count, std::uint32_t mode, std::uint32_t zero_runs,
                             std::uint32_t* symbols) noexcept {
  return mode == column_zero_runs ? read_zero_run_column(count, zero_runs >> 4, zero_runs & 15, symbols)
                                  : read_rice_column(count, mode, symbols);
}

/** The low `k` bits of every symbol, then of each the rest in unary. */
bool bit_reader::read_rice_column(std::size_t count, std::uint32_t k, std::uint32_t* symbols) noexcept {
  const std::uint32_t mask = (1u << k) - 1;
  std::uint64_t low_bit = byte_ * 8 + bit_;
  const std::uint64_t low_bits = bit_ + static_cast<std::uint64_t>(count) * k;
  std::uint64_t unary_at = byte_ + low_bits / 8;
  const auto used = static_cast<std::uint32_t>(low_bits % 8);
  if (unary_at >= end_) return fail_at(end_);
  std::uint32_t word = used == 0 ? 0 : static_cast<std::uint32_t>(bytes_[unary_at++]) >> used;
  std::uint32_t word_bits = used == 0 ? 0 : 8 - used;
  for (std::size_t i = 0; i < count; ++i) {
    std::uint64_t quotient = 0;
    while (word == 0) {
      quotient += word_bits;
      // Four bytes, then single ones: a corrupt symbol is reported at the same byte as the reference reports it.
      if (unary_at + 4 <= end_) {
        word = load<std::uint32_t>(bytes_ + unary_at);
        word_bits = 32;
        unary_at += 4;
      } else if (unary_at < end_) {
        word = bytes_[unary_at++];
        word_bits = 8;
      } else {
        return fail_at(end_);
      }
    }
    const auto zeros = static_cast<std::uint32_t>(std::countr_zero(word));
    word = (word >> zeros) >> 1;
    word_bits -= zeros + 1;
    quotient += zeros;
    std::uint64_t symbol = quotient;
    if (k != 0) {
      const std::uint32_t low = (word_before(low_bit / 8) >> (low_bit % 8)) & mask;
      low_bit += k;
      symbol = quotient << k | low;
    }
    if (symbol >= two_32) return fail_at(unary_at - 1);
    symbols[i] = static_cast<std::uint32_t>(symbol);
  }
  byte_ = unary_at - ((word_bits + 7) >> 3);
  bit_ = (0u - word_bits) & 7;
  return true;
}

/** One Rice number: the quotient in unary, then the low `k` bits. -1: it does not end before the end. */
std::int64_t bit_reader::read_rice(std::uint32_t k) noexcept {
  std::uint64_t quotient = 0;
  while (true) {
    if (byte_ >= end_) return -1;
    const std::uint32_t rest = static_cast<std::uint32_t>(bytes_[byte_]) >> bit_;
    if (rest != 0) {
      const auto zeros = static_cast<std::uint32_t>(std::countr_zero(rest));
      quotient += zeros;
      bit_ += zeros + 1;
      break;
    }
    quotient += 8 - bit_;
    ++byte_;
    bit_ = 0;
  }
  byte_ += bit_ >> 3;
  bit_ &= 7;
  if (byte_ * 8 + bit_ + k > end_ * 8) return -1;
  const std::uint32_t low = (word_before(byte_) >> bit_) & ((1u << k) - 1);
  bit_ += k;
  byte_ += bit_ >> 3;
  bit_ &= 7;
  return static_cast<std::int64_t>(quotient << k | low);
}

/** How many zeros, then a symbol less 1, and so on. */
bool bit_reader::read_zero_run_column(std::size_t count, std::uint32_t zero_run_k, std::uint32_t value_k,
                                      std::uint32_t* symbols) noexcept {
  std::size_t i = 0;
  while (true) {
    const std::int64_t zeros = read_rice(zero_run_k);
    if (zeros < 0) return fail_at(end_);
    if (static_cast<std::uint64_t>(zeros) > count - i) return fail_at(std::min(byte_, end_ - 1));
    std::fill_n(symbols + i, zeros, 0u);
    i += static_cast<std::size_t>(zeros);
    if (i == count) return true;
    const std::int64_t value = read_rice(value_k) + 1;
    if (value == 0) return fail_at(end_);
    if (static_cast<std::uint64_t>(value) >= two_32) return fail_at(std::min(byte_, end_ - 1));
    symbols[i++] = static_cast<std::uint32_t>(value);
  }
}

}  // namespace mmsb
