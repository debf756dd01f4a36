// Levels of one-word pages, many at a time, against a page at a time by the kernel's own function. CMake runs this once for each set of instructions (`MMSB_CPU`).
#include <algorithm>
#include <cstring>
#include <vector>

#include "check.hpp"
#include "mmsb/kernel_level.hpp"

using namespace mmsb;

namespace {

/** Sources, then levels of `width` pages, each computed from the one above. Pages lie 64 bytes apart in two pieces of memory. */
struct graph {
  std::uint32_t width, levels, pages;
  std::vector<std::uint64_t> words[2];
  std::vector<std::span<std::uint8_t>> arenas;
  std::vector<std::uint16_t> arena;
  std::vector<std::uint32_t> at, size, place, list, bounds, start, count, pool;
  std::vector<std::uint8_t> result, state;
  std::vector<double> epoch;
  std::vector<std::uint32_t> changed;

  graph(test::prng& random, const kernel& spec)
      : width(1 + random.below(300)), levels(1 + random.below(4)), pages(width * (levels + 1)), arena(pages), at(pages), size(pages, 8), place(pages),
        start(pages), count(pages), result(width), state(pages), epoch(pages), changed(pages) {
    const std::uint32_t split = random.below(3) == 0 ? random.below(pages) : pages;
    const std::uint32_t gaps = random.below(4) == 0 ? 20 : 0;
    std::uint32_t ends[2] = {};
    for (std::uint32_t slot = 0; slot < pages; ++slot) {
      arena[slot] = slot < split ? 0 : 1;
      std::uint32_t& end = ends[arena[slot]];
      if (gaps != 0 && random.below(gaps) == 0) end += 64;
      at[slot] = end;
      place[slot] = 1u << 30 | std::uint32_t{arena[slot]} << 24 | end >> 6;
      end += 64;
    }
    for (int i = 0; i < 2; ++i) {
      words[i].resize(ends[i] / 8);
      for (auto& word : words[i]) {
        if (spec.element == kernel_element::f64) {
          const double number = (static_cast<double>(random.below(2000)) - 1000) / 8;
          std::memcpy(&word, &number, 8);
        } else {
          const float pair[2] = {static_cast<float>(random.below(2000)) - 1000, static_cast<float>(random.below(9))};
          std::memcpy(&word, pair, 8);
        }
        if (random.below(20) == 0) word = random.next();
      }
      arenas.emplace_back(reinterpret_cast<std::uint8_t*>(words[i].data()), words[i].size() * 8);
    }
    const std::uint32_t usual = spec.kind == kernel_kind::zip ? 2 : 1 + random.below(4);
    const bool is_usual = random.below(2) == 0;
    for (std::uint32_t slot = width; slot < pages; ++slot) {
      list.push_back(slot);
      start[slot] = static_cast<std::uint32_t>(pool.size());
      for (std::uint32_t i = is_usual || random.below(50) > 0 ? usual : 2 + random.below(5); i > 0; --i)
        pool.push_back(((slot / width - 1) * width + random.below(width)) * 2);
      if (!is_usual && random.below(50) == 0) pool.push_back(random.below(pages) * 2 + 1);
      count[slot] = static_cast<std::uint32_t>(pool.size()) - start[slot];
    }
    for (std::uint32_t level = 0; level <= levels; ++level) bounds.push_back(level * width);
    for (auto& flags : state) flags = static_cast<std::uint8_t>(random.below(256)) & static_cast<std::uint8_t>(~node_state::unsorted);
  }

  graph(const graph& other) = default;

  kernel_level level() {
    for (int i = 0; i < 2; ++i) arenas[static_cast<std::size_t>(i)] = {reinterpret_cast<std::uint8_t*>(words[i].data()), words[i].size() * 8};
    kernel_level level{};
    level.pages = {arenas, arena.data(), 2, at.data(), size.data(), pages};
    level.place = place;
    level.list = list;
    level.start = start;
    level.count = count;
    level.pool = pool;
    level.result = result;
    level.state = state;
    level.epoch = epoch;
    level.changed = changed;
    level.stamp = 77;
    return level;
  }
};

/** Levels up to the first of which not all pages change; returns it. */
std::size_t run_reference(const kernel& spec, graph& pages) {
  kernel_level level = pages.level();
  // Otherwise pages of one word go the way that is tested.
  level.checks_results = true;
  std::vector<std::uint8_t> result(pages.list.size());
  level.result = result;
  for (std::size_t at = 0;; ++at) {
    run_level(spec, level, pages.bounds[at], pages.bounds[at + 1]);
    std::copy_n(result.begin() + pages.bounds[at], pages.width, pages.result.begin());
    std::size_t changes = 0;
    for (std::uint32_t row = 0; row < pages.width; ++row) {
      const std::uint32_t slot = pages.list[pages.bounds[at] + row];
      pages.state[slot] &= static_cast<std::uint8_t>(~(node_state::dirty | node_state::stale));
      if (pages.result[row] != static_cast<std::uint8_t>(run_result::runs)) continue;
      ++changes;
      pages.epoch[slot] += 1;
      pages.changed[slot] = 77;
    }
    if (changes < pages.width || at + 1 == pages.levels) return at;
  }
}

void check_kernel(test::prng& random, const kernel& spec) {
  graph pages(random, spec);
  graph twin = pages;
  // Some pages are what they are computed to be.
  if (random.below(3) == 0) {
    graph ahead = pages;
    run_reference(spec, ahead);
    for (int i = 0; i < 2; ++i)
      for (std::size_t word = 0; word < ahead.words[i].size(); word += 8)
        if (random.below(30) == 0) twin.words[i][word] = pages.words[i][word] = ahead.words[i][word];
  }
  const std::size_t last = run_reference(spec, pages);
  const levels_end end = run_word_levels(spec, twin.level(), twin.bounds, 0, twin.levels, nullptr);
  CHECK(end.why == level_stop::done && end.level == last && end.row == twin.width);
  CHECK(twin.words[0] == pages.words[0] && twin.words[1] == pages.words[1]);
  CHECK(twin.result == pages.result && twin.state == pages.state && twin.epoch == pages.epoch && twin.changed == pages.changed);
}

}  // namespace

int main() {
  test::prng random(test::seed());
  for (int round = 0; round < 12; ++round) {
    for (int element = 0; element < 4; ++element) {
      kernel spec{};
      spec.element = static_cast<kernel_element>(element);
      spec.a = 1.5;
      spec.b = -3;
      for (const kernel_kind kind : {kernel_kind::sum, kernel_kind::min, kernel_kind::max, kernel_kind::copy}) {
        spec.kind = kind;
        check_kernel(random, spec);
      }
      for (int operation = 0; operation < 6; ++operation) {
        spec.kind = kernel_kind::map;
        spec.map = static_cast<map_operation>(operation);
        check_kernel(random, spec);
        spec.kind = kernel_kind::zip;
        spec.zip = static_cast<zip_operation>(operation);
        check_kernel(random, spec);
      }
    }
  }
  return test::failures();
}
