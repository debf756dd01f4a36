// Bytes across the link.
#include <cstring>

#include "device.hpp"

namespace mmsb::cuda {

namespace {
/** What one staging slot carries at most; longer copies go through the pipes or in pieces. */
constexpr std::uint64_t piece_bytes = 4ull << 20;

void check_range(const page& of, std::uint64_t offset, std::uint64_t bytes, const char* operation) {
  if (offset > of.bytes || bytes > of.bytes - offset)
    refuse(operation, std::to_string(bytes) + " bytes at " + std::to_string(offset) + " do not lie in a page of " + std::to_string(of.bytes));
}
}  // namespace

void device::copy_noted(void* to, const void* from, std::uint64_t bytes, bool to_device, const page& concerned) {
  auto begun = statistics_.begin(stream_.get());
  check(cudaMemcpyAsync(to, from, bytes, to_device ? cudaMemcpyHostToDevice : cudaMemcpyDeviceToHost, stream_.get()),
        to_device ? "cudaMemcpyAsync (to device)" : "cudaMemcpyAsync (to host)");
  mmsb_cuda_event row{};
  row.kind = MMSB_CUDA_COPY;
  row.operation = to_device ? MMSB_CUDA_OP_TO_DEVICE : MMSB_CUDA_OP_TO_HOST;
  row.bytes = bytes;
  row.page_id = concerned.id;
  row.count = 1;
  statistics_.end(std::move(begun), stream_.get(), row);
}

void device::copy_pipelined(std::uint8_t* to, const std::uint8_t* from, std::uint64_t bytes, bool to_device, const page& concerned) {
  stream_.wait();
  const auto start = std::chrono::steady_clock::now();
  pipes_.copy(to, from, bytes, to_device);
  mmsb_cuda_event row{};
  row.kind = MMSB_CUDA_COPY;
  row.operation = to_device ? MMSB_CUDA_OP_TO_DEVICE : MMSB_CUDA_OP_TO_HOST;
  row.bytes = bytes;
  row.page_id = concerned.id;
  row.count = 1;
  row.duration_ns = static_cast<std::uint32_t>(
      std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now() - start).count());
  statistics_.add(row);
}

void device::write(std::uint32_t handle, std::uint64_t offset, const void* host, std::uint64_t bytes) {
  page& to = page_of(handle, "write");
  check_range(to, offset, bytes, "write");
  if (bytes == 0) return;
  const auto* from = static_cast<const std::uint8_t*>(host);
  if (to.host != nullptr) {
    stream_.wait();
    std::memcpy(to.host + offset, from, bytes);
    return;
  }
  if (is_pinned(host, bytes)) {
    copy_noted(to.at + offset, from, bytes, true, to);
    stream_.wait();  // the caller may change its memory when this returns
    return;
  }
  if (bytes >= transfer_pipes::worthwhile_bytes) {
    copy_pipelined(to.at + offset, from, bytes, true, to);
    return;
  }
  for (std::uint64_t done = 0; done < bytes; done += piece_bytes) {
    const std::uint64_t length = std::min(piece_bytes, bytes - done);
    const staging::lease slot = staging_.acquire(length);
    std::memcpy(slot.data(), from + done, length);
    copy_noted(to.at + offset + done, slot.data(), length, true, to);
  }
}

void device::read(std::uint32_t handle, std::uint64_t offset, void* host, std::uint64_t bytes) {
  page& from = page_of(handle, "read");
  check_range(from, offset, bytes, "read");
  if (bytes == 0) return;
  auto* to = static_cast<std::uint8_t*>(host);
  if (from.host != nullptr) {
    stream_.wait();
    std::memcpy(to, from.host + offset, bytes);
    return;
  }
  if (is_pinned(host, bytes)) {
    copy_noted(to, from.at + offset, bytes, false, from);
    stream_.wait();
    return;
  }
  if (bytes >= transfer_pipes::worthwhile_bytes) {
    copy_pipelined(to, from.at + offset, bytes, false, from);
    return;
  }
  for (std::uint64_t done = 0; done < bytes; done += piece_bytes) {
    const std::uint64_t length = std::min(piece_bytes, bytes - done);
    const staging::lease slot = staging_.acquire(length);
    copy_noted(slot.data(), from.at + offset + done, length, false, from);
    stream_.wait();
    std::memcpy(to + done, slot.data(), length);
  }
}

void device::synchronize() { stream_.wait(); }

}  // namespace mmsb::cuda
