// The tiny runner of the C++ tests: each file is a program, `main` calls its tests and returns `failures()`.
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>

namespace mmsb::test {

inline int failure_count = 0;

inline int failures() { return failure_count == 0 ? 0 : 1; }

inline bool fail(const char* what, const char* file, int line) {
  ++failure_count;
  std::fprintf(stderr, "%s:%d: failed: %s\n", file, line, what);
  return false;
}

/** xorshift64*: the same numbers everywhere, from a seed that a failing test prints (MMSB_TEST_SEED sets it). */
class prng {
 public:
  explicit prng(std::uint64_t seed) : state_(seed * 2 + 1) {}
  std::uint64_t next() {
    state_ ^= state_ >> 12;
    state_ ^= state_ << 25;
    state_ ^= state_ >> 27;
    return state_ * 0x2545f4914f6cdd1dULL;
  }
  std::uint32_t below(std::uint32_t limit) { return static_cast<std::uint32_t>((next() >> 32) * limit >> 32); }

 private:
  std::uint64_t state_;
};

inline std::uint64_t seed() {
  const char* given = std::getenv("MMSB_TEST_SEED");
  return given == nullptr ? 1 : std::strtoull(given, nullptr, 10);
}

}  // namespace mmsb::test

/** Counts and reports; false where the condition does not hold. */
#define CHECK(condition) ((condition) || mmsb::test::fail(#condition, __FILE__, __LINE__))
