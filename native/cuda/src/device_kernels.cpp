// The kernels that move bytes: handles are resolved and checked, rows go to the device through staging, and one launch does the batch.
#include <algorithm>
#include <cstring>

#include "device.hpp"

namespace mmsb::cuda {

void device::end(statistics::span begun, mmsb_cuda_operation operation, std::uint64_t bytes, std::uint32_t count, std::uint64_t page_id) {
  mmsb_cuda_event row{};
  row.kind = MMSB_CUDA_LAUNCH;
  row.operation = static_cast<std::uint16_t>(operation);
  row.bytes = bytes;
  row.count = count;
  row.page_id = page_id;
  statistics_.end(std::move(begun), stream_.get(), row);
}

void device::launch_segments(const std::vector<kernels::segment>& segments, mmsb_cuda_operation operation, std::uint64_t bytes, std::uint32_t count,
                             std::uint64_t page_id) {
  if (segments.empty()) return;
  const std::size_t size = segments.size() * sizeof(kernels::segment);
  const staging::lease slot = staging_.acquire(size);
  std::memcpy(slot.data(), segments.data(), size);
  const auto* rows = reinterpret_cast<const kernels::segment*>(slot.for_kernel(size));
  auto begun = statistics_.begin(stream_.get());
  if (operation == MMSB_CUDA_OP_ZERO) kernels::zero(rows, static_cast<std::uint32_t>(segments.size()), stream_.get());
  else kernels::copy(rows, static_cast<std::uint32_t>(segments.size()), stream_.get());
  check_launch("launch (segments)");
  end(std::move(begun), operation, operation == MMSB_CUDA_OP_ZERO ? bytes : 2 * bytes, count, page_id);
}

namespace {

/** Cuts long ranges: a warp copies one segment. */
void add_segments(std::vector<kernels::segment>& segments, const std::uint8_t* to, const std::uint8_t* from, std::uint64_t bytes) {
  for (std::uint64_t done = 0; done < bytes; done += kernels::segment_bytes) {
    const std::uint64_t length = std::min<std::uint64_t>(kernels::segment_bytes, bytes - done);
    segments.push_back({reinterpret_cast<std::uint64_t>(to + done), from == nullptr ? 0 : reinterpret_cast<std::uint64_t>(from + done), length});
  }
}

/** Destinations apart from each other and from all sources, or an error. */
void check_apart(const std::vector<kernels::segment>& segments, const char* operation) {
  struct range {
    std::uint64_t from, to;
    bool is_target;
  };
  std::vector<range> ranges;
  ranges.reserve(segments.size() * 2);
  for (const kernels::segment& s : segments) {
    ranges.push_back({s.to, s.to + s.bytes, true});
    ranges.push_back({s.from, s.from + s.bytes, false});
  }
  std::sort(ranges.begin(), ranges.end(), [](const range& a, const range& b) { return a.from < b.from; });
  std::uint64_t target_end = 0, source_end = 0;
  for (const range& r : ranges) {
    if (r.from < target_end || (r.is_target && r.from < source_end))
      refuse(operation, "a destination overlaps another range of the batch");
    if (r.is_target) target_end = std::max(target_end, r.to);
    else source_end = std::max(source_end, r.to);
  }
}

void check_inside(const page& of, std::uint64_t offset, std::uint64_t bytes, const char* operation) {
  if (offset > of.bytes || bytes > of.bytes - offset)
    refuse(operation, std::to_string(bytes) + " bytes at " + std::to_string(offset) + " do not lie in a page of " + std::to_string(of.bytes));
}

}  // namespace

void device::zero(const std::uint32_t* handle, std::uint32_t count) {
  segments_.clear();
  std::uint64_t bytes = 0;
  for (std::uint32_t i = 0; i < count; ++i) {
    const page& cleared = page_of(handle[i], "zero");
    add_segments(segments_, cleared.at, nullptr, cleared.bytes);
    bytes += cleared.bytes;
  }
  launch_segments(segments_, MMSB_CUDA_OP_ZERO, bytes, count, only_page(handle, count));
}

void device::clone(const std::uint32_t* from, const std::uint32_t* to, std::uint32_t count) {
  segments_.clear();
  std::uint64_t bytes = 0;
  // By handle, so that it costs no sort: a destination is named once, and is no source.
  ++batch_;
  for (std::uint32_t i = 0; i < count; ++i) {
    const page& source = page_of(from[i], "clone");
    const page& target = page_of(to[i], "clone");
    if (source.bytes != target.bytes) refuse("clone", "row " + std::to_string(i) + " names pages of different sizes");
    if (batch_of_[to[i]] == batch_) refuse("clone", "row " + std::to_string(i) + " names a destination again");
    batch_of_[to[i]] = batch_;
    add_segments(segments_, target.at, source.at, source.bytes);
    bytes += source.bytes;
  }
  for (std::uint32_t i = 0; i < count; ++i)
    if (batch_of_[from[i]] == batch_) refuse("clone", "row " + std::to_string(i) + " copies from a destination");
  launch_segments(segments_, MMSB_CUDA_OP_CLONE, bytes, count, only_page(to, count));
}

void device::copy_ranges(const range_columns& ranges, bool unchecked, mmsb_cuda_operation operation) {
  segments_.clear();
  std::uint64_t bytes = 0;
  for (std::uint32_t i = 0; i < ranges.count; ++i) {
    const page& source = page_of(ranges.from[i], "copy_ranges");
    const page& target = page_of(ranges.to[i], "copy_ranges");
    check_inside(source, ranges.from_offset[i], ranges.length[i], "copy_ranges");
    check_inside(target, ranges.to_offset[i], ranges.length[i], "copy_ranges");
    add_segments(segments_, target.at + ranges.to_offset[i], source.at + ranges.from_offset[i], ranges.length[i]);
    bytes += ranges.length[i];
  }
  if (!unchecked) check_apart(segments_, "copy_ranges");
  launch_segments(segments_, operation, bytes, ranges.count, 0);
}

void device::scatter(std::uint32_t buffer, std::uint64_t buffer_offset, const range_columns& pages, bool unchecked) {
  const page& source = page_of(buffer, "scatter");
  segments_.clear();
  std::uint64_t at = buffer_offset;
  for (std::uint32_t i = 0; i < pages.count; ++i) {
    const page& target = page_of(pages.to[i], "scatter");
    check_inside(target, pages.to_offset[i], pages.length[i], "scatter");
    check_inside(source, at, pages.length[i], "scatter");
    add_segments(segments_, target.at + pages.to_offset[i], source.at + at, pages.length[i]);
    at += pages.length[i];
  }
  if (!unchecked) check_apart(segments_, "scatter");
  launch_segments(segments_, MMSB_CUDA_OP_SCATTER, at - buffer_offset, pages.count, 0);
}

void device::gather(std::uint32_t buffer, std::uint64_t buffer_offset, const range_columns& pages) {
  const page& target = page_of(buffer, "gather");
  segments_.clear();
  std::uint64_t at = buffer_offset;
  for (std::uint32_t i = 0; i < pages.count; ++i) {
    const page& source = page_of(pages.from[i], "gather");
    check_inside(source, pages.from_offset[i], pages.length[i], "gather");
    check_inside(target, at, pages.length[i], "gather");
    if (pages.from[i] == buffer) refuse("gather", "the buffer is gathered into itself");
    add_segments(segments_, target.at + at, source.at + pages.from_offset[i], pages.length[i]);
    at += pages.length[i];
  }
  launch_segments(segments_, MMSB_CUDA_OP_GATHER, at - buffer_offset, pages.count, 0);
}

void device::merge(const std::uint32_t* handle, const std::uint32_t* mask, const std::uint32_t* values, std::uint32_t count, bool bits) {
  if (count == 0) return;
  constexpr std::uint64_t job_bytes = kernels::segment_bytes;
  std::vector<kernels::merge_job> jobs;
  std::uint64_t bytes = 0;
  ++batch_;
  for (std::uint32_t i = 0; i < count; ++i) {
    const page& merged = page_of(handle[i], "merge");
    const page& flags = page_of(mask[i], "merge");
    const page& given = page_of(values[i], "merge");
    if (flags.bytes < (bits ? (merged.bytes + 7) / 8 : merged.bytes) || given.bytes < merged.bytes)
      refuse("merge", "row " + std::to_string(i) + ": mask and values cover the page");
    if (batch_of_[handle[i]] == batch_) refuse("merge", "row " + std::to_string(i) + " names a page again");
    batch_of_[handle[i]] = batch_;
    for (std::uint64_t at = 0; at < merged.bytes; at += job_bytes) {
      jobs.push_back({reinterpret_cast<std::uint64_t>(merged.at + at), reinterpret_cast<std::uint64_t>(flags.at + (bits ? at / 8 : at)),
                      reinterpret_cast<std::uint64_t>(given.at + at), std::min(job_bytes, merged.bytes - at)});
    }
    bytes += merged.bytes * 3 + (bits ? (merged.bytes + 7) / 8 : merged.bytes);
  }
  for (std::uint32_t i = 0; i < count; ++i)
    if (batch_of_[mask[i]] == batch_ || batch_of_[values[i]] == batch_) refuse("merge", "row " + std::to_string(i) + " reads a page that is merged into");
  if (jobs.empty()) return;
  const std::size_t size = jobs.size() * sizeof(kernels::merge_job);
  const staging::lease slot = staging_.acquire(size);
  std::memcpy(slot.data(), jobs.data(), size);
  const auto* rows = reinterpret_cast<const kernels::merge_job*>(slot.for_kernel(size));
  auto begun = statistics_.begin(stream_.get());
  kernels::merge(rows, static_cast<std::uint32_t>(jobs.size()), bits, stream_.get());
  check_launch("launch (merge)");
  end(std::move(begun), MMSB_CUDA_OP_MERGE, bytes, count, only_page(handle, count));
}

/** The device's own table of pages, brought up to date. */
const kernels::page_entry* device::page_table() {
  const std::size_t need = pages_.size() * sizeof(kernels::page_entry);
  if (table_.size() < need) {
    stream_.wait();  // queued work still reads the old one
    table_ = buffer(memory_kind::device, std::max(need * 2, std::size_t{65536}));
    table_from_ = 0;
    table_to_ = static_cast<std::uint32_t>(pages_.size());
  }
  if (table_from_ < table_to_) {
    const std::size_t size = (table_to_ - table_from_) * sizeof(kernels::page_entry);
    const staging::lease slot = staging_.acquire(size);
    auto* rows = reinterpret_cast<kernels::page_entry*>(slot.data());
    for (std::uint32_t h = table_from_; h < table_to_; ++h) rows[h - table_from_] = {reinterpret_cast<std::uint64_t>(pages_[h].at), pages_[h].bytes};
    check(cudaMemcpyAsync(table_.data() + table_from_ * sizeof(kernels::page_entry), rows, size, cudaMemcpyHostToDevice, stream_.get()),
          "cudaMemcpyAsync (page table)");
    table_from_ = table_to_ = 0;
  }
  return reinterpret_cast<const kernels::page_entry*>(table_.data());
}

void device::apply(const apply_columns& rows, const void* payload, std::uint64_t payload_bytes, bool disjoint) {
  if (rows.count == 0) return;
  if (payload_bytes > 0xffffffffull) refuse("apply", "a batch has less than 4 GiB of payload");
  std::uint64_t bytes = 0;
  bool is_one_page = true;
  ++batch_;
  // Groups in the order in which their pages come up, counted first.
  group_start_.clear();
  for (std::uint32_t i = 0; i < rows.count; ++i) {
    const std::uint32_t handle = rows.page[i];
    page_of(handle, "apply");
    if (rows.payload_at[i] > payload_bytes || rows.length[i] > payload_bytes - rows.payload_at[i])
      refuse("apply", "row " + std::to_string(i) + " reads past the payload");
    bytes += rows.length[i];
    is_one_page = is_one_page && handle == rows.page[0];
    if (disjoint) continue;
    if (batch_of_[handle] != batch_) {
      batch_of_[handle] = batch_;
      group_of_[handle] = static_cast<std::uint32_t>(group_start_.size());
      group_start_.push_back(0);
    }
    ++group_start_[group_of_[handle]];
  }
  const auto groups = static_cast<std::uint32_t>(group_start_.size());
  std::uint32_t before = 0;
  for (std::uint32_t& start : group_start_) {
    const std::uint32_t held = start;
    start = before;
    before += held;
  }
  const kernels::page_entry* pages = page_table();
  const std::size_t row_bytes = rows.count * sizeof(kernels::apply_row);
  const std::size_t group_bytes = disjoint ? 0 : ((groups + 1) * sizeof(std::uint32_t) + 15) / 16 * 16;
  const std::size_t size = row_bytes + group_bytes + payload_bytes;
  const staging::lease slot = staging_.acquire(size);
  auto* staged = reinterpret_cast<kernels::apply_row*>(slot.data());
  if (disjoint) {
    for (std::uint32_t i = 0; i < rows.count; ++i) staged[i] = {rows.page[i], rows.offset[i], rows.length[i], rows.payload_at[i]};
  } else {
    auto* starts = reinterpret_cast<std::uint32_t*>(slot.data() + row_bytes);
    std::copy(group_start_.begin(), group_start_.end(), starts);
    starts[groups] = rows.count;
    for (std::uint32_t i = 0; i < rows.count; ++i)
      staged[group_start_[group_of_[rows.page[i]]]++] = {rows.page[i], rows.offset[i], rows.length[i], rows.payload_at[i]};
  }
  std::memcpy(slot.data() + row_bytes + group_bytes, payload, payload_bytes);
  const std::uint8_t* there = slot.for_kernel(size);
  const auto* row_there = reinterpret_cast<const kernels::apply_row*>(there);
  const std::uint8_t* payload_there = there + row_bytes + group_bytes;
  auto begun = statistics_.begin(stream_.get());
  if (disjoint) {
    kernels::apply_disjoint(row_there, rows.count, pages, payload_there, stream_.get());
  } else {
    kernels::apply_ordered(row_there, reinterpret_cast<const std::uint32_t*>(there + row_bytes), groups, pages, payload_there, stream_.get());
  }
  check_launch("launch (apply)");
  end(std::move(begun), disjoint ? MMSB_CUDA_OP_APPLY_DISJOINT : MMSB_CUDA_OP_APPLY, 2 * bytes + row_bytes, rows.count,
      is_one_page ? pages_[rows.page[0]].id : 0);
}

void device::provoke_fault() {
  kernels::fault(stream_.get());
  check_launch("launch (fault)");
  stream_.wait();
}

}  // namespace mmsb::cuda
