#include "staging.hpp"

#include <algorithm>

namespace mmsb::cuda {

namespace {
/** More than asked for: kernels read up to the next 16-byte boundary. */
constexpr std::size_t margin = 64;
}  // namespace

staging::lease staging::acquire(std::size_t bytes) {
  const bool is_small = bytes + margin <= small_bytes;
  const std::size_t place = is_small ? next_small_++ % small_.size() : next_large_++ % large_.size();
  const std::size_t index = is_small ? place / group_slots : small_groups + place;
  group& of = groups_[index];
  const bool is_first = !is_small || place % group_slots == 0;
  if (is_first) {
    if (of.recorded) of.done.wait();
    of.recorded = false;
    of.out = is_small ? group_slots : 1;
    of.given = 0;
  }
  slot& taken = is_small ? small_[place] : large_[place];
  reserve(taken, is_small ? small_bytes - margin : bytes);
  return lease(*this, taken, index);
}

void staging::reserve(slot& held, std::size_t bytes) const {
  if (held.pinned.size() < bytes + margin)
    held.pinned = buffer(memory_kind::pinned, std::max(bytes + margin, std::min(held.pinned.size() * 3 / 2, bytes * 2)));
}

void staging::give_back(std::size_t index) {
  group& of = groups_[index];
  if (++of.given < of.out) return;
  // An error shows at the next call as well; a lease ends without one.
  of.recorded = cudaEventRecord(of.done.get(), stream_) == cudaSuccess;
}

const std::uint8_t* staging::lease::for_kernel(std::size_t bytes) const {
  if (bytes <= in_place_bytes) return held_.pinned.data();
  if (held_.device.size() < held_.pinned.size()) held_.device = buffer(memory_kind::device, held_.pinned.size());
  check(cudaMemcpyAsync(held_.device.data(), held_.pinned.data(), bytes, cudaMemcpyHostToDevice, from_.stream_), "cudaMemcpyAsync (staging to device)");
  return held_.device.data();
}

}  // namespace mmsb::cuda
