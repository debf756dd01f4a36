// Every schedule, up to a number of forced switches, of small programs on one free list: threads run for real, but one at a time, and each
// step on shared memory asks who goes next. (Bounded preemption: Musuvathi and Qadeer, 2007. Most errors need two switches or fewer.)
#include "mmsb/free_list.hpp"

#include <algorithm>
#include <condition_variable>
#include <cstdio>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "check.hpp"

using namespace mmsb;

namespace {

/** Runs threads one step at a time, in the order that a list of choices says; beyond its end a thread goes on as long as it can. */
class scheduler {
 public:
  explicit scheduler(std::vector<std::size_t> choices) : choices_(std::move(choices)) {}

  void run(const std::vector<std::function<void()>>& programs) {
    ended_.assign(programs.size(), false);
    std::vector<std::thread> threads;
    current_ = programs.size();
    for (std::size_t i = 0; i < programs.size(); ++i) {
      threads.emplace_back([&, i] {
        wait_for(i);
        programs[i]();
        std::unique_lock guard(mutex_);
        ended_[i] = true;
        choose(guard, i);
      });
    }
    {
      std::unique_lock guard(mutex_);
      choose(guard, programs.size());
    }
    for (auto& thread : threads) thread.join();
  }

  /** Called by the running thread before each step. */
  void step() {
    std::unique_lock guard(mutex_);
    const std::size_t self = current_;
    choose(guard, self);
    changed_.wait(guard, [&] { return current_ == self; });
  }

  /** At each step: how many could go, and which of them (an index) went. */
  struct decision {
    std::size_t options;
    std::size_t chosen;
    bool was_forced;
  };
  std::vector<decision> decisions;

 private:
  void wait_for(std::size_t self) {
    std::unique_lock guard(mutex_);
    changed_.wait(guard, [&] { return current_ == self; });
  }

  void choose(std::unique_lock<std::mutex>&, std::size_t self) {
    // option 0: the thread that runs goes on, where it can
    std::vector<std::size_t> able;
    const bool can_go_on = self < ended_.size() && !ended_[self];
    if (can_go_on) able.push_back(self);
    for (std::size_t i = 0; i < ended_.size(); ++i)
      if (i != self && !ended_[i]) able.push_back(i);
    if (able.empty()) return;
    const std::size_t at = decisions.size();
    const std::size_t chosen = at < choices_.size() ? choices_[at] : 0;
    decisions.push_back({able.size(), chosen, can_go_on});
    current_ = able[chosen];
    changed_.notify_all();
  }

  std::vector<std::size_t> choices_;
  std::vector<bool> ended_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t current_ = 0;
};

/** Plain memory: one thread runs at a time. */
struct explored_memory {
  scheduler* turns;
  std::uint64_t* head;
  std::uint32_t* links;
  bool* has_tag;

  std::uint64_t load_head() const {
    turns->step();
    return *head;
  }
  bool replace_head(std::uint64_t& seen, std::uint64_t next) {
    turns->step();
    // a list without tags, to see that the exploration would find what they are for
    if (!*has_tag) next &= 0xffff'ffff;
    if (*head == seen) {
      *head = next;
      return true;
    }
    seen = *head;
    return false;
  }
  std::uint32_t load_link(std::uint32_t number) const {
    turns->step();
    return links[number];
  }
  void store_link(std::uint32_t number, std::uint32_t value) {
    turns->step();
    links[number] = value;
  }
};

/** What a thread does: 'p' pops and keeps, 'r' pops and pushes again what it popped first, 't' takes all. */
struct outcome {
  std::size_t schedules = 0;
  std::size_t broken = 0;
};

constexpr std::uint32_t numbers = 3;

bool holds_each_once(const std::vector<std::vector<std::uint32_t>>& kept, std::uint64_t head,
                     const std::uint32_t* links) {
  std::vector<int> seen(numbers, 0);
  for (const auto& mine : kept)
    for (const std::uint32_t number : mine) ++seen[number];
  std::uint32_t top = static_cast<std::uint32_t>(head);
  for (std::uint32_t i = 0; top != 0; ++i) {
    if (i > numbers || top > numbers) return false;
    ++seen[top - 1];
    top = links[top - 1];
  }
  return std::all_of(seen.begin(), seen.end(), [](int count) { return count == 1; });
}

/** Depth first over all choices with at most `most_switches` forced switches. */
outcome explore(const std::vector<const char*>& programs, std::size_t most_switches, bool has_tag) {
  outcome result;
  std::vector<std::size_t> choices;
  while (true) {
    std::uint64_t head = 0;
    std::uint32_t links[numbers] = {};
    for (std::uint32_t i = numbers; i-- > 0;) {
      links[i] = static_cast<std::uint32_t>(head);
      head = i + 1;
    }
    scheduler turns(choices);
    std::vector<std::vector<std::uint32_t>> kept(programs.size());
    std::vector<std::function<void()>> bodies;
    for (std::size_t t = 0; t < programs.size(); ++t) {
      bodies.emplace_back([&, t] {
        free_list list(explored_memory{&turns, &head, links, &has_tag});
        auto& mine = kept[t];
        for (const char* op = programs[t]; *op != 0; ++op) {
          if (*op == 'r' && !mine.empty()) {
            const std::uint32_t first = mine.front();
            mine.erase(mine.begin());
            list.push(first);
          } else if (*op == 'p') {
            if (const std::uint32_t top = list.pop(); top != 0) mine.push_back(top - 1);
          } else if (*op == 't') {
            for (std::uint32_t top = list.take_all(), i = 0; top != 0 && i < numbers; ++i) {
              mine.push_back(top - 1);
              top = links[top - 1];
            }
          }
        }
      });
    }
    turns.run(bodies);
    ++result.schedules;
    if (!holds_each_once(kept, head, links)) ++result.broken;

    // the next schedule: the last choice that can be raised within the bound, and everything after it as it comes
    auto& made = turns.decisions;
    bool found = false;
    while (!made.empty() && !found) {
      std::size_t switches = 0;
      for (std::size_t i = 0; i + 1 < made.size(); ++i) switches += made[i].was_forced && made[i].chosen != 0;
      auto& last = made.back();
      const std::size_t cost = last.was_forced ? 1 : 0;
      if (last.chosen + 1 < last.options && switches + cost <= most_switches) {
        ++last.chosen;
        found = true;
      } else {
        made.pop_back();
      }
    }
    if (!found) return result;
    choices.clear();
    for (const auto& one : made) choices.push_back(one.chosen);
  }
}

}  // namespace

int main() {
  const struct {
    std::vector<const char*> programs;
    std::size_t switches;
  } cases[] = {
      {{"p", "p"}, 4},  {{"pr", "p"}, 4},      {{"p", "pprr"}, 4}, {{"pr", "pr"}, 4},
      {{"t", "pr"}, 4}, {{"p", "p", "pr"}, 3}, {{"ppr", "t"}, 4},  {{"pr", "pr", "t"}, 2},
  };
  for (const auto& one : cases) {
    const outcome found = explore(one.programs, one.switches, true);
    std::printf("free list, %zu threads, up to %zu forced switches: %zu schedules\n", one.programs.size(), one.switches,
                found.schedules);
    CHECK(found.schedules > 10);
    CHECK(found.broken == 0);
  }
  // Without tags, one thread asleep in `pop` while another pops two numbers and pushes the first: the exploration has to find it.
  const outcome untagged = explore({"p", "pprr"}, 2, false);
  CHECK(untagged.broken > 0);
  return test::failures();
}
