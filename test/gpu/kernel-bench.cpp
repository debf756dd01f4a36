// `kernel-bench [--json] [--only bytes|deltas|transfers|waves]`: every kernel beside the bound measured in the same run. Figures are medians of durations on the device, taken from
// the library's own statistics; bounds come from plain CUDA calls. Inputs are random, pages are named in random order.
#include <cuda_runtime_api.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <memory>
#include <numeric>

#include "suite.hpp"

namespace suite {
int checks = 0, failures = 0;
prng dice{88172645463325252ull};
mmsb_cuda_device* device = nullptr;
void must(std::int32_t code, const mmsb_cuda_error& error, const char* call) {
  if (code == 0) return;
  std::printf("FAILED  %s: %d %s: %s\n", call, code, error.operation, error.message);
  std::exit(1);
}
}  // namespace suite

namespace {

using namespace suite;
using u32s = std::vector<std::uint32_t>;

constexpr std::uint32_t page_bytes = 4096, page_count = 262144;
constexpr std::uint64_t gib = 1ull << 30;
bool json = false;
double copy_rate = 0;
std::string only;

void line(const char* name, double value, const char* unit, double bound, const char* bound_name) {
  const double ratio = bound > 0 ? value / bound : 0;
  if (json) std::printf("{\"name\":\"%s\",\"value\":%.6g,\"unit\":\"%s\",\"bound\":%.6g,\"ratio\":%.4f}\n", name, value, unit, bound, ratio);
  else if (bound > 0) std::printf("%-52s %10.4g %-11s %10.4g %-26s %6.3f\n", name, value, unit, bound, bound_name, ratio);
  else std::printf("%-52s %10.4g %-11s\n", name, value, unit);
  std::fflush(stdout);
}

void cuda(cudaError_t result) {
  if (result == cudaSuccess) return;
  std::printf("FAILED  %s\n", cudaGetErrorString(result));
  std::exit(1);
}

double median(std::vector<double> samples) {
  std::sort(samples.begin(), samples.end());
  return samples[samples.size() / 2];
}

/** Seconds of plain CUDA work, by events. */
double raw_seconds(int repeats, const std::function<void(cudaStream_t)>& work) {
  cudaStream_t stream;
  cudaEvent_t from, to;
  cuda(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking));
  cuda(cudaEventCreate(&from));
  cuda(cudaEventCreate(&to));
  std::vector<double> samples;
  for (int i = 0; i <= repeats; ++i) {
    cuda(cudaEventRecord(from, stream));
    work(stream);
    cuda(cudaEventRecord(to, stream));
    cuda(cudaEventSynchronize(to));
    float milliseconds = 0;
    cuda(cudaEventElapsedTime(&milliseconds, from, to));
    if (i > 0) samples.push_back(milliseconds / 1e3);
  }
  cudaEventDestroy(from);
  cudaEventDestroy(to);
  cudaStreamDestroy(stream);
  return median(samples);
}

double wall_seconds(const std::function<void()>& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

std::vector<mmsb_cuda_event> take_events() {
  MUST(mmsb_cuda_synchronize, device);
  std::vector<mmsb_cuda_event> all, some(4096);
  std::uint32_t taken = 0;
  do {
    mmsb_cuda_events_take(device, some.data(), 4096, &taken);
    all.insert(all.end(), some.begin(), some.begin() + taken);
  } while (taken > 0);
  return all;
}

struct measured {
  double seconds;
  double bytes;
  double count;
};

/** One operation `repeats` times, after one to warm up: the median of what the device took for its launches. */
measured launches(int operation, int repeats, const std::function<void()>& work) {
  take_events();
  std::vector<double> samples;
  measured last{};
  for (int i = 0; i <= repeats; ++i) {
    work();
    double seconds = 0;
    for (const mmsb_cuda_event& event : take_events()) {
      if (event.kind != MMSB_CUDA_LAUNCH || event.operation != operation) continue;
      seconds += event.duration_ns / 1e9;
      last.bytes = static_cast<double>(event.bytes);
      last.count = event.count;
    }
    if (i > 0) samples.push_back(seconds);
  }
  last.seconds = median(samples);
  return last;
}

void of_copy(const char* name, const measured& m) { line(name, m.bytes / m.seconds / 1e9, "GB/s", copy_rate, "GB/s device copy"); }

u32s make_pages(std::uint32_t count, std::uint32_t size) {
  u32s made(count);
  for (std::uint32_t& handle : made) MUST(mmsb_cuda_page_create, device, MMSB_CUDA_DEVICE, 1, size, nullptr, &handle);
  return made;
}

void shuffle(u32s& values) {
  for (std::uint32_t i = static_cast<std::uint32_t>(values.size()); i > 1; --i) std::swap(values[i - 1], values[dice.below(i)]);
}

void fill_random(std::vector<std::uint64_t>& words) {
  for (std::uint64_t& word : words) word = dice.next();
}

bool wants(const char* part) { return only.empty() || only == part; }

void move_bytes() {
  if (!wants("bytes")) return;
  u32s from = make_pages(page_count, page_bytes), to = make_pages(page_count, page_bytes);
  u32s mask_bits = make_pages(page_count, page_bytes / 8), mask_flags = make_pages(page_count, page_bytes);
  std::uint32_t buffer = 0;
  MUST(mmsb_cuda_page_create, device, MMSB_CUDA_DEVICE, 2, gib, nullptr, &buffer);
  {
    std::vector<std::uint64_t> words(gib / 8);
    fill_random(words);
    MUST(mmsb_cuda_write, device, buffer, 0, words.data(), gib);
  }
  shuffle(from);
  shuffle(to);
  const u32s zeros(page_count, 0), whole(page_count, page_bytes), eighth(page_count, page_bytes / 8);
  const auto scatter_all = [&](const u32s& pages, const u32s& length) {
    MUST(mmsb_cuda_scatter, device, buffer, 0, pages.data(), zeros.data(), length.data(), page_count, 1);
  };
  scatter_all(from, whole);
  scatter_all(mask_bits, eighth);
  scatter_all(mask_flags, whole);
  of_copy("zero, 1 GiB of 4 KiB pages", launches(MMSB_CUDA_OP_ZERO, 9, [&] { MUST(mmsb_cuda_zero, device, to.data(), page_count); }));
  of_copy("clone", launches(MMSB_CUDA_OP_CLONE, 9, [&] { MUST(mmsb_cuda_clone, device, from.data(), to.data(), page_count); }));
  of_copy("copy range, whole pages", launches(MMSB_CUDA_OP_COPY_RANGES, 9, [&] {
            MUST(mmsb_cuda_copy_ranges, device, from.data(), zeros.data(), to.data(), zeros.data(), whole.data(), page_count, 1);
          }));
  const u32s odd_from(page_count, 3), odd_to(page_count, 9), odd_length(page_count, 4080);
  of_copy("copy range, 4080 bytes, alignments 3 to 9", launches(MMSB_CUDA_OP_COPY_RANGES, 9, [&] {
            MUST(mmsb_cuda_copy_ranges, device, from.data(), odd_from.data(), to.data(), odd_to.data(), odd_length.data(), page_count, 1);
          }));
  of_copy("scatter", launches(MMSB_CUDA_OP_SCATTER, 9, [&] { scatter_all(to, whole); }));
  of_copy("gather", launches(MMSB_CUDA_OP_GATHER, 9, [&] {
            MUST(mmsb_cuda_gather, device, buffer, 0, from.data(), zeros.data(), whole.data(), page_count);
          }));
  of_copy("masked merge, bit mask, half set", launches(MMSB_CUDA_OP_MERGE, 9, [&] {
            MUST(mmsb_cuda_merge, device, to.data(), mask_bits.data(), from.data(), page_count, 1);
          }));
  of_copy("masked merge, byte mask, nearly all set", launches(MMSB_CUDA_OP_MERGE, 9, [&] {
            MUST(mmsb_cuda_merge, device, to.data(), mask_flags.data(), from.data(), page_count, 0);
          }));

  // to equals from but for a few lines: 40 runs a page
  MUST(mmsb_cuda_clone, device, from.data(), to.data(), page_count);
  {
    u32s page(page_count), offset(page_count, 2000), length(page_count, 40), at(page_count);
    std::vector<std::uint8_t> payload = dice.draw(page_count * 40ull);
    for (std::uint32_t i = 0; i < page_count; ++i) page[i] = to[i], at[i] = i * 40;
    MUST(mmsb_cuda_apply, device, page.data(), offset.data(), length.data(), at.data(), page_count, payload.data(), payload.size(), 1);
  }
  u32s run_start(page_count + 1), run_offset(1u << 23), run_length(1u << 23);
  of_copy("diff of 1 GiB with 1 GiB, one change a page", launches(MMSB_CUDA_OP_DIFF, 5, [&] {
            MUST(mmsb_cuda_diff, device, from.data(), to.data(), page_count, run_start.data(), run_offset.data(), run_length.data(), 1u << 23);
          }));
  u32s crc(page_count);
  of_copy("CRC-32C of 4 KiB pages", launches(MMSB_CUDA_OP_CRC32C, 5, [&] { MUST(mmsb_cuda_crc32c, device, from.data(), page_count, crc.data()); }));
  bytes digests(page_count * 32ull);
  const measured sha = launches(MMSB_CUDA_OP_SHA256, 5, [&] { MUST(mmsb_cuda_sha256, device, from.data(), page_count, digests.data()); });
  int clock_khz = 0, multiprocessors = 0;
  cuda(cudaDeviceGetAttribute(&clock_khz, cudaDevAttrClockRate, 0));
  cuda(cudaDeviceGetAttribute(&multiprocessors, cudaDevAttrMultiProcessorCount, 0));
  // 64 rounds of 14 and 48 schedule steps of 10 integer instructions for 64 bytes; 64 of them a clock and multiprocessor
  const double sha_bound = multiprocessors * 64.0 * clock_khz * 1e3 / 1376 * 64 / 1e9;
  line("SHA-256 of 4 KiB pages", sha.bytes / sha.seconds / 1e9, "GB/s", sha_bound, "GB/s integer arithmetic");

  // graph kernels: 1,024 f32 a page
  std::vector<mmsb_cuda_job> jobs(page_count);
  const auto graph = [&](const char* name, std::uint16_t op, std::uint16_t function, mmsb_cuda_operation launched) {
    for (std::uint32_t i = 0; i < page_count; ++i) {
      jobs[i] = {};
      jobs[i].op = op, jobs[i].function = function, jobs[i].type = MMSB_CUDA_F32;
      jobs[i].a = from[i], jobs[i].b = mask_flags[i], jobs[i].out = to[i], jobs[i].count = 1024, jobs[i].scale = 2, jobs[i].bias = 1, jobs[i].columns = 64;
    }
    of_copy(name, launches(launched, 5, [&] { MUST(mmsb_cuda_graph, device, jobs.data(), page_count); }));
  };
  graph("graph: copy, 262,144 nodes of 1,024 f32", MMSB_CUDA_COPY_OP, 0, MMSB_CUDA_OP_GRAPH_ELEMENTWISE);
  graph("graph: map", MMSB_CUDA_MAP, MMSB_CUDA_AFFINE, MMSB_CUDA_OP_GRAPH_ELEMENTWISE);
  graph("graph: zip", MMSB_CUDA_ZIP, MMSB_CUDA_ADD, MMSB_CUDA_OP_GRAPH_ELEMENTWISE);
  graph("graph: sum", MMSB_CUDA_SUM, 0, MMSB_CUDA_OP_GRAPH_REDUCE);
  graph("graph: max", MMSB_CUDA_MAX, 0, MMSB_CUDA_OP_GRAPH_REDUCE);
  graph("graph: scan", MMSB_CUDA_SCAN, 0, MMSB_CUDA_OP_GRAPH_SCAN);
  graph("graph: histogram, 64 bins", MMSB_CUDA_HISTOGRAM, 0, MMSB_CUDA_OP_GRAPH_HISTOGRAM);
  {
    constexpr std::uint32_t side = 2048;
    const u32s matrices = make_pages(3, side * side * 4);
    const std::uint32_t quarter = side * side * 4;
    MUST(mmsb_cuda_scatter, device, buffer, 0, matrices.data(), zeros.data(), &quarter, 1, 1);
    MUST(mmsb_cuda_scatter, device, buffer, 0, matrices.data() + 1, zeros.data(), &quarter, 1, 1);
    mmsb_cuda_job job{};
    job.op = MMSB_CUDA_MATMUL, job.type = MMSB_CUDA_F32, job.count = job.inner = job.columns = side;
    job.a = matrices[0], job.b = matrices[1], job.out = matrices[2];
    const measured m = launches(MMSB_CUDA_OP_GRAPH_MATMUL, 5, [&] { MUST(mmsb_cuda_graph, device, &job, 1); });
    line("graph: matmul of 2,048 x 2,048 f32, not contracted", 2.0 * side * side * side / m.seconds / 1e12, "TFLOP/s",
         multiprocessors * 128.0 * clock_khz * 1e3 / 1e12, "TFLOP/s add and multiply");
  }

}

/** Batches of 64-byte deltas to 1 GiB of 4 KiB pages. */
void apply_deltas() {
  if (!wants("deltas")) return;
  const u32s to = make_pages(page_count, page_bytes);
  constexpr std::uint32_t rows = 1u << 22;
  u32s page(rows), offset(rows), length(rows, 64), at(rows);
  std::vector<std::uint64_t> payload(rows * 8ull);
  fill_random(payload);
  for (std::uint32_t i = 0; i < rows; ++i) at[i] = i * 64;
  const auto apply = [&](bool disjoint) {
    MUST(mmsb_cuda_apply, device, page.data(), offset.data(), length.data(), at.data(), rows, payload.data(), payload.size() * 8, disjoint);
  };
  {
    u32s cells(page_count * (page_bytes / 64));
    std::iota(cells.begin(), cells.end(), 0u);
    shuffle(cells);
    for (std::uint32_t i = 0; i < rows; ++i) page[i] = to[cells[i] / 64], offset[i] = cells[i] % 64 * 64;
  }
  // 64 bytes read, 64 written, 16 of the row
  const double delta_bound = copy_rate / 144;
  const auto deltas = [&](const char* name, int operation, bool disjoint) {
    const measured m = launches(operation, 7, [&] { apply(disjoint); });
    line(name, m.count / m.seconds / 1e9, "G deltas/s", delta_bound, "G/s: 144 bytes at copy rate");
  };
  deltas("64-byte deltas to random 4 KiB pages, apart", MMSB_CUDA_OP_APPLY_DISJOINT, true);
  deltas("the same, grouped by page and ordered", MMSB_CUDA_OP_APPLY, false);
  const double grouped = wall_seconds([&] { apply(false); }), plain = wall_seconds([&] { apply(true); });
  line("  grouping on the CPU, a delta more", (grouped - plain) / rows * 1e9, "ns", 0, "");
  for (std::uint32_t i = 0; i < rows; ++i) offset[i] = dice.below(page_bytes - 64);
  deltas("64-byte deltas at any byte, 16 a page, overlapping", MMSB_CUDA_OP_APPLY, false);
  for (std::uint32_t i = 0; i < rows; ++i) page[i] = to[dice.below(4096)], offset[i] = dice.below(64) * 64;
  deltas("64-byte deltas, 1,024 a page, overlapping", MMSB_CUDA_OP_APPLY, false);
}

void transfers() {
  if (!wants("transfers")) return;
  constexpr std::uint64_t size = 512ull << 20;
  void *pinned = nullptr, *raw = nullptr;
  cuda(cudaHostAlloc(&pinned, size, cudaHostAllocDefault));
  cuda(cudaMalloc(&raw, size));
  std::memset(pinned, 0x5a, size);
  const double to_device = size / raw_seconds(5, [&](cudaStream_t s) { cuda(cudaMemcpyAsync(raw, pinned, size, cudaMemcpyHostToDevice, s)); }) / 1e9;
  const double to_host = size / raw_seconds(5, [&](cudaStream_t s) { cuda(cudaMemcpyAsync(pinned, raw, size, cudaMemcpyDeviceToHost, s)); }) / 1e9;
  cuda(cudaFreeHost(pinned));
  cuda(cudaFree(raw));
  std::uint32_t handle = 0;
  MUST(mmsb_cuda_page_create, device, MMSB_CUDA_DEVICE, 3, size, nullptr, &handle);
  std::vector<std::uint64_t> words(size / 8), back(size / 8);
  fill_random(words);
  const auto rate = [&](const std::function<void()>& work) {
    std::vector<double> samples;
    work();
    for (int i = 0; i < 5; ++i) samples.push_back(wall_seconds(work));
    return size / median(samples) / 1e9;
  };
  const auto write = [&] { MUST(mmsb_cuda_write, device, handle, 0, words.data(), size); };
  const auto read = [&] { MUST(mmsb_cuda_read, device, handle, 0, back.data(), size); };
  line("host to device, ordinary memory through staging", rate(write), "GB/s", to_device, "GB/s pinned copy");
  line("device to host, ordinary memory through staging", rate(read), "GB/s", to_host, "GB/s pinned copy");
  void *staged_up = nullptr, *staged_down = nullptr;
  MUST(mmsb_cuda_pinned_allocate, device, size, &staged_up);
  MUST(mmsb_cuda_pinned_allocate, device, size, &staged_down);
  std::memcpy(staged_up, words.data(), size);
  const double staged_rate_up = rate([&] { MUST(mmsb_cuda_write, device, handle, 0, staged_up, size); });
  const double staged_rate_down = rate([&] { MUST(mmsb_cuda_read, device, handle, 0, staged_down, size); });
  if (std::memcmp(staged_up, staged_down, size) != 0) std::printf("FAILED  what came back is not what went over\n"), std::exit(1);
  MUST(mmsb_cuda_pinned_free, device, staged_up);
  MUST(mmsb_cuda_pinned_free, device, staged_down);
  line("host to device, pinned staging", staged_rate_up, "GB/s", to_device, "GB/s pinned copy");
  line("device to host, pinned staging", staged_rate_down, "GB/s", to_host, "GB/s pinned copy");
  line("host to device to host, pinned staging", 2 / (1 / staged_rate_up + 1 / staged_rate_down), "GB/s", 2 / (1 / to_device + 1 / to_host),
       "GB/s pinned copies");
  MUST(mmsb_cuda_register, device, words.data(), size);
  MUST(mmsb_cuda_register, device, back.data(), size);
  const double up = rate(write), down = rate(read);
  line("host to device, registered memory", up, "GB/s", to_device, "GB/s pinned copy");
  line("device to host, registered memory", down, "GB/s", to_host, "GB/s pinned copy");
  if (words != back) std::printf("FAILED  what came back is not what went over\n"), std::exit(1);
  MUST(mmsb_cuda_unregister, device, words.data());
  MUST(mmsb_cuda_unregister, device, back.data());
  MUST(mmsb_cuda_page_free, device, handle);
}

/** Waves of a session: a batch of a few deltas each, one call and one launch. */
void waves(const char* kind) {
  if (!wants("waves")) return;
  const u32s pages = make_pages(256, page_bytes);
  for (const std::uint32_t rows : {1u, 16u, 128u}) {
    u32s page(rows), offset(rows), length(rows, 64), at(rows);
    const bytes payload = dice.draw(rows * 64ull);
    const auto wave = [&](int seed) {
      for (std::uint32_t i = 0; i < rows; ++i) {
        page[i] = pages[(seed * 7 + i * 3) % 256];
        offset[i] = (seed + i) % 64 * 64;
        at[i] = i * 64;
      }
      MUST(mmsb_cuda_apply, device, page.data(), offset.data(), length.data(), at.data(), rows, payload.data(), payload.size(), 0);
    };
    for (int i = 0; i < 100; ++i) wave(i);
    MUST(mmsb_cuda_synchronize, device);
    std::vector<double> samples;
    for (int round = 0; round < 5; ++round) {
      samples.push_back(wall_seconds([&] {
        for (int i = 0; i < 1000; ++i) wave(i);
        MUST(mmsb_cuda_synchronize, device);
      }));
    }
    const std::string name = "a wave of " + std::to_string(rows) + " deltas, of 1,000, " + kind;
    line(name.c_str(), median(samples) * 1e3, "us", 10, "us at most");
  }
  take_events();
}

}  // namespace

int main(int count, char** argument) {
  for (int i = 1; i < count; ++i) {
    if (std::strcmp(argument[i], "--json") == 0) json = true;
    else if (std::strcmp(argument[i], "--only") == 0 && i + 1 < count) only = argument[++i];
  }
  mmsb_cuda_probe probe{};
  mmsb_cuda_error error{};
  if (mmsb_cuda_probe_driver(&probe, &error) != 0 || probe.device_count == 0) {
    std::printf("no GPU: driver %d, %d devices %s\n", probe.driver_version, probe.device_count, error.message);
    return 77;
  }
  mmsb_cuda_info info{};
  MUST(mmsb_cuda_describe, 0, &info);
  if (!json) std::printf("%s, driver %d, runtime %d\n", info.name, probe.driver_version, probe.runtime_version);
  void *a = nullptr, *b = nullptr;
  cuda(cudaMalloc(&a, gib));
  cuda(cudaMalloc(&b, gib));
  cuda(cudaMemset(a, 0x37, gib));
  copy_rate = 2.0 * gib / raw_seconds(19, [&](cudaStream_t s) { cuda(cudaMemcpyAsync(b, a, gib, cudaMemcpyDeviceToDevice, s)); }) / 1e9;
  const double set_rate = gib / raw_seconds(9, [&](cudaStream_t s) { cuda(cudaMemsetAsync(b, 0, gib, s)); }) / 1e9;
  cuda(cudaFree(a));
  cuda(cudaFree(b));
  line("device copy of 1 GiB, bytes read and written", copy_rate, "GB/s", 0, "");
  line("cudaMemset of 1 GiB, bytes written", set_rate, "GB/s", 0, "");
  mmsb_cuda_options options{};
  options.timed = 1;
  options.event_capacity = 1u << 21;
  MUST(mmsb_cuda_open, 0, &options, &device);
  move_bytes();
  apply_deltas();
  transfers();
  waves("timed");
  mmsb_cuda_close(device);
  options.timed = 0;
  options.event_capacity = 4096;
  MUST(mmsb_cuda_open, 0, &options, &device);
  waves("not timed");
  mmsb_cuda_close(device);
  return 0;
}
