// The border: exceptions become the error struct, and a device that has failed once answers nothing but that.
#include <algorithm>
#include <cstdio>
#include <cstring>
#include <memory>
#include <new>
#include <vector>

#include "device.hpp"

struct mmsb_cuda_device {
  mmsb::cuda::device device;
  mmsb_cuda_device(int ordinal, const mmsb_cuda_options& options) : device(ordinal, options) {}
};

namespace {

using mmsb::cuda::failure;

int32_t report(mmsb_cuda_error* error, int code, const char* operation, const char* message, bool sticky, int first) {
  if (error != nullptr) {
    error->code = code;
    error->sticky = sticky ? 1 : 0;
    error->first_code = first;
    std::snprintf(error->operation, sizeof error->operation, "%s", operation);
    std::snprintf(error->message, sizeof error->message, "%s", message);
  }
  return code;
}

template <typename WORK>
int32_t without_device(mmsb_cuda_error* error, WORK work) {
  try {
    work();
    return 0;
  } catch (const failure& caught) {
    return report(error, caught.code(), caught.operation().c_str(), caught.what(), false, 0);
  } catch (const std::bad_alloc&) {
    return report(error, MMSB_CUDA_OUT_OF_MEMORY, "host", "the host has no memory left", false, 0);
  } catch (const std::exception& caught) {
    return report(error, MMSB_CUDA_INTERNAL, "library", caught.what(), false, 0);
  }
}

template <typename WORK>
int32_t on_device(mmsb_cuda_device* owner, mmsb_cuda_error* error, WORK work) {
  if (owner == nullptr) return report(error, MMSB_CUDA_ARGUMENT, "device", "no device was given", false, 0);
  mmsb::cuda::device& device = owner->device;
  if (device.failed() != 0) return report(error, MMSB_CUDA_FAILED, "device", "the device failed before", true, device.failed());
  try {
    device.make_current();
    work(device);
    return 0;
  } catch (const failure& caught) {
    const bool sticky = device.judge(caught);
    return report(error, caught.code(), caught.operation().c_str(), caught.what(), sticky, device.failed());
  } catch (const std::bad_alloc&) {
    return report(error, MMSB_CUDA_OUT_OF_MEMORY, "host", "the host has no memory left", false, 0);
  } catch (const std::exception& caught) {
    return report(error, MMSB_CUDA_INTERNAL, "library", caught.what(), false, 0);
  }
}

}  // namespace

extern "C" {

int32_t mmsb_cuda_probe_driver(mmsb_cuda_probe* probe, mmsb_cuda_error* error) {
  return without_device(error, [&] {
    *probe = {};
    probe->abi = MMSB_CUDA_ABI;
    mmsb::cuda::check(cudaRuntimeGetVersion(&probe->runtime_version), "cudaRuntimeGetVersion");
    // 0 where there is no driver; what that means is the caller's to say.
    if (cudaDriverGetVersion(&probe->driver_version) != cudaSuccess) probe->driver_version = 0;
    if (probe->driver_version == 0) return;
    mmsb::cuda::check(cudaGetDeviceCount(&probe->device_count), "cudaGetDeviceCount");
  });
}

int32_t mmsb_cuda_describe(int32_t ordinal, mmsb_cuda_info* info, mmsb_cuda_error* error) {
  return without_device(error, [&] {
    cudaDeviceProp properties{};
    mmsb::cuda::check(cudaGetDeviceProperties(&properties, ordinal), "cudaGetDeviceProperties");
    *info = {};
    std::snprintf(info->name, sizeof info->name, "%.127s", properties.name);
    mmsb::cuda::check(cudaDeviceGetPCIBusId(info->pci_bus_id, sizeof info->pci_bus_id, ordinal), "cudaDeviceGetPCIBusId");
    info->major = properties.major;
    info->minor = properties.minor;
    info->multiprocessors = properties.multiProcessorCount;
    info->concurrent_managed_access = properties.concurrentManagedAccess;
    info->total_bytes = properties.totalGlobalMem;
    info->l2_bytes = static_cast<uint64_t>(properties.l2CacheSize);
  });
}

int32_t mmsb_cuda_open(int32_t ordinal, const mmsb_cuda_options* options, mmsb_cuda_device** device, mmsb_cuda_error* error) {
  *device = nullptr;
  return without_device(error, [&] { *device = new mmsb_cuda_device(ordinal, options != nullptr ? *options : mmsb_cuda_options{}); });
}

void mmsb_cuda_close(mmsb_cuda_device* device) {
  if (device == nullptr) return;
  try {
    device->device.make_current();
  } catch (const failure&) {
    // lost already: what is left is the host's memory
  }
  delete device;
}

int32_t mmsb_cuda_page_create(mmsb_cuda_device* device, int32_t memory, uint64_t page_id, uint64_t bytes, void* host, uint32_t* handle,
                              mmsb_cuda_error* error) {
  return on_device(device, error, [&](auto& d) { *handle = d.create(memory, page_id, bytes, host); });
}

int32_t mmsb_cuda_page_free(mmsb_cuda_device* device, uint32_t handle, mmsb_cuda_error* error) {
  return on_device(device, error, [&](auto& d) { d.free(handle); });
}

int32_t mmsb_cuda_page_migrate(mmsb_cuda_device* device, uint32_t handle, int32_t memory, mmsb_cuda_error* error) {
  return on_device(device, error, [&](auto& d) { d.migrate(handle, memory); });
}

int32_t mmsb_cuda_page_map(mmsb_cuda_device* device, uint32_t handle, void** pointer, mmsb_cuda_error* error) {
  return on_device(device, error, [&](auto& d) { *pointer = d.map(handle); });
}

int32_t mmsb_cuda_page_prefetch(mmsb_cuda_device* device, uint32_t handle, int32_t to_device, mmsb_cuda_error* error) {
  return on_device(device, error, [&](auto& d) { d.prefetch(handle, to_device != 0); });
}

int32_t mmsb_cuda_page_advise(mmsb_cuda_device* device, uint32_t handle, int32_t advice, mmsb_cuda_error* error) {
  return on_device(device, error, [&](auto& d) { d.advise(handle, advice); });
}

int32_t mmsb_cuda_register(mmsb_cuda_device* device, void* host, uint64_t bytes, mmsb_cuda_error* error) {
  return on_device(device, error, [&](auto& d) { d.add_registration(host, bytes); });
}

int32_t mmsb_cuda_unregister(mmsb_cuda_device* device, void* host, mmsb_cuda_error* error) {
  return on_device(device, error, [&](auto& d) { d.remove_registration(host); });
}

int32_t mmsb_cuda_pinned_allocate(mmsb_cuda_device* device, uint64_t bytes, void** host, mmsb_cuda_error* error) {
  return on_device(device, error, [&](auto& d) { *host = d.allocate_pinned(bytes); });
}

int32_t mmsb_cuda_pinned_free(mmsb_cuda_device* device, void* host, mmsb_cuda_error* error) {
  return on_device(device, error, [&](auto& d) { d.free_pinned(host); });
}

int32_t mmsb_cuda_write(mmsb_cuda_device* device, uint32_t handle, uint64_t offset, const void* host, uint64_t bytes, mmsb_cuda_error* error) {
  return on_device(device, error, [&](auto& d) { d.write(handle, offset, host, bytes); });
}

int32_t mmsb_cuda_read(mmsb_cuda_device* device, uint32_t handle, uint64_t offset, void* host, uint64_t bytes, mmsb_cuda_error* error) {
  return on_device(device, error, [&](auto& d) { d.read(handle, offset, host, bytes); });
}

int32_t mmsb_cuda_synchronize(mmsb_cuda_device* device, mmsb_cuda_error* error) {
  return on_device(device, error, [&](auto& d) { d.synchronize(); });
}

int32_t mmsb_cuda_zero(mmsb_cuda_device* device, const uint32_t* handle, uint32_t count, mmsb_cuda_error* error) {
  return on_device(device, error, [&](auto& d) { d.zero(handle, count); });
}

int32_t mmsb_cuda_clone(mmsb_cuda_device* device, const uint32_t* from, const uint32_t* to, uint32_t count, mmsb_cuda_error* error) {
  return on_device(device, error, [&](auto& d) { d.clone(from, to, count); });
}

int32_t mmsb_cuda_copy_ranges(mmsb_cuda_device* device, const uint32_t* from, const uint32_t* from_offset, const uint32_t* to, const uint32_t* to_offset,
                              const uint32_t* length, uint32_t count, int32_t unchecked, mmsb_cuda_error* error) {
  return on_device(device, error, [&](auto& d) {
    d.copy_ranges({from, from_offset, to, to_offset, length, count}, unchecked != 0, MMSB_CUDA_OP_COPY_RANGES);
  });
}

int32_t mmsb_cuda_scatter(mmsb_cuda_device* device, uint32_t buffer, uint64_t buffer_offset, const uint32_t* page, const uint32_t* offset,
                          const uint32_t* length, uint32_t count, int32_t unchecked, mmsb_cuda_error* error) {
  return on_device(device, error, [&](auto& d) { d.scatter(buffer, buffer_offset, {nullptr, nullptr, page, offset, length, count}, unchecked != 0); });
}

int32_t mmsb_cuda_gather(mmsb_cuda_device* device, uint32_t buffer, uint64_t buffer_offset, const uint32_t* page, const uint32_t* offset,
                         const uint32_t* length, uint32_t count, mmsb_cuda_error* error) {
  return on_device(device, error, [&](auto& d) { d.gather(buffer, buffer_offset, {page, offset, nullptr, nullptr, length, count}); });
}

int32_t mmsb_cuda_merge(mmsb_cuda_device* device, const uint32_t* page, const uint32_t* mask, const uint32_t* values, uint32_t count, int32_t bits,
                        mmsb_cuda_error* error) {
  return on_device(device, error, [&](auto& d) { d.merge(page, mask, values, count, bits != 0); });
}

int32_t mmsb_cuda_apply(mmsb_cuda_device* device, const uint32_t* page, const uint32_t* offset, const uint32_t* length, const uint32_t* payload_at,
                        uint32_t count, const void* payload, uint64_t payload_bytes, int32_t disjoint, mmsb_cuda_error* error) {
  return on_device(device, error, [&](auto& d) { d.apply({page, offset, length, payload_at, count}, payload, payload_bytes, disjoint != 0); });
}

int32_t mmsb_cuda_diff(mmsb_cuda_device* device, const uint32_t* before, const uint32_t* after, uint32_t count, uint32_t* run_start,
                       uint32_t* run_offset, uint32_t* run_length, uint32_t capacity, mmsb_cuda_error* error) {
  return on_device(device, error, [&](auto& d) { d.diff(before, after, count, run_start, run_offset, run_length, capacity); });
}

int32_t mmsb_cuda_crc32c(mmsb_cuda_device* device, const uint32_t* page, uint32_t count, uint32_t* crc, mmsb_cuda_error* error) {
  return on_device(device, error, [&](auto& d) { d.crc32c(page, count, crc); });
}

int32_t mmsb_cuda_sha256(mmsb_cuda_device* device, const uint32_t* page, uint32_t count, uint8_t* digest, mmsb_cuda_error* error) {
  return on_device(device, error, [&](auto& d) { d.sha256(page, count, digest); });
}

int32_t mmsb_cuda_graph(mmsb_cuda_device* device, const mmsb_cuda_job* job, uint32_t count, mmsb_cuda_error* error) {
  return on_device(device, error, [&](auto& d) { d.graph(job, count); });
}

int32_t mmsb_cuda_set_cause(mmsb_cuda_device* device, uint64_t cause) {
  if (device == nullptr) return MMSB_CUDA_ARGUMENT;
  device->device.events().cause = cause;
  return 0;
}

int32_t mmsb_cuda_stats_read(mmsb_cuda_device* device, mmsb_cuda_stats* stats, mmsb_cuda_error* error) {
  return without_device(error, [&] { *stats = device->device.read_stats(); });
}

int32_t mmsb_cuda_pool_map(mmsb_cuda_device* device, int32_t memory, uint64_t* out, uint32_t capacity, uint32_t* count, mmsb_cuda_error* error) {
  return without_device(error, [&] {
    const std::vector<uint64_t> map = device->device.pool_map(memory);
    *count = static_cast<uint32_t>(map.size());
    std::copy(map.begin(), map.begin() + std::min<std::size_t>(map.size(), capacity), out);
  });
}

int32_t mmsb_cuda_events_take(mmsb_cuda_device* device, mmsb_cuda_event* event, uint32_t capacity, uint32_t* taken) {
  if (device == nullptr) return MMSB_CUDA_ARGUMENT;
  *taken = device->device.events().take(event, capacity);
  return 0;
}

int32_t mmsb_cuda_provoke_fault(mmsb_cuda_device* device, mmsb_cuda_error* error) {
  return on_device(device, error, [&](auto& d) { d.provoke_fault(); });
}

}  // extern "C"
