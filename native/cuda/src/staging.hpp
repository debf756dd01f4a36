// Pinned memory between the program and the device. A slot is filled, used by queued work, and filled again when the device is past that
// work. Small slots come from a ring with one CUDA event for eight of them: recording one a call would cost as much as the launch.
#pragma once

#include <array>

#include "resources.hpp"

namespace mmsb::cuda {

class staging {
 public:
  /** Up to here kernels read the pinned memory itself: a copy would cost a call more than the link costs latency. */
  static constexpr std::size_t in_place_bytes = 16384;

  struct slot {
    buffer pinned, device;
  };

  /** A slot in use. Its work is queued before the lease ends; it may outlive other leases. */
  class lease {
   public:
    lease(staging& from, slot& held, std::size_t group) : from_(from), held_(held), group_(group) {}
    ~lease() { from_.give_back(group_); }
    lease(const lease&) = delete;
    lease& operator=(const lease&) = delete;
    std::uint8_t* data() const { return held_.pinned.data(); }
    /** The first `bytes` for a kernel: in place, or copied over. */
    const std::uint8_t* for_kernel(std::size_t bytes) const;

   private:
    staging& from_;
    slot& held_;
    std::size_t group_;
  };

  explicit staging(cudaStream_t stream) : stream_(stream) {}
  /** Room for `bytes`; waits until the device is done with what was there. */
  lease acquire(std::size_t bytes);

 private:
  static constexpr std::size_t group_slots = 8, small_groups = 4, large_slots = 4;
  static constexpr std::size_t small_bytes = 65536;
  /** Slots that one event covers: it is recorded when the last of them has been given back. */
  struct group {
    event done;
    bool recorded = false;
    std::size_t out = 0, given = 0;
  };

  void give_back(std::size_t index);
  void reserve(slot& held, std::size_t bytes) const;

  cudaStream_t stream_;
  std::array<slot, group_slots * small_groups> small_;
  std::array<slot, large_slots> large_;
  /** Of the small slots, then one for each large slot. */
  std::array<group, small_groups + large_slots> groups_;
  std::size_t next_small_ = 0, next_large_ = 0;
};

}  // namespace mmsb::cuda
