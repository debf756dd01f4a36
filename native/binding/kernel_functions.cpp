// A batch of pages that one built-in kernel computes: `KernelBatch` (engine/graph/kernels/kernel-runner.ts) with its fields one by one.
#include <algorithm>

#include "arguments.hpp"
#include "functions.hpp"
#include "mmsb/kernels.hpp"

namespace mmsb::binding {
namespace {

constexpr std::uintptr_t alignment = 8;

bool is_aligned(const void* pointer) noexcept { return reinterpret_cast<std::uintptr_t>(pointer) % alignment == 0; }

/** Arguments `position` .. `position + 3`: kind, element, operation (for reductions 1 means over elements) and three parameters. */
kernel read_kernel(arguments& in, std::size_t position) {
  kernel spec{};
  spec.kind = static_cast<kernel_kind>(in.integer(position, "kind", static_cast<unsigned>(kernel_kind::copy)));
  spec.element = static_cast<kernel_element>(in.integer(position + 1, "element", static_cast<unsigned>(kernel_element::u32)));
  const bool has_six = spec.kind == kernel_kind::map || spec.kind == kernel_kind::zip;
  const std::uint64_t operation = in.integer(position + 2, "operation", has_six ? 5 : 1);
  spec.map = static_cast<map_operation>(operation);
  spec.zip = static_cast<zip_operation>(operation);
  spec.over_elements = operation == 1;
  const auto parameters = in.f64(position + 3, "parameters");
  if (!in.within(0, 3, parameters.size(), "parameters")) return spec;
  if (spec.kind != kernel_kind::matmul) {
    spec.a = load_once(parameters.data());
    spec.b = load_once(parameters.data() + 1);
    return spec;
  }
  std::uint64_t sides[3] = {};
  for (std::size_t i = 0; i < 3; ++i) {
    const double side = load_once(parameters.data() + i);
    // false for NaN as well
    if (!(side >= 1 && side <= 1 << 20)) {
      in.refuse("parameters", "holds a side of a matrix that is not 1 .. 2^20");
      return spec;
    }
    sides[i] = static_cast<std::uint64_t>(side);
  }
  spec.rows = sides[0];
  spec.inner = sides[1];
  spec.columns = sides[2];
  return spec;
}

napi_value run_kernel(napi_env env, napi_callback_info info) {
  arguments in(env, info, "runKernel");
  std::vector<std::span<std::uint8_t>> memory;
  const page_spans pages = in.pages(0, memory);
  const kernel spec = read_kernel(in, 4);
  const auto slot = in.u32(8, "slot");
  const std::uint64_t rows = in.integer(9, "rows");
  const auto input_start = in.u32(10, "inputStart");
  const auto inputs = in.u32(11, "inputs");
  const auto out = in.u8(12, "out");
  const auto out_at = in.u32(13, "outAt");
  const auto refused = in.u8(14, "refused");
  if (!in.rows(0, rows, slot.size(), "slot") || !in.rows(1, rows + 1, input_start.size(), "inputStart") ||
      !in.rows(0, rows, out_at.size(), "outAt") || !in.rows(0, rows, refused.size(), "refused"))
    return nullptr;
  for (const auto arena : memory) {
    if (!is_aligned(arena.data())) in.refuse("pages.arenas", "holds one that begins at no multiple of 8");
  }
  if (!is_aligned(out.data())) in.refuse("out", "begins at no multiple of 8");
  if (!in.ok()) return nullptr;

  const kernel_function compute = find_kernel(spec);
  std::vector<kernel_input> operands;
  std::uint64_t from = load_once(input_start.data());
  for (std::uint64_t row = 0; row < rows; ++row) {
    const std::uint64_t to = load_once(input_start.data() + row + 1);
    if (!in.rows(from, to, inputs.size(), "inputs")) return nullptr;
    operands.resize(to - from);
    for (kernel_input& operand : operands) {
      operand = pages.find(load_once(inputs.data() + from++));
      if (operand.data() == nullptr || !is_aligned(operand.data())) {
        in.refuse("inputs", "name a page whose bytes are not there");
        return nullptr;
      }
    }
    const std::span<std::uint8_t> page = pages.find(load_once(slot.data() + row));
    const std::uint64_t at = load_once(out_at.data() + row);
    if (page.data() == nullptr) in.refuse("slot", "names a page whose bytes are not there");
    if (at % alignment != 0) in.refuse("outAt", "is no multiple of 8");
    if (!in.within(at, page.size(), out.size(), "out")) return nullptr;
    refused[row] = compute(spec, operands, out.subspan(at, page.size())) ? 0 : 1;
  }
  return in.undefined();
}

}  // namespace

std::span<const entry> kernel_functions() noexcept {
  static constexpr entry entries[] = {{"runKernel", guarded<run_kernel>}};
  return entries;
}

}  // namespace mmsb::binding
