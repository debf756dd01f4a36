// Pages of a device: where their memory comes from, and how they move.
#include <cstring>

#include "device.hpp"
#include "nvml.hpp"

namespace mmsb::cuda {

namespace {

constexpr std::uint64_t default_arena = 64ull << 20;
constexpr std::uint64_t default_unified = 512ull << 20;
constexpr std::uint32_t default_events = 65536;

/** cudaMemAdvise and cudaMemPrefetchAsync name a place. */
cudaMemLocation place(bool on_device, int ordinal) {
  cudaMemLocation where{};
  where.type = on_device ? cudaMemLocationTypeDevice : cudaMemLocationTypeHost;
  where.id = on_device ? ordinal : 0;
  return where;
}

std::uint64_t card_bytes(int ordinal) {
  cudaDeviceProp properties{};
  check(cudaGetDeviceProperties(&properties, ordinal), "cudaGetDeviceProperties");
  return properties.totalGlobalMem;
}

int use(int ordinal) {
  check(cudaSetDevice(ordinal), "cudaSetDevice");
  return ordinal;
}

}  // namespace

device::device(int ordinal, const mmsb_cuda_options& options)
    : ordinal_(use(ordinal)),
      device_pool_(memory_kind::device, options.arena_bytes != 0 ? options.arena_bytes : default_arena,
                   options.max_device_bytes != 0 ? options.max_device_bytes : card_bytes(ordinal)),
      unified_pool_(memory_kind::managed, options.arena_bytes != 0 ? options.arena_bytes : default_arena,
                    options.max_unified_bytes != 0 ? options.max_unified_bytes : default_unified),
      staging_(stream_.get()),
      pipes_(ordinal),
      statistics_(options.event_capacity != 0 ? options.event_capacity : default_events, options.timed != 0) {
  int concurrent = 0;
  check(cudaDeviceGetAttribute(&concurrent, cudaDevAttrConcurrentManagedAccess, ordinal), "cudaDeviceGetAttribute");
  concurrent_managed_ = concurrent != 0;
  check(cudaDeviceGetPCIBusId(pci_bus_id_, sizeof pci_bus_id_, ordinal), "cudaDeviceGetPCIBusId");
  std::vector<std::uint32_t> tables(kernels::crc32c_table_words);
  kernels::crc32c_fill_tables(tables.data());
  check(cudaGetLastError(), "cudaMemcpyToSymbol");
  crc_tables_ = buffer(memory_kind::device, tables.size() * 4);
  check(cudaMemcpy(crc_tables_.data(), tables.data(), tables.size() * 4, cudaMemcpyHostToDevice), "cudaMemcpy (tables)");
}

device::~device() {
  if (failed_ == 0) cudaStreamSynchronize(stream_.get());
}

void device::make_current() const { check(cudaSetDevice(ordinal_), "cudaSetDevice"); }

page& device::page_of(std::uint32_t handle, const char* operation) {
  if (handle >= pages_.size() || pages_[handle].memory == 0) refuse(operation, "handle " + std::to_string(handle) + " names no page");
  return pages_[handle];
}

std::uint8_t* device::allocate(std::int32_t memory, std::uint64_t bytes) {
  // 16 bytes more: kernels read to the next boundary past the end.
  return memory == MMSB_CUDA_UNIFIED ? unified_pool_.allocate(bytes + 16) : device_pool_.allocate(bytes + 16);
}

void device::release(const page& held) {
  if (held.memory == MMSB_CUDA_DEVICE) device_pool_.release(held.at, held.bytes + 16);
  if (held.memory == MMSB_CUDA_UNIFIED) unified_pool_.release(held.at, held.bytes + 16);
}

void device::note(mmsb_cuda_event_kind kind, const page& concerned, std::uint64_t bytes) {
  mmsb_cuda_event row{};
  row.kind = static_cast<std::uint16_t>(kind);
  row.bytes = bytes;
  row.page_id = concerned.id;
  row.memory = concerned.memory;
  row.count = 1;
  statistics_.add(row);
}

std::uint32_t device::create(std::int32_t memory, std::uint64_t id, std::uint64_t bytes, void* host) {
  if (memory < MMSB_CUDA_DEVICE || memory > MMSB_CUDA_REGISTERED) refuse("page_create", "no such kind of memory");
  if (bytes > 0xffffffffull) refuse("page_create", "a page has less than 4 GiB");
  page made;
  made.memory = memory;
  made.id = id;
  made.bytes = bytes;
  if (memory == MMSB_CUDA_REGISTERED) {
    registration* in = registration_of(host, bytes);
    if (in == nullptr) refuse("page_create", "a registered page lies inside registered memory");
    if ((reinterpret_cast<std::uintptr_t>(host) & 15) != 0) refuse("page_create", "a registered page starts on 16 bytes");
    made.host = static_cast<std::uint8_t*>(host);
    made.at = in->device_pointer() + (made.host - in->host());
  } else {
    made.at = allocate(memory, bytes);
    if (memory == MMSB_CUDA_UNIFIED) made.host = made.at;
    // Blocks are used again: a page begins as zeros.
    if (bytes > 0) check(cudaMemsetAsync(made.at, 0, bytes + 16, stream_.get()), "cudaMemsetAsync");
  }
  std::uint32_t handle;
  if (free_handles_.empty()) {
    handle = static_cast<std::uint32_t>(pages_.size());
    pages_.push_back(made);
    batch_of_.push_back(0);
    group_of_.push_back(0);
  } else {
    handle = free_handles_.back();
    free_handles_.pop_back();
    pages_[handle] = made;
  }
  if (table_from_ == table_to_) table_from_ = handle, table_to_ = handle + 1;
  table_from_ = std::min(table_from_, handle);
  table_to_ = std::max(table_to_, handle + 1);
  note(MMSB_CUDA_ALLOCATE, made, bytes);
  return handle;
}

void device::free(std::uint32_t handle) {
  page& gone = page_of(handle, "page_free");
  note(MMSB_CUDA_FREE, gone, gone.bytes);
  // Work that is queued on this stream may still use the block; whoever gets it next is queued behind. The CPU's side of unified memory is not.
  if (gone.memory == MMSB_CUDA_UNIFIED) stream_.wait();
  release(gone);
  gone = page{};
  free_handles_.push_back(handle);
}

void device::migrate(std::uint32_t handle, std::int32_t memory) {
  page& moved = page_of(handle, "page_migrate");
  if (moved.memory == memory) return;
  if (memory != MMSB_CUDA_DEVICE && memory != MMSB_CUDA_UNIFIED) refuse("page_migrate", "a page moves to device or unified memory");
  page target = moved;
  target.memory = memory;
  target.at = allocate(memory, moved.bytes);
  target.host = memory == MMSB_CUDA_UNIFIED ? target.at : nullptr;
  auto begun = statistics_.begin(stream_.get());
  try {
    if (moved.bytes > 0) check(cudaMemcpyAsync(target.at, moved.at, moved.bytes, cudaMemcpyDefault, stream_.get()), "cudaMemcpyAsync (migrate)");
    mmsb_cuda_event row{};
    row.kind = MMSB_CUDA_COPY;
    row.operation = MMSB_CUDA_OP_MIGRATE;
    row.bytes = moved.bytes;
    row.page_id = moved.id;
    row.count = 1;
    statistics_.end(std::move(begun), stream_.get(), row);
    stream_.wait();
  } catch (...) {
    release(target);
    throw;
  }
  note(MMSB_CUDA_FREE, moved, moved.bytes);
  release(moved);
  moved = target;
  note(MMSB_CUDA_ALLOCATE, moved, moved.bytes);
  if (table_from_ == table_to_) table_from_ = handle, table_to_ = handle + 1;
  table_from_ = std::min(table_from_, handle);
  table_to_ = std::max(table_to_, handle + 1);
}

void* device::map(std::uint32_t handle) {
  page& mapped = page_of(handle, "page_map");
  if (mapped.host == nullptr) refuse("page_map", "the CPU cannot see a device page: read it into a buffer");
  stream_.wait();
  return mapped.host;
}

void device::prefetch(std::uint32_t handle, bool to_device) {
  page& hinted = page_of(handle, "page_prefetch");
  if (hinted.memory != MMSB_CUDA_UNIFIED) refuse("page_prefetch", "only unified pages are prefetched");
  // Where CPU and GPU may not use managed memory at the same time there is nothing to hint at.
  if (!concurrent_managed_ || hinted.bytes == 0) return;
  auto begun = statistics_.begin(stream_.get());
  check(cudaMemPrefetchAsync(hinted.at, hinted.bytes, place(to_device, ordinal_), 0, stream_.get()), "cudaMemPrefetchAsync");
  mmsb_cuda_event row{};
  row.kind = MMSB_CUDA_COPY;
  row.operation = to_device ? MMSB_CUDA_OP_PREFETCH_TO_DEVICE : MMSB_CUDA_OP_PREFETCH_TO_HOST;
  row.bytes = hinted.bytes;
  row.page_id = hinted.id;
  row.count = 1;
  statistics_.end(std::move(begun), stream_.get(), row);
}

void device::advise(std::uint32_t handle, std::int32_t advice) {
  page& hinted = page_of(handle, "page_advise");
  if (hinted.memory != MMSB_CUDA_UNIFIED) refuse("page_advise", "advice is for unified pages");
  if (!concurrent_managed_ || hinted.bytes == 0) return;
  cudaMemoryAdvise what;
  bool on_device = true;
  switch (advice) {
    case MMSB_CUDA_READ_MOSTLY: what = cudaMemAdviseSetReadMostly; break;
    case MMSB_CUDA_NOT_READ_MOSTLY: what = cudaMemAdviseUnsetReadMostly; break;
    case MMSB_CUDA_PREFER_DEVICE: what = cudaMemAdviseSetPreferredLocation; break;
    case MMSB_CUDA_PREFER_HOST:
      what = cudaMemAdviseSetPreferredLocation;
      on_device = false;
      break;
    case MMSB_CUDA_NO_PREFERENCE: what = cudaMemAdviseUnsetPreferredLocation; break;
    default: refuse("page_advise", "no such advice");
  }
  check(cudaMemAdvise(hinted.at, hinted.bytes, what, place(on_device, ordinal_)), "cudaMemAdvise");
}

registration* device::registration_of(const void* host, std::uint64_t bytes) {
  for (const auto& held : registrations_)
    if (held->covers(host, bytes)) return held.get();
  return nullptr;
}

void device::add_registration(void* host, std::uint64_t bytes) {
  if (host == nullptr || bytes == 0) refuse("register", "there is nothing to register");
  registrations_.push_back(std::make_unique<registration>(host, bytes));
  registered_bytes_ += bytes;
}

void device::remove_registration(void* host) {
  for (auto held = registrations_.begin(); held != registrations_.end(); ++held) {
    if ((*held)->host() != host) continue;
    for (const page& used : pages_) {
      if (used.memory == MMSB_CUDA_REGISTERED && (*held)->covers(used.host, used.bytes))
        refuse("unregister", "page " + std::to_string(used.id) + " lies in it");
    }
    stream_.wait();
    registered_bytes_ -= (*held)->size();
    registrations_.erase(held);
    return;
  }
  refuse("unregister", "this memory is not registered");
}

bool device::is_pinned(const void* host, std::uint64_t bytes) {
  const auto* at = static_cast<const std::uint8_t*>(host);
  for (const buffer& held : pinned_)
    if (at >= held.data() && at + bytes <= held.data() + held.size()) return true;
  return registration_of(host, bytes) != nullptr;
}

void* device::allocate_pinned(std::uint64_t bytes) {
  if (bytes == 0) refuse("pinned_allocate", "there is nothing to allocate");
  pinned_.emplace_back(memory_kind::pinned, bytes);
  return pinned_.back().data();
}

void device::free_pinned(void* host) {
  for (auto held = pinned_.begin(); held != pinned_.end(); ++held) {
    if (held->data() != host) continue;
    stream_.wait();
    pinned_.erase(held);
    return;
  }
  refuse("pinned_free", "this memory is not of pinned_allocate");
}

mmsb_cuda_stats device::read_stats() {
  mmsb_cuda_stats stats{};
  stats.device = device_pool_.stats();
  stats.unified = unified_pool_.stats();
  stats.registered_bytes = registered_bytes_;
  stats.launches = statistics_.launches;
  stats.copies = statistics_.copies;
  stats.allocations = statistics_.allocations;
  stats.frees = statistics_.frees;
  stats.bytes_to_device = statistics_.bytes_to_device;
  stats.bytes_to_host = statistics_.bytes_to_host;
  stats.events_dropped = statistics_.dropped();
  if (failed_ == 0) {
    std::size_t free_bytes = 0, total_bytes = 0;
    check(cudaMemGetInfo(&free_bytes, &total_bytes), "cudaMemGetInfo");
    stats.device_free_bytes = free_bytes;
    stats.device_total_bytes = total_bytes;
  }
  read_nvml(pci_bus_id_, stats);
  return stats;
}

std::vector<std::uint64_t> device::pool_map(std::int32_t memory) const {
  if (memory != MMSB_CUDA_DEVICE && memory != MMSB_CUDA_UNIFIED) refuse("pool_map", "no such pool");
  return memory == MMSB_CUDA_DEVICE ? device_pool_.map() : unified_pool_.map();
}

bool device::judge(const failure& error) {
  if (error.code() <= 0 || failed_ != 0) return failed_ != 0;
  // An error of one call leaves the stream usable; a lost context answers every further call with the same error.
  const cudaError_t state = cudaStreamQuery(stream_.get());
  if (state == cudaSuccess || state == cudaErrorNotReady) return false;
  failed_ = error.code();
  statistics_.abandon_times();
  mmsb_cuda_event row{};
  row.kind = MMSB_CUDA_FAILURE;
  row.code = failed_;
  statistics_.add(row);
  return true;
}

}  // namespace mmsb::cuda
