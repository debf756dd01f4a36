// One card in use: its stream, its pages, and everything that can be asked of them. All functions throw `failure`.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "../kernels/kernels.hpp"
#include "arena_pool.hpp"
#include "staging.hpp"
#include "statistics.hpp"
#include "transfer_pipes.hpp"

namespace mmsb::cuda {

struct page {
  std::int32_t memory = 0;  // 0: the handle is free
  std::uint64_t id = 0;
  std::uint64_t bytes = 0;
  std::uint8_t* at = nullptr;
  std::uint8_t* host = nullptr;  // of unified and registered pages
};

/** The columns of `apply`, as they cross the border. */
struct apply_columns {
  const std::uint32_t* page;
  const std::uint32_t* offset;
  const std::uint32_t* length;
  const std::uint32_t* payload_at;
  std::uint32_t count;
};

/** Those of scatter, gather and copy ranges: `length` bytes each. */
struct range_columns {
  const std::uint32_t* from;
  const std::uint32_t* from_offset;
  const std::uint32_t* to;
  const std::uint32_t* to_offset;
  const std::uint32_t* length;
  std::uint32_t count;
};

class device {
 public:
  device(int ordinal, const mmsb_cuda_options& options);
  ~device();
  device(const device&) = delete;
  device& operator=(const device&) = delete;

  // Pages: device_pages.cpp
  std::uint32_t create(std::int32_t memory, std::uint64_t id, std::uint64_t bytes, void* host);
  void free(std::uint32_t handle);
  void migrate(std::uint32_t handle, std::int32_t memory);
  void* map(std::uint32_t handle);
  void prefetch(std::uint32_t handle, bool to_device);
  void advise(std::uint32_t handle, std::int32_t advice);
  void add_registration(void* host, std::uint64_t bytes);
  void remove_registration(void* host);
  void* allocate_pinned(std::uint64_t bytes);
  void free_pinned(void* host);

  // Bytes across the link: device_transfer.cpp
  void write(std::uint32_t handle, std::uint64_t offset, const void* host, std::uint64_t bytes);
  void read(std::uint32_t handle, std::uint64_t offset, void* host, std::uint64_t bytes);
  void synchronize();

  // Kernels: device_kernels.cpp, device_inspect.cpp
  void zero(const std::uint32_t* handle, std::uint32_t count);
  void clone(const std::uint32_t* from, const std::uint32_t* to, std::uint32_t count);
  void copy_ranges(const range_columns& ranges, bool unchecked, mmsb_cuda_operation operation);
  void scatter(std::uint32_t buffer, std::uint64_t buffer_offset, const range_columns& pages, bool unchecked);
  void gather(std::uint32_t buffer, std::uint64_t buffer_offset, const range_columns& pages);
  void merge(const std::uint32_t* page, const std::uint32_t* mask, const std::uint32_t* values, std::uint32_t count, bool bits);
  void apply(const apply_columns& rows, const void* payload, std::uint64_t payload_bytes, bool disjoint);
  void diff(const std::uint32_t* before, const std::uint32_t* after, std::uint32_t count, std::uint32_t* run_start, std::uint32_t* run_offset,
            std::uint32_t* run_length, std::uint32_t capacity);
  void crc32c(const std::uint32_t* handle, std::uint32_t count, std::uint32_t* crc);
  void sha256(const std::uint32_t* handle, std::uint32_t count, std::uint8_t* digest);
  void graph(const mmsb_cuda_job* job, std::uint32_t count);
  void provoke_fault();

  mmsb_cuda_stats read_stats();
  /** The arenas of a pool: see mmsb_cuda_pool_map. */
  std::vector<std::uint64_t> pool_map(std::int32_t memory) const;
  statistics& events() { return statistics_; }

  /** The first error after which nothing works any more; 0 while all is well. */
  int failed() const { return failed_; }
  /** Called with every CUDA error: finds out whether the context is lost. Returns whether it is. */
  bool judge(const failure& error);
  void make_current() const;

 private:
  page& page_of(std::uint32_t handle, const char* operation);
  std::uint8_t* allocate(std::int32_t memory, std::uint64_t bytes);
  void release(const page& held);
  registration* registration_of(const void* host, std::uint64_t bytes);
  /** Registered, or of `allocate_pinned`: the link reaches it directly. */
  bool is_pinned(const void* host, std::uint64_t bytes);
  void note(mmsb_cuda_event_kind kind, const page& concerned, std::uint64_t bytes);
  /** Queues one launch over them. */
  void launch_segments(const std::vector<kernels::segment>& segments, mmsb_cuda_operation operation, std::uint64_t bytes, std::uint32_t count,
                       std::uint64_t page_id);
  /** The page of a launch over a single one, or 0. */
  std::uint64_t only_page(const std::uint32_t* handle, std::uint32_t count) const { return count == 1 ? pages_[handle[0]].id : 0; }
  const kernels::page_entry* page_table();
  const kernels::segment* stage_pages(const staging::lease& slot, const std::uint32_t* handle, std::uint32_t count, const char* operation);
  void copy_pipelined(std::uint8_t* to, const std::uint8_t* from, std::uint64_t bytes, bool to_device, const page& concerned);
  void copy_noted(void* to, const void* from, std::uint64_t bytes, bool to_device, const page& concerned);
  buffer& scratch(std::size_t bytes);
  void end(statistics::span begun, mmsb_cuda_operation operation, std::uint64_t bytes, std::uint32_t count, std::uint64_t page_id);

  int ordinal_;
  char pci_bus_id_[32] = {};
  int failed_ = 0;
  bool concurrent_managed_ = false;
  stream stream_;
  arena_pool device_pool_, unified_pool_;
  staging staging_;
  transfer_pipes pipes_;
  statistics statistics_;
  std::vector<std::unique_ptr<registration>> registrations_;
  std::uint64_t registered_bytes_ = 0;
  std::vector<buffer> pinned_;
  std::vector<page> pages_;
  std::vector<std::uint32_t> free_handles_;
  // The device's own table of pages, and the rows that changed since it was sent.
  buffer table_;
  std::uint32_t table_from_ = 0, table_to_ = 0;
  // Grouping a batch by page: by handle, the last batch that named it and its group there.
  std::vector<std::uint32_t> batch_of_, group_of_;
  std::uint32_t batch_ = 0;
  std::vector<std::uint32_t> group_start_;
  std::vector<kernels::segment> segments_;
  buffer scratch_, crc_tables_;
};

}  // namespace mmsb::cuda
