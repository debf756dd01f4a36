#include "arena_pool.hpp"

#include <algorithm>
#include <iterator>

namespace mmsb::cuda {

arena_pool::arena_pool(memory_kind kind, std::size_t arena_bytes, std::size_t max_bytes)
    : kind_(kind), arena_bytes_(block_bytes(arena_bytes)), max_bytes_(max_bytes) {}

std::uint8_t* arena_pool::allocate(std::size_t bytes) {
  const std::size_t need = block_bytes(std::max<std::size_t>(bytes, 1));
  auto found = free_by_size_.lower_bound(run{need, nullptr});
  if (found == free_by_size_.end()) {
    const std::size_t room = max_bytes_ > reserved_ ? max_bytes_ - reserved_ : 0;
    if (need > room && trim() > 0) return allocate(bytes);
    if (need > room) {
      throw failure(MMSB_CUDA_OUT_OF_MEMORY, "arena_pool::allocate",
                    "no room for " + std::to_string(bytes) + " bytes: " + std::to_string(used_) + " in use, " + std::to_string(reserved_) +
                        " of at most " + std::to_string(max_bytes_) + " reserved");
    }
    const std::size_t reserve = std::min(std::max(need, arena_bytes_), room / granule * granule);
    buffer memory(kind_, reserve);
    std::uint8_t* start = memory.data();
    arena_starts_.emplace(start, arena{std::move(memory), arenas_made_++});
    reserved_ += reserve;
    peak_reserved_ = std::max(peak_reserved_, reserved_);
    insert_free(start, reserve);
    found = free_by_size_.lower_bound(run{need, nullptr});
  }
  const run taken = *found;
  erase_free(free_by_address_.find(taken.at));
  if (taken.bytes > need) insert_free(taken.at + need, taken.bytes - need);
  used_ += need;
  peak_used_ = std::max(peak_used_, used_);
  ++blocks_;
  return taken.at;
}

void arena_pool::release(std::uint8_t* block, std::size_t bytes) {
  std::size_t length = block_bytes(std::max<std::size_t>(bytes, 1));
  used_ -= length;
  --blocks_;
  auto next = free_by_address_.lower_bound(block);
  if (next != free_by_address_.end() && next->first == block + length && !starts_arena(next->first)) {
    length += next->second;
    erase_free(next);
    next = free_by_address_.lower_bound(block);
  }
  if (next != free_by_address_.begin() && !starts_arena(block)) {
    const auto previous = std::prev(next);
    if (previous->first + previous->second == block) {
      block = previous->first;
      length += previous->second;
      erase_free(previous);
    }
  }
  insert_free(block, length);
}

std::size_t arena_pool::trim() {
  const std::size_t before = reserved_;
  for (auto at = arena_starts_.begin(); at != arena_starts_.end();) {
    const auto free = free_by_address_.find(at->first);
    if (free != free_by_address_.end() && free->second == at->second.memory.size()) {
      erase_free(free);
      reserved_ -= at->second.memory.size();
      at = arena_starts_.erase(at);
    } else {
      ++at;
    }
  }
  return before - reserved_;
}

mmsb_cuda_pool_stats arena_pool::stats() const {
  mmsb_cuda_pool_stats stats{};
  stats.used_bytes = used_;
  stats.reserved_bytes = reserved_;
  stats.peak_used_bytes = peak_used_;
  stats.peak_reserved_bytes = peak_reserved_;
  stats.free_bytes = reserved_ - used_;
  stats.largest_free_bytes = free_by_size_.empty() ? 0 : free_by_size_.rbegin()->bytes;
  stats.arenas = static_cast<std::uint32_t>(arena_starts_.size());
  stats.pages = blocks_;
  return stats;
}

std::vector<std::uint64_t> arena_pool::map() const {
  std::vector<std::map<std::uint8_t*, arena>::const_iterator> in_order;
  for (auto at = arena_starts_.begin(); at != arena_starts_.end(); ++at) in_order.push_back(at);
  std::sort(in_order.begin(), in_order.end(), [](const auto& a, const auto& b) { return a->second.number < b->second.number; });
  std::vector<std::uint64_t> map;
  for (const auto& at : in_order) {
    const std::uint8_t* start = at->first;
    const std::uint8_t* end = start + at->second.memory.size();
    map.insert(map.end(), {at->second.number, at->second.memory.size(), 0});
    const std::size_t runs = map.size() - 1;
    for (auto free = free_by_address_.lower_bound(at->first); free != free_by_address_.end() && free->first < end; ++free) {
      map.insert(map.end(), {static_cast<std::uint64_t>(free->first - start), free->second});
      ++map[runs];
    }
  }
  return map;
}

void arena_pool::insert_free(std::uint8_t* at, std::size_t bytes) {
  free_by_address_.emplace(at, bytes);
  free_by_size_.insert(run{bytes, at});
}

void arena_pool::erase_free(std::map<std::uint8_t*, std::size_t>::iterator free) {
  free_by_size_.erase(run{free->second, free->first});
  free_by_address_.erase(free);
}

}  // namespace mmsb::cuda
