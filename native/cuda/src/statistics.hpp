// What the device did, row by row, until somebody takes it. Timed rows hold two CUDA events each and appear once the device is past them.
#pragma once

#include <chrono>
#include <deque>
#include <memory>
#include <vector>

#include "resources.hpp"

namespace mmsb::cuda {

class statistics {
 public:
  statistics(std::uint32_t capacity, bool timed) : capacity_(capacity), timed_(timed) {}

  /** Work that is being queued: the first CUDA event of a timed row is recorded here, the second by `end`. */
  struct span {
    std::unique_ptr<event> from;
  };
  span begin(cudaStream_t stream);
  void end(span begun, cudaStream_t stream, mmsb_cuda_event row);
  /** A row that takes no time on the device. */
  void add(mmsb_cuda_event row);

  std::uint32_t take(mmsb_cuda_event* out, std::uint32_t capacity);
  std::uint64_t dropped() const { return dropped_; }
  /** After a lost context no CUDA event answers any more: rows keep a duration of 0. */
  void abandon_times();

  std::uint64_t cause = 0;
  std::uint64_t launches = 0, copies = 0, allocations = 0, frees = 0, bytes_to_device = 0, bytes_to_host = 0;

 private:
  struct entry {
    mmsb_cuda_event row;
    std::unique_ptr<event> from, to;
  };
  void push(entry&& item);
  std::unique_ptr<event> spare();

  std::uint32_t capacity_;
  bool timed_;
  std::uint64_t dropped_ = 0;
  std::deque<entry> entries_;
  std::vector<std::unique_ptr<event>> spares_;
};

}  // namespace mmsb::cuda
