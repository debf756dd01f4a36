#include "mmsb/kernel_level.hpp"

#include <algorithm>
#include <cstring>
#include <vector>

#include "kernel_words.hpp"
#include "mmsb/copy.hpp"

namespace mmsb {
namespace {

/** Words of a level are kept for the next where there are no more. */
constexpr std::size_t most_kept_words = 1 << 17;

/** Slots that every column by slot has. */
std::size_t slots_of(const kernel_level& level) noexcept {
  return std::min({level.pages.rows, level.place.size(), level.state.size(), level.start.size(), level.count.size()});
}

/** The level's columns, with no rows yet. */
word_run words_of(const kernel_level& level, std::size_t slots) noexcept {
  word_run run{};
  for (std::size_t i = 0; i < std::min(std::size(run.arenas), level.pages.arenas.size()); ++i) {
    const std::span<std::uint8_t> bytes = level.pages.arenas[i];
    const std::size_t granules = bytes.size() < word_bytes ? 0 : (bytes.size() - word_bytes) / 64 + 1;
    run.arenas[i] = {bytes.data(), static_cast<std::uint32_t>(std::min<std::size_t>(granules, 1u << 24))};
  }
  run.place = level.place.data();
  run.size = level.pages.size;
  run.start = level.start.data();
  run.count = level.count.data();
  run.pool = level.pool.data();
  run.pool_size = level.pool.size();
  run.slots = slots;
  run.state = level.state.data();
  return run;
}

/** The next level's rows. */
void take_level(word_run& run, const std::uint32_t* list, std::uint8_t* result, std::size_t rows) noexcept {
  run.list = list;
  run.result = result;
  run.rows = rows;
  run.row = run.block_from = run.changes = 0;
  run.looks = 4 * rows;
}

/** One call of {@link run_level}. */
class level_runner {
 public:
  level_runner(const kernel& spec, kernel_level& level, words_function words)
      : spec_(spec), level_(level), compute_(find_kernel(spec)), slots_(slots_of(level)),
        words_(level.journal == nullptr && !level.checks_results ? words : nullptr) {}

  level_end run(std::size_t from, std::size_t to) {
    level_end end{level_stop::done, from, 0};
    word_run words = words_of(level_, slots_);
    take_level(words, level_.list.data() + from, level_.result.data() + from, to - from);
    for (; end.row < to; ++end.row) {
      if (words_ != nullptr) {
        words.row = end.row - from;
        words_(spec_, words);
        end.row = words.row + from;
        if (end.row == to) break;
      }
      if (level_.checks_results && level_.result[end.row] != 0) continue;
      const std::uint32_t slot = load_once(level_.list.data() + end.row);
      if (slot >= slots_) return stopped(end, level_stop::bad_row);
      if ((level_.state[slot] & node_state::unsorted) != 0) return stopped(end, level_stop::unsorted);
      const level_stop why = run_row(end, slot);
      if (why != level_stop::done) return stopped(end, why);
    }
    return end;
  }

 private:

  static level_end stopped(level_end end, level_stop why) noexcept {
    end.why = why;
    return end;
  }

  level_stop run_row(level_end& end, std::uint32_t slot) {
    const std::uint64_t start = load_once(level_.start.data() + slot);
    std::uint64_t inputs = load_once(level_.count.data() + slot);
    if (start + inputs > level_.pool.size()) return level_stop::bad_row;
    const std::uint32_t* entries = level_.pool.data() + start;
    // Control entries stand behind the data ones.
    while (inputs > 0 && (load_once(entries + inputs - 1) & 1) != 0) --inputs;
    const std::span<std::uint8_t> page = level_.pages.find(slot);
    if (page.data() == nullptr) return level_stop::bad_row;
    operands_.resize(inputs);
    for (std::size_t i = 0; i < inputs; ++i) {
      operands_[i] = level_.pages.find(load_once(entries + i) >> 1);
      if (operands_[i].data() == nullptr || reinterpret_cast<std::uintptr_t>(operands_[i].data()) % word_bytes != 0)
        return level_stop::bad_row;
    }
    if (staging_.size() * word_bytes < page.size()) staging_.resize((page.size() + word_bytes - 1) / word_bytes);
    auto* bytes = reinterpret_cast<std::uint8_t*>(staging_.data());
    if (!compute_(spec_, operands_, {bytes, page.size()})) {
      level_.result[end.row] = static_cast<std::uint8_t>(run_result::failed);
      ++end.failures;
      return level_stop::done;
    }
    return put(end, page, bytes);
  }

  /** The page becomes `bytes`. */
  level_stop put(const level_end& end, std::span<std::uint8_t> page, const std::uint8_t* bytes) noexcept {
    const bool is_equal = page.size() == word_bytes ? load<std::uint64_t>(page.data()) == load<std::uint64_t>(bytes)
                                                    : std::memcmp(page.data(), bytes, page.size()) == 0;
    if (!is_equal) {
      if (level_.journal != nullptr && !keep(end.row, page, bytes)) return level_stop::full;
      copy_bytes(page.data(), bytes, page.size());
    }
    level_.result[end.row] = static_cast<std::uint8_t>(is_equal ? run_result::equal : run_result::runs);
    return level_stop::done;
  }

  static std::size_t add_run(const run_columns& columns, std::size_t runs) noexcept {
    if (runs < columns.rows) {
      columns.offset[runs] = 0;
      columns.length[runs++] = word_bytes;
    }
    return runs;
  }

  /** Notes the runs in which the page is about to change, and their bytes. A page of one word is one run. */
  bool keep(std::size_t row, std::span<const std::uint8_t> page, const std::uint8_t* bytes) noexcept {
    run_journal& journal = *level_.journal;
    const run_columns columns{journal.run_offset.data(), journal.run_length.data(), journal.run_offset.size()};
    const std::size_t to = page.size() == word_bytes ? add_run(columns, journal.runs) : diff_images(page.data(), bytes, 0, page.size(), columns, journal.runs);
    // The last row may have ended its room: then there may be more.
    if (to == columns.rows) return false;
    std::uint64_t length = 0;
    for (std::size_t run = journal.runs; run < to; ++run) length += columns.length[run];
    if (length > journal.bytes.size() - journal.used) return false;
    journal.run_from[row] = static_cast<std::uint32_t>(journal.runs);
    journal.run_to[row] = static_cast<std::uint32_t>(to);
    journal.before_at[row] = static_cast<std::uint32_t>(journal.used);
    for (std::size_t run = journal.runs; run < to; ++run) {
      copy_bytes(journal.bytes.data() + journal.used, page.data() + columns.offset[run], columns.length[run]);
      journal.used += columns.length[run];
    }
    journal.runs = to;
    return true;
  }

  const kernel& spec_;
  kernel_level& level_;
  const kernel_function compute_;
  const std::size_t slots_;
  const words_function words_;
  std::vector<kernel_input> operands_;
  std::vector<std::uint64_t> staging_;
};

}  // namespace

level_end run_level(const kernel& spec, kernel_level& level, std::size_t from, std::size_t to) {
  return level_runner(spec, level, find_words(spec)).run(from, to);
}

levels_end run_word_levels(const kernel& spec, const kernel_level& level, std::span<const std::uint32_t> bounds, std::size_t from, std::size_t to,
                           word_rows* rows) {
  const words_function words = find_words(spec);
  levels_end end{level_stop::done, from, 0, 0};
  word_run run = words_of(level, std::min({slots_of(level), level.epoch.size(), level.changed.size()}));
  run.settles = true;
  run.raises_epochs = rows == nullptr;
  run.epoch = level.epoch.data();
  run.changed = level.changed.data();
  run.stamp = level.stamp;
  std::size_t capacity = ~std::size_t{0};
  if (rows != nullptr) {
    run.row_slot = rows->slot.data();
    run.row_now = rows->now.data();
    run.row_before = rows->before.data();
    run.written = rows->count;
    capacity = std::min({rows->slot.size(), rows->now.size(), rows->before.size()});
  }
  std::vector<std::uint64_t> kept, keeps;
  for (; end.level < to && words != nullptr; ++end.level) {
    const std::size_t first = load_once(bounds.data() + end.level), behind = load_once(bounds.data() + end.level + 1);
    if (first > behind || behind > level.list.size() || behind - first > level.result.size() || capacity - run.written < behind - first) {
      end.why = level_stop::bad_row;
      break;
    }
    take_level(run, level.list.data() + first, level.result.data(), behind - first);
    if (end.level + 1 < to && run.rows <= most_kept_words) {
      if (keeps.size() < run.rows) keeps.resize(run.rows);
      run.words = keeps.data();
    } else {
      run.words = nullptr;
    }
    words(spec, run);
    end.row = run.row;
    end.changes = run.changes;
    if (run.changes < run.rows || run.rows == 0 || end.level + 1 == to) break;
    if (run.words != nullptr) {
      run.above = {keeps.data(), run.list[0], run.list[0] + static_cast<std::uint32_t>(run.rows)};
      std::swap(kept, keeps);
    } else {
      run.above = {};
    }
  }
  if (rows != nullptr) rows->count = run.written;
  return end;
}

}  // namespace mmsb
