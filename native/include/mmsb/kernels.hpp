// The built-in kernels of the graph. What each computes, and in which order, is written in engine/graph/kernels/kernel-spec.ts: same bits.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace mmsb {

// In the order of the lists in engine/graph/kernels/native-kernels.ts.
enum class kernel_kind : std::uint8_t { sum, min, max, map, zip, matmul, scan, histogram, copy };
enum class kernel_element : std::uint8_t { f64, f32, i32, u32 };
enum class map_operation : std::uint8_t { affine, negate, absolute, square, sqrt, relu };
enum class zip_operation : std::uint8_t { add, subtract, multiply, divide, min, max };

struct kernel {
  kernel_kind kind;
  kernel_element element;
  map_operation map;
  zip_operation zip;
  /** sum, min, max: over all elements of all inputs instead of element by element. */
  bool over_elements;
  /** map: scale and offset; histogram: low and high. */
  double a, b;
  /** matmul: 1 .. 2^20 each. */
  std::uint64_t rows, inner, columns;
};

/** The bytes of a page; they begin at a multiple of 8. */
using kernel_input = std::span<const std::uint8_t>;

/**
 * Computes one page: `out` is all of its new bytes, at a multiple of 8. False, and nothing of it has changed, where an input is missing or too
 * short. Inputs that lie over `out` give some bytes or other.
 */
using kernel_function = bool (*)(const kernel& spec, std::span<const kernel_input> inputs, std::span<std::uint8_t> out);

/** The function for all pages of this kernel. */
kernel_function find_kernel(const kernel& spec) noexcept;

}  // namespace mmsb
