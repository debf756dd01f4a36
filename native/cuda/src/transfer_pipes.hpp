// Large copies between ordinary memory and the device. One thread copying into pinned memory is slower than the link, so several do, each
// with two pinned buffers: while the link works on one, the thread fills the other.
#pragma once

#include <memory>
#include <vector>

#include "resources.hpp"

namespace mmsb::cuda {

class transfer_pipes {
 public:
  /** From here up the threads are worth their start. */
  static constexpr std::size_t worthwhile_bytes = 8u << 20;

  explicit transfer_pipes(int ordinal) : ordinal_(ordinal) {}
  /** Copies and returns when it is done. Nothing queued elsewhere may use either side. */
  void copy(std::uint8_t* to, const std::uint8_t* from, std::size_t bytes, bool to_device);

 private:
  struct pipe {
    stream work;
    buffer chunk[2];
    event done[2];
  };
  void run(pipe& own, std::size_t index, std::size_t pipes, std::uint8_t* to, const std::uint8_t* from, std::size_t bytes, bool to_device) const;

  int ordinal_;
  std::vector<std::unique_ptr<pipe>> pipes_;
};

}  // namespace mmsb::cuda
