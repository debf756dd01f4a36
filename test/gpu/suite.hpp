// The correctness suite of the CUDA library: fresh random inputs from a seed that is printed, outputs poisoned before each kernel, plain
// loops on the CPU as the oracle.
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "mmsb/cuda.h"

namespace suite {

using bytes = std::vector<std::uint8_t>;

struct prng {
  std::uint64_t state;
  std::uint64_t next() {
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    return state * 0x2545f4914f6cdd1dULL;
  }
  std::uint32_t below(std::uint32_t limit) { return static_cast<std::uint32_t>((next() >> 32) * limit >> 32); }
  bytes draw(std::size_t count) {
    bytes drawn(count);
    for (std::uint8_t& b : drawn) b = static_cast<std::uint8_t>(next() >> 40);
    return drawn;
  }
};

extern int checks, failures;
/** Fewer rounds of everything: under a tool that makes each launch many times slower. */
extern bool quick;
inline int rounds(int usual) { return quick ? usual / 8 + 1 : usual; }
extern prng dice;
extern mmsb_cuda_device* device;

inline void expect(bool holds, const std::string& what) {
  ++checks;
  if (holds) return;
  if (++failures <= 40) std::printf("FAILED  %s\n", what.c_str());
}

/** A call that must succeed. */
void must(std::int32_t code, const mmsb_cuda_error& error, const char* call);
#define MUST(call, ...)                                  \
  do {                                                   \
    mmsb_cuda_error problem{};                           \
    suite::must(call(__VA_ARGS__, &problem), problem, #call); \
  } while (0)

/** A page that is freed with its scope. */
struct page {
  std::uint32_t handle = 0;
  explicit page(std::size_t size, std::int32_t memory = MMSB_CUDA_DEVICE) { MUST(mmsb_cuda_page_create, device, memory, 7, size, nullptr, &handle); }
  page(const bytes& content, std::int32_t memory = MMSB_CUDA_DEVICE) : page(content.size(), memory) { write(content); }
  ~page() {
    mmsb_cuda_error ignored{};
    mmsb_cuda_page_free(device, handle, &ignored);
  }
  page(const page&) = delete;
  page(page&& other) = delete;
  void write(const bytes& content) const { MUST(mmsb_cuda_write, device, handle, 0, content.data(), content.size()); }
  bytes read(std::size_t size) const {
    bytes out(size, 0xcd);
    MUST(mmsb_cuda_read, device, handle, 0, out.data(), size);
    return out;
  }
};

void test_memory();
void test_kernels();
void test_graph();

}  // namespace suite
