// The kernels whose result the program wants to see (runs, checksums, hashes), and those of the graph.
#include <algorithm>
#include <array>

#include "device.hpp"

namespace mmsb::cuda {

/** Device memory for the time of one call. It only grows; the call before it is over, because every call that uses it waits. */
buffer& device::scratch(std::size_t bytes) {
  if (scratch_.size() < bytes) scratch_ = buffer(memory_kind::device, std::max(bytes, scratch_.size() * 3 / 2));
  return scratch_;
}

const kernels::segment* device::stage_pages(const staging::lease& slot, const std::uint32_t* handle, std::uint32_t count, const char* operation) {
  auto* rows = reinterpret_cast<kernels::segment*>(slot.data());
  for (std::uint32_t i = 0; i < count; ++i) {
    const page& read = page_of(handle[i], operation);
    rows[i] = {0, reinterpret_cast<std::uint64_t>(read.at), read.bytes};
  }
  return reinterpret_cast<const kernels::segment*>(slot.for_kernel(count * sizeof(kernels::segment)));
}

void device::crc32c(const std::uint32_t* handle, std::uint32_t count, std::uint32_t* crc) {
  if (count == 0) return;
  const staging::lease slot = staging_.acquire(count * sizeof(kernels::segment));
  const kernels::segment* rows = stage_pages(slot, handle, count, "crc32c");
  buffer& results = scratch(count * 4ull);
  std::uint64_t bytes = 0;
  for (std::uint32_t i = 0; i < count; ++i) bytes += pages_[handle[i]].bytes;
  auto begun = statistics_.begin(stream_.get());
  kernels::crc32c(rows, count, reinterpret_cast<std::uint32_t*>(results.data()), reinterpret_cast<const std::uint32_t*>(crc_tables_.data()), stream_.get());
  check_launch("launch (crc32c)");
  end(std::move(begun), MMSB_CUDA_OP_CRC32C, bytes, count, only_page(handle, count));
  copy_noted(crc, results.data(), count * 4ull, false, page{});
  stream_.wait();
}

void device::sha256(const std::uint32_t* handle, std::uint32_t count, std::uint8_t* digest) {
  if (count == 0) return;
  const staging::lease slot = staging_.acquire(count * sizeof(kernels::segment));
  const kernels::segment* rows = stage_pages(slot, handle, count, "sha256");
  buffer& results = scratch(count * 32ull);
  std::uint64_t bytes = 0;
  for (std::uint32_t i = 0; i < count; ++i) bytes += pages_[handle[i]].bytes;
  auto begun = statistics_.begin(stream_.get());
  kernels::sha256(rows, count, results.data(), stream_.get());
  check_launch("launch (sha256)");
  end(std::move(begun), MMSB_CUDA_OP_SHA256, bytes, count, only_page(handle, count));
  copy_noted(digest, results.data(), count * 32ull, false, page{});
  stream_.wait();
}

void device::diff(const std::uint32_t* before, const std::uint32_t* after, std::uint32_t count, std::uint32_t* run_start, std::uint32_t* run_offset,
                  std::uint32_t* run_length, std::uint32_t capacity) {
  run_start[0] = 0;
  if (count == 0) return;
  const std::size_t size = count * sizeof(kernels::page_pair);
  const staging::lease slot = staging_.acquire(size);
  auto* staged = reinterpret_cast<kernels::page_pair*>(slot.data());
  std::uint64_t words = 0, bytes = 0;
  for (std::uint32_t i = 0; i < count; ++i) {
    const page& a = page_of(before[i], "diff");
    const page& b = page_of(after[i], "diff");
    if (a.bytes != b.bytes) refuse("diff", "row " + std::to_string(i) + " names pages of different sizes");
    staged[i] = {reinterpret_cast<std::uint64_t>(a.at), reinterpret_cast<std::uint64_t>(b.at), a.bytes, words};
    words += (a.bytes + 15) / 16;
    bytes += a.bytes;
  }
  const auto* pairs = reinterpret_cast<const kernels::page_pair*>(slot.for_kernel(size));
  const std::size_t bits_bytes = (words * 2 + 255) / 256 * 256, start_bytes = ((count + 1) * 4ull + 255) / 256 * 256;
  buffer& memory = scratch(bits_bytes + start_bytes + capacity * 8ull);
  auto* bits = reinterpret_cast<std::uint16_t*>(memory.data());
  auto* starts = reinterpret_cast<std::uint32_t*>(memory.data() + bits_bytes);
  auto* offsets = reinterpret_cast<std::uint32_t*>(memory.data() + bits_bytes + start_bytes);
  auto* lengths = offsets + capacity;
  auto begun = statistics_.begin(stream_.get());
  kernels::diff_count(pairs, count, bits, starts, stream_.get());
  kernels::diff_emit(pairs, count, bits, starts, offsets, lengths, capacity, stream_.get());
  check_launch("launch (diff)");
  end(std::move(begun), MMSB_CUDA_OP_DIFF, 2 * bytes + 2 * bits_bytes, count, only_page(after, count));
  copy_noted(run_start, starts, (count + 1) * 4ull, false, page{});
  stream_.wait();
  const std::uint32_t held = std::min(run_start[count], capacity);
  if (held == 0) return;
  copy_noted(run_offset, offsets, held * 4ull, false, page{});
  copy_noted(run_length, lengths, held * 4ull, false, page{});
  stream_.wait();
}

namespace {

std::uint64_t element_bytes(unsigned type) { return type == MMSB_CUDA_F64 ? 8 : 4; }

/** Bytes that the job needs of out, a and b. */
struct extent {
  std::uint64_t out, a, b;
};

extent extent_of(const mmsb_cuda_job& job) {
  const std::uint64_t e = element_bytes(job.type), n = job.count;
  switch (job.op) {
    case MMSB_CUDA_SUM:
    case MMSB_CUDA_MIN:
    case MMSB_CUDA_MAX: return {e, n * e, 0};
    case MMSB_CUDA_MAP:
    case MMSB_CUDA_SCAN:
    case MMSB_CUDA_COPY_OP: return {n * e, n * e, 0};
    case MMSB_CUDA_ZIP: return {n * e, n * e, n * e};
    case MMSB_CUDA_MATMUL: return {n * job.columns * e, n * job.inner * e, std::uint64_t{job.inner} * job.columns * e};
    case MMSB_CUDA_HISTOGRAM: return {job.columns * 4ull, n * e, 0};
    default: refuse("graph", "no such operation: " + std::to_string(job.op));
  }
}

mmsb_cuda_operation operation_of(kernels::graph_class of) {
  switch (of) {
    case kernels::graph_class::reduce_small:
    case kernels::graph_class::reduce_large: return MMSB_CUDA_OP_GRAPH_REDUCE;
    case kernels::graph_class::scan_small:
    case kernels::graph_class::scan_large: return MMSB_CUDA_OP_GRAPH_SCAN;
    case kernels::graph_class::matmul: return MMSB_CUDA_OP_GRAPH_MATMUL;
    case kernels::graph_class::histogram: return MMSB_CUDA_OP_GRAPH_HISTOGRAM;
    default: return MMSB_CUDA_OP_GRAPH_ELEMENTWISE;
  }
}

void check_function(const mmsb_cuda_job& job) {
  const bool is_map = job.function >= MMSB_CUDA_AFFINE && job.function <= MMSB_CUDA_SQUARE;
  const bool is_zip = job.function >= MMSB_CUDA_ADD && job.function <= MMSB_CUDA_LARGER;
  if ((job.op == MMSB_CUDA_MAP && !is_map) || (job.op == MMSB_CUDA_ZIP && !is_zip)) refuse("graph", "no such element function");
}

}  // namespace

void device::graph(const mmsb_cuda_job* job, std::uint32_t count) {
  if (count == 0) return;
  constexpr auto classes = static_cast<std::size_t>(kernels::graph_class::count);
  constexpr std::size_t types = MMSB_CUDA_U32;
  /** Nodes that go into one launch. */
  struct launch {
    std::uint32_t count = 0, at = 0;
    std::uint64_t bytes = 0, widest = 0;
  };
  std::array<launch, classes * types> launches;
  const auto index_of = [](const mmsb_cuda_job& j) {
    return static_cast<std::size_t>(kernels::class_of(j.op, j.count)) * types + j.type - 1;
  };
  for (std::uint32_t i = 0; i < count; ++i) {
    const mmsb_cuda_job& j = job[i];
    if (j.type < MMSB_CUDA_F32 || j.type > MMSB_CUDA_U32) refuse("graph", "no such element type");
    check_function(j);
    const extent need = extent_of(j);
    const page& out = page_of(j.out, "graph");
    const page& a = page_of(j.a, "graph");
    const page* b = need.b > 0 ? &page_of(j.b, "graph") : nullptr;
    if (need.out > out.bytes || need.a > a.bytes || (b != nullptr && need.b > b->bytes))
      refuse("graph", "row " + std::to_string(i) + " needs more bytes than its pages have");
    if (j.out == j.a || (b != nullptr && j.out == j.b)) refuse("graph", "row " + std::to_string(i) + " writes a page that it reads");
    launch& in = launches[index_of(j)];
    ++in.count;
    in.bytes += need.out + need.a + need.b;
    const std::uint64_t wide = j.op == MMSB_CUDA_MATMUL ? ((j.count + 15ull) / 16) * ((j.columns + 15ull) / 16) * 1024 : j.count;
    in.widest = std::max(in.widest, wide);
  }
  std::uint32_t at = 0;
  for (launch& one : launches) {
    one.at = at;
    at += one.count;
  }
  const std::size_t size = count * sizeof(kernels::graph_job);
  const staging::lease slot = staging_.acquire(size);
  auto* staged = reinterpret_cast<kernels::graph_job*>(slot.data());
  std::array<std::uint32_t, classes * types> next;
  for (std::size_t l = 0; l < launches.size(); ++l) next[l] = launches[l].at;
  for (std::uint32_t i = 0; i < count; ++i) {
    const mmsb_cuda_job& j = job[i];
    const bool two = extent_of(j).b > 0;
    const auto address = [this](std::uint32_t handle) { return reinterpret_cast<std::uint64_t>(pages_[handle].at); };
    staged[next[index_of(j)]++] = {j.op,           j.function,   j.type,                    0,       j.count, j.inner, j.columns,
                                   address(j.out), address(j.a), two ? address(j.b) : 0ull, j.scale, j.bias};
  }
  const auto* rows = reinterpret_cast<const kernels::graph_job*>(slot.for_kernel(size));
  for (std::size_t l = 0; l < launches.size(); ++l) {
    const launch& one = launches[l];
    if (one.count == 0) continue;
    auto begun = statistics_.begin(stream_.get());
    kernels::graph(static_cast<kernels::graph_class>(l / types), static_cast<std::uint16_t>(l % types + 1), rows + one.at, one.count, one.widest,
                   stream_.get());
    check_launch("launch (graph)");
    end(std::move(begun), operation_of(static_cast<kernels::graph_class>(l / types)), one.bytes, one.count, count == 1 ? pages_[job[0].out].id : 0);
  }
}

}  // namespace mmsb::cuda
