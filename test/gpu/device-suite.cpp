// `device-suite [--seed N] [--quick] [--fault]`: runs every check, prints one line a group and how many held. Exit 0: all did. 77: no GPU here.
#include "suite.hpp"

#include <chrono>

namespace suite {

int checks = 0, failures = 0;
bool quick = false;
prng dice{1};
mmsb_cuda_device* device = nullptr;

void must(std::int32_t code, const mmsb_cuda_error& error, const char* call) {
  if (code == 0) return;
  std::printf("FAILED  %s: %d %s: %s\n", call, code, error.operation, error.message);
  std::exit(1);
}

namespace {

void group(const char* name, void (*run)()) {
  const int before = checks, failed = failures;
  const auto start = std::chrono::steady_clock::now();
  run();
  const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - start).count();
  std::printf("%-9s %-34s %7d checks %6lld ms\n", failures == failed ? "ok" : "FAILED", name, checks - before, static_cast<long long>(took));
  std::fflush(stdout);
}

/** A lost context: typed errors from then on, statistics and closing still work, another device object cannot be had in this process. */
void test_fault() {
  mmsb_cuda_error error{};
  std::uint32_t handle = 0;
  MUST(mmsb_cuda_page_create, device, MMSB_CUDA_DEVICE, 9, 4096, nullptr, &handle);
  const std::int32_t code = mmsb_cuda_provoke_fault(device, &error);
  expect(code > 0 && error.sticky == 1, "a fault is a CUDA error that says the context is lost: " + std::string(error.message));
  expect(std::strlen(error.operation) > 0, "it names the operation");
  const std::int32_t first = code;
  std::uint8_t byte = 0;
  expect(mmsb_cuda_read(device, handle, 0, &byte, 1, &error) == MMSB_CUDA_FAILED && error.first_code == first, "later calls name the first failure");
  expect(mmsb_cuda_synchronize(device, &error) == MMSB_CUDA_FAILED, "and so does waiting");
  mmsb_cuda_event events[64];
  std::uint32_t taken = 0;
  bool found = false;
  while (mmsb_cuda_events_take(device, events, 64, &taken) == 0 && taken > 0)
    for (std::uint32_t i = 0; i < taken; ++i) found = found || (events[i].kind == MMSB_CUDA_FAILURE && events[i].code == first);
  expect(found, "the failure is among the events");
  mmsb_cuda_stats stats{};
  expect(mmsb_cuda_stats_read(device, &stats, &error) == 0 && stats.device.pages == 1, "statistics can still be read");
}

}  // namespace

}  // namespace suite

int main(int count, char** argument) {
  using namespace suite;
  std::uint64_t seed = static_cast<std::uint64_t>(std::chrono::system_clock::now().time_since_epoch().count());
  bool fault = false;
  for (int i = 1; i < count; ++i) {
    if (std::strcmp(argument[i], "--fault") == 0) fault = true;
    else if (std::strcmp(argument[i], "--quick") == 0) quick = true;
    else if (std::strcmp(argument[i], "--seed") == 0 && i + 1 < count) seed = std::strtoull(argument[++i], nullptr, 10);
  }
  dice.state = seed * 2 + 1;
  std::printf("seed %llu\n", static_cast<unsigned long long>(seed));
  mmsb_cuda_probe probe{};
  mmsb_cuda_error error{};
  if (mmsb_cuda_probe_driver(&probe, &error) != 0 || probe.device_count == 0) {
    std::printf("no GPU: driver %d, %d devices %s\n", probe.driver_version, probe.device_count, error.message);
    return 77;
  }
  mmsb_cuda_info info{};
  MUST(mmsb_cuda_describe, 0, &info);
  std::printf("%s, compute %d.%d, driver %d, runtime %d\n", info.name, info.major, info.minor, probe.driver_version, probe.runtime_version);
  mmsb_cuda_options options{};
  options.arena_bytes = 8u << 20;
  options.max_device_bytes = 256u << 20;
  options.max_unified_bytes = 64u << 20;
  options.event_capacity = 1u << 20;
  options.timed = 1;
  MUST(mmsb_cuda_open, 0, &options, &device);
  if (fault) {
    group("lost context", test_fault);
  } else {
    group("pages, transfers, statistics", test_memory);
    group("kernels that move and compare bytes", test_kernels);
    group("graph kernels", test_graph);
  }
  mmsb_cuda_close(device);
  std::printf("%d checks, %d failed\n", checks, failures);
  return failures == 0 ? 0 : 1;
}
