// Columns of symbols inside a run section: reader and writer (engine/accel/rice-reader.ts, rice-writer.ts).
#pragma once

#include <cstddef>
#include <cstdint>

namespace mmsb {

constexpr std::uint32_t max_rice = 13;
constexpr std::uint32_t column_zero_runs = 14;
constexpr std::uint32_t column_constant = 15;

/** Reads bits from the lowest of a byte up, never at or beyond `end`. */
class bit_reader {
 public:
  bit_reader(const std::uint8_t* bytes, std::uint64_t at, std::uint64_t end) noexcept
      : bytes_(bytes), end_(end), byte_(at) {}

  /** Column written as `mode` says (not `column_constant`). False: corrupt at `byte()`. */
  bool read_column(std::size_t count, std::uint32_t mode, std::uint32_t zero_runs, std::uint32_t* symbols) noexcept;

  /** The byte after the last bit, or -1 where the rest of its byte is not zero. */
  std::int64_t finish() const noexcept;

  /** Byte at which reading stopped. */
  std::uint64_t byte() const noexcept { return byte_; }

 private:
  bool read_rice_column(std::size_t count, std::uint32_t k, std::uint32_t* symbols) noexcept;
  bool read_zero_run_column(std::size_t count, std::uint32_t zero_run_k, std::uint32_t value_k,
                            std::uint32_t* symbols) noexcept;
  std::int64_t read_rice(std::uint32_t k) noexcept;
  std::uint32_t word_before(std::uint64_t at) const noexcept;
  bool fail_at(std::uint64_t at) noexcept {
    byte_ = at;
    return false;
  }

  const std::uint8_t* bytes_;
  std::uint64_t end_;
  std::uint64_t byte_;
  std::uint32_t bit_ = 0;
};

/** The cheapest way to write a column. `bits` counts the column's own byte of parameters. */
struct column_plan {
  std::uint32_t mode = column_constant;
  std::uint32_t zero_runs = 0;
  std::uint64_t bits = 0;
};

/** Of a column of at least one symbol whose sum and number of non-zeros are given. Throws std::bad_alloc. */
column_plan plan_column(const std::uint32_t* symbols, std::size_t count, std::uint64_t sum, std::size_t non_zero);

/** Writes bits from the lowest of a byte up. Never beyond the byte of the last bit. */
class bit_writer {
 public:
  explicit bit_writer(std::uint8_t* at) noexcept : at_(at) {}

  /** Throws std::bad_alloc. */
  void write_column(const std::uint32_t* symbols, std::size_t count, const column_plan& plan);

  /** Fills the last byte with zeros; returns the byte after it. */
  std::uint8_t* finish() noexcept;

 private:
  void put(std::uint64_t value, std::uint32_t bits) noexcept;
  void put_zeros(std::uint64_t count) noexcept;
  void write_rice(std::uint32_t value, std::uint32_t k) noexcept;

  std::uint8_t* at_;
  std::uint64_t word_ = 0;
  std::uint32_t bits_ = 0;
};

}  // namespace mmsb
