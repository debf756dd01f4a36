// A stack of numbers without locks (Treiber, 1986), for memory that two languages share: the links stand in an array beside what they link.
#pragma once

#include <cstdint>

namespace mmsb {

/**
 * The head is 64 bits: the top number + 1 (0 = empty) below, and above it a tag that rises with every change. A thread that saw the head,
 * slept, and finds the same number on top again (with another below it: "ABA") finds another tag, and tries again.
 *
 * `Memory` says how head and links are reached, so that a test can stand in for it and choose who goes first at each step:
 *   load_head(), replace_head(seen, next) -> bool, load_link(number), store_link(number, value)
 */
template <typename Memory>
class free_list {
 public:
  explicit free_list(Memory memory) noexcept : memory_(memory) {}

  void push(std::uint32_t number) noexcept {
    std::uint64_t seen = memory_.load_head();
    do {
      memory_.store_link(number, static_cast<std::uint32_t>(seen));
    } while (!memory_.replace_head(seen, next_tag(seen) | (number + 1)));
  }

  /** The number + 1, or 0 where the list is empty. */
  std::uint32_t pop() noexcept {
    std::uint64_t seen = memory_.load_head();
    while (true) {
      const auto top = static_cast<std::uint32_t>(seen);
      if (top == 0) return 0;
      // It may be somebody else's by now: then the link is rubbish, the tag another, and the exchange fails.
      const std::uint32_t below = memory_.load_link(top - 1);
      if (memory_.replace_head(seen, next_tag(seen) | below)) return top;
    }
  }

  /** Empties the list and returns what was its top number + 1; whoever calls owns the whole chain. */
  std::uint32_t take_all() noexcept {
    std::uint64_t seen = memory_.load_head();
    while (static_cast<std::uint32_t>(seen) != 0) {
      if (memory_.replace_head(seen, next_tag(seen))) return static_cast<std::uint32_t>(seen);
    }
    return 0;
  }

 private:
  static std::uint64_t next_tag(std::uint64_t head) noexcept { return ((head >> 32) + 1) << 32; }

  Memory memory_;
};

}  // namespace mmsb
