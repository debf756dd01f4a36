// A batch of pages that one built-in kernel computes: `KernelBatch` (engine/graph/kernels/kernel-runner.ts) with its fields one by one.
#include <algorithm>

#include "arguments.hpp"
#include "functions.hpp"
#include "mmsb/kernel_level.hpp"
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

/** What the function is asked to do: bits of `flags`. */
constexpr std::uint64_t flag_checks_results = 1;
constexpr std::uint64_t flag_keeps = 2;
/** Of `runWordLevels`. */
constexpr std::uint64_t flag_writes_down = 1;

napi_value run_kernel_level(napi_env env, napi_callback_info info) {
  arguments in(env, info, "runKernelLevel");
  std::vector<std::span<std::uint8_t>> memory;
  kernel_level level{};
  level.pages = in.pages(0, memory);
  const kernel spec = read_kernel(in, 4);
  const std::uint64_t flags = in.integer(8, "flags", 3);
  level.checks_results = (flags & flag_checks_results) != 0;
  level.place = in.u32(9, "place");
  level.list = in.u32(10, "list");
  const std::uint64_t from = in.integer(11, "from");
  const std::uint64_t to = in.integer(12, "to");
  level.start = in.u32(13, "start");
  level.count = in.u32(14, "count");
  level.pool = in.u32(15, "pool");
  level.result = in.u8(16, "result");
  level.state = in.u8(17, "state");
  // Runs and bytes in the journal before and after, then rows that have failed.
  const auto counts = in.u32(18, "counts");
  if (!in.rows(from, to, level.list.size(), "list") || !in.rows(from, to, level.result.size(), "result") ||
      !in.within(0, 3, counts.size(), "counts"))
    return nullptr;
  run_journal journal{};
  if ((flags & flag_keeps) != 0) {
    journal.run_offset = in.u32(19, "runOffset");
    journal.run_length = in.u32(20, "runLength");
    journal.bytes = in.u8(21, "bytes");
    journal.run_from = in.u32(22, "runFrom");
    journal.run_to = in.u32(23, "runTo");
    journal.before_at = in.u32(24, "beforeAt");
    journal.runs = in.ok() ? load_once(counts.data()) : 0;
    journal.used = in.ok() ? load_once(counts.data() + 1) : 0;
    const std::size_t rows = std::min({journal.run_from.size(), journal.run_to.size(), journal.before_at.size()});
    if (!in.rows(from, to, rows, "runFrom") || !in.within(0, journal.used, journal.bytes.size(), "bytes") ||
        !in.within(0, journal.runs, std::min(journal.run_offset.size(), journal.run_length.size()), "runOffset"))
      return nullptr;
    const std::size_t runs = std::min(journal.run_offset.size(), journal.run_length.size());
    journal.run_offset = journal.run_offset.first(runs);
    level.journal = &journal;
  }
  for (const auto arena : memory) {
    if (!is_aligned(arena.data())) in.refuse("pages.arenas", "holds one that begins at no multiple of 8");
  }
  if (!in.ok()) return nullptr;

  const level_end end = run_level(spec, level, from, to);
  counts[0] = static_cast<std::uint32_t>(journal.runs);
  counts[1] = static_cast<std::uint32_t>(journal.used);
  counts[2] += static_cast<std::uint32_t>(end.failures);
  if (end.why == level_stop::bad_row) {
    in.refuse("list", "names a page, or an input, whose bytes are not there");
    return nullptr;
  }
  return in.number(static_cast<double>(end.row));
}

napi_value run_word_levels(napi_env env, napi_callback_info info) {
  arguments in(env, info, "runWordLevels");
  std::vector<std::span<std::uint8_t>> memory;
  kernel_level level{};
  level.pages = in.pages(0, memory);
  const kernel spec = read_kernel(in, 4);
  const bool writes_down = in.integer(8, "flags", flag_writes_down) == flag_writes_down;
  level.place = in.u32(9, "place");
  level.list = in.u32(10, "list");
  const auto bounds = in.u32(11, "bounds");
  const std::uint64_t from = in.integer(12, "from");
  const std::uint64_t to = in.integer(13, "to");
  level.start = in.u32(14, "start");
  level.count = in.u32(15, "count");
  level.pool = in.u32(16, "pool");
  level.result = in.u8(17, "result");
  level.state = in.u8(18, "state");
  level.epoch = in.f64(19, "epoch");
  level.changed = in.u32(20, "changed");
  level.stamp = static_cast<std::uint32_t>(in.integer(21, "stamp"));
  // The last level, its rows that are done and those that have changed; then the rows written down, before and after.
  const auto counts = in.u32(22, "counts");
  if (!in.rows(from, to, bounds.empty() ? 0 : bounds.size() - 1, "bounds") || !in.within(0, 4, counts.size(), "counts")) return nullptr;
  word_rows rows{};
  if (writes_down) {
    rows.slot = in.u32(23, "rowSlot");
    const auto now = in.f64(24, "rowNow");
    const auto before = in.f64(25, "rowBefore");
    rows.now = {reinterpret_cast<std::uint64_t*>(now.data()), now.size()};
    rows.before = {reinterpret_cast<std::uint64_t*>(before.data()), before.size()};
    rows.count = in.ok() ? load_once(counts.data() + 3) : 0;
    if (!in.within(0, rows.count, std::min({rows.slot.size(), rows.now.size(), rows.before.size()}), "rowSlot")) return nullptr;
  }
  if (!in.ok()) return nullptr;

  const levels_end end = run_word_levels(spec, level, bounds, from, to, writes_down ? &rows : nullptr);
  counts[0] = static_cast<std::uint32_t>(end.level);
  counts[1] = static_cast<std::uint32_t>(end.row);
  counts[2] = static_cast<std::uint32_t>(end.changes);
  counts[3] = static_cast<std::uint32_t>(rows.count);
  if (end.why == level_stop::bad_row) in.refuse("bounds", "name rows that are not there");
  return in.undefined();
}

}  // namespace

std::span<const entry> kernel_functions() noexcept {
  static constexpr entry entries[] = {{"runKernel", guarded<run_kernel>}, {"runKernelLevel", guarded<run_kernel_level>},
                                      {"runWordLevels", guarded<run_word_levels>}};
  return entries;
}

}  // namespace mmsb::binding
