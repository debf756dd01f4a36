#include "statistics.hpp"

namespace mmsb::cuda {

namespace {
constexpr std::size_t max_spares = 4096;
}

std::unique_ptr<event> statistics::spare() {
  if (spares_.empty()) return std::make_unique<event>(true);
  auto taken = std::move(spares_.back());
  spares_.pop_back();
  return taken;
}

statistics::span statistics::begin(cudaStream_t stream) {
  span begun;
  if (timed_) {
    begun.from = spare();
    begun.from->record(stream);
  }
  return begun;
}

void statistics::end(span begun, cudaStream_t stream, mmsb_cuda_event row) {
  entry item{row, std::move(begun.from), nullptr};
  if (item.from != nullptr) {
    item.to = spare();
    item.to->record(stream);
  }
  push(std::move(item));
}

void statistics::add(mmsb_cuda_event row) { push(entry{row, nullptr, nullptr}); }

void statistics::push(entry&& item) {
  if (item.row.cause == 0) item.row.cause = cause;
  if (item.row.time_ns == 0) {
    item.row.time_ns = static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now().time_since_epoch()).count());
  }
  switch (item.row.kind) {
    case MMSB_CUDA_LAUNCH: ++launches; break;
    case MMSB_CUDA_ALLOCATE: ++allocations; break;
    case MMSB_CUDA_FREE: ++frees; break;
    case MMSB_CUDA_COPY:
      ++copies;
      if (item.row.operation == MMSB_CUDA_OP_TO_DEVICE) bytes_to_device += item.row.bytes;
      if (item.row.operation == MMSB_CUDA_OP_TO_HOST) bytes_to_host += item.row.bytes;
      break;
    default: break;
  }
  if (entries_.size() >= capacity_) {
    entry& oldest = entries_.front();
    if (oldest.from != nullptr && spares_.size() < max_spares) {
      spares_.push_back(std::move(oldest.from));
      spares_.push_back(std::move(oldest.to));
    }
    entries_.pop_front();
    ++dropped_;
  }
  entries_.push_back(std::move(item));
}

std::uint32_t statistics::take(mmsb_cuda_event* out, std::uint32_t capacity) {
  std::uint32_t taken = 0;
  while (taken < capacity && !entries_.empty()) {
    entry& oldest = entries_.front();
    if (oldest.from != nullptr) {
      const cudaError_t state = cudaEventQuery(oldest.to->get());
      if (state == cudaErrorNotReady) break;
      float milliseconds = 0;
      if (state == cudaSuccess && cudaEventElapsedTime(&milliseconds, oldest.from->get(), oldest.to->get()) == cudaSuccess)
        oldest.row.duration_ns = static_cast<std::uint32_t>(static_cast<double>(milliseconds) * 1e6 + 0.5);
      if (spares_.size() < max_spares) {
        spares_.push_back(std::move(oldest.from));
        spares_.push_back(std::move(oldest.to));
      }
    }
    out[taken++] = oldest.row;
    entries_.pop_front();
  }
  return taken;
}

void statistics::abandon_times() {
  timed_ = false;
  for (entry& item : entries_) item.from.reset(), item.to.reset();
  spares_.clear();
}

}  // namespace mmsb::cuda
