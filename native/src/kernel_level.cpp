#include "mmsb/kernel_level.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <type_traits>
#include <vector>

#include "kernel_operations.hpp"
#include "mmsb/copy.hpp"

namespace mmsb {
namespace {

constexpr std::size_t word_bytes = 8;
constexpr std::uint8_t waits = node_state::dirty | node_state::stale;

/**
 * What a level of one-word pages needs, as values of its own: the compiler may keep them in registers, since no store through a byte pointer can change them.
 */
struct word_columns {
  struct memory {
    std::uint8_t* bytes;
    /** Places of words: the last 64-byte granule that holds a whole one, and one more; 0 where none does. */
    std::size_t granules;
  };

  const std::uint32_t* place;
  const std::uint32_t* size;
  const std::uint32_t* start;
  const std::uint32_t* count;
  const std::uint32_t* pool;
  std::size_t pool_size;
  std::size_t slots;
  /** Where most pages are: places `[home, home + home_granules)`, those of the smallest size class in one arena, from `home_bytes` on. */
  std::uint8_t* home_bytes;
  std::uint32_t home;
  std::uint32_t home_granules;
  /** By arena: a place has six bits for it. */
  std::array<memory, 64> arenas;

  /** The first word of a page of at least 8 bytes, by the page's place; null where that does not say. */
  [[gnu::always_inline]] std::uint8_t* word(std::uint32_t slot) const noexcept {
    const std::uint32_t at = load_once(place + slot);
    if (const std::uint32_t granule = at - home; granule < home_granules) [[likely]] return home_bytes + (std::size_t{granule} << 6);
    return word_elsewhere(at);
  }

 private:
  [[gnu::noinline]] std::uint8_t* word_elsewhere(std::uint32_t at) const noexcept {
    const memory& arena = arenas[at >> 24 & 63];
    const std::size_t granule = at & 0xff'ffff;
    return at >> 30 != 0 && granule < arena.granules ? arena.bytes + (granule << 6) : nullptr;
  }
};

/** What a page of one word is, from those of its inputs. */
template <typename T, typename Operation, bool is_zip>
struct word_fold {
  using word = std::array<T, word_bytes / sizeof(T)>;

  /** False: the general way is to say what the page is. */
  [[gnu::always_inline]] static bool compute(const word_columns& columns, const std::uint32_t* entries, std::size_t inputs,
                                             std::uint64_t& out) noexcept {
    // Straight-line code for the numbers that are usual.
    if constexpr (is_zip) return inputs >= 2 && fold(columns, entries, 2, out);
    switch (inputs) {
      case 0: return false;
      case 1: return fold(columns, entries, 1, out);
      case 2: return fold(columns, entries, 2, out);
      case 3: return fold(columns, entries, 3, out);
      default: return fold(columns, entries, inputs, out);
    }
  }

 private:
  [[gnu::always_inline]] static bool fold(const word_columns& columns, const std::uint32_t* entries, std::size_t used,
                                          std::uint64_t& out) noexcept {
    word result{};
    for (std::size_t i = 0; i < used; ++i) {
      const std::uint32_t slot = load_once(entries + i) >> 1;
      if (slot >= columns.slots) return false;
      const std::uint8_t* at = columns.word(slot);
      if (at == nullptr) return false;
      const auto input = load<word>(at);
      for (std::size_t e = 0; e < result.size(); ++e) result[e] = i == 0 ? input[e] : Operation::of(result[e], input[e]);
    }
    for (T& element : result) element = stored(element);
    out = std::bit_cast<std::uint64_t>(result);
    return true;
  }
};

/** `first` is the slot of a row: where that page is, most are. */
word_columns columns_of(const kernel_level& level, std::size_t slots, std::uint32_t first) noexcept {
  word_columns columns{level.place.data(), level.pages.size, level.start.data(), level.count.data(),
                       level.pool.data(),  level.pool.size(), slots,             nullptr, 0, 0, {}};
  const std::size_t arenas = std::min(columns.arenas.size(), level.pages.arenas.size());
  for (std::size_t i = 0; i < arenas; ++i) {
    const std::span<std::uint8_t> bytes = level.pages.arenas[i];
    columns.arenas[i] = {bytes.data(), bytes.size() < word_bytes ? 0 : (bytes.size() - word_bytes) / 64 + 1};
  }
  const std::uint32_t arena = load_once(columns.place + first) >> 24 & 63;
  columns.home_bytes = columns.arenas[arena].bytes;
  columns.home = 1u << 30 | arena << 24;
  columns.home_granules = static_cast<std::uint32_t>(std::min<std::size_t>(columns.arenas[arena].granules, 1u << 24));
  return columns;
}

/** Runs the rows that are one-word pages with inputs of at least a word, up to the first that is not, or that wants something else to be done. */
template <typename Word>
void run_words(kernel_level& level, std::size_t slots, level_end& end, std::size_t to) noexcept {
  const std::uint32_t* const list = level.list.data();
  const word_columns columns = columns_of(level, slots, std::min<std::uint32_t>(load_once(list + end.row), static_cast<std::uint32_t>(slots - 1)));
  std::uint8_t* const result = level.result.data();
  std::uint8_t* const state = level.state.data();
  double* const epoch = level.epoch.data();
  std::uint32_t* const changed = level.changed.data();
  const std::uint32_t stamp = level.stamp;
  const bool settles = level.settles;
  std::size_t row = end.row;
  std::size_t changes = 0;
  for (; row < to; ++row) {
    const std::uint32_t slot = load_once(list + row);
    if (slot >= columns.slots || load_once(columns.size + slot) != word_bytes) break;
    const std::uint8_t flags = load_once(state + slot);
    if ((flags & node_state::unsorted) != 0) break;
    const std::uint64_t start = load_once(columns.start + slot);
    std::uint64_t inputs = load_once(columns.count + slot);
    if (start + inputs > columns.pool_size) break;
    const std::uint32_t* entries = columns.pool + start;
    while (inputs > 0 && (load_once(entries + inputs - 1) & 1) != 0) --inputs;
    std::uint8_t* page = columns.word(slot);
    std::uint64_t word = 0;
    if (page == nullptr || !Word::compute(columns, entries, inputs, word)) break;
    const bool is_equal = load<std::uint64_t>(page) == word;
    if (settles && (flags & waits) != 0) state[slot] = flags & static_cast<std::uint8_t>(~waits);
    if (is_equal) {
      result[row] = static_cast<std::uint8_t>(run_result::equal);
      continue;
    }
    store(page, word);
    result[row] = static_cast<std::uint8_t>(run_result::runs);
    ++changes;
    if (!settles) continue;
    epoch[slot] += 1;
    changed[slot] = stamp;
  }
  end.row = row;
  end.changes += changes;
}

/** One of `run_words`; null for kernels that have no short way. */
using words_function = void (*)(kernel_level& level, std::size_t slots, level_end& end, std::size_t to) noexcept;

/** One call of {@link run_level}. */
class level_runner {
 public:
  level_runner(const kernel& spec, kernel_level& level, words_function words)
      : spec_(spec), level_(level), compute_(find_kernel(spec)), slots_(slots_of(level)),
        words_(level.journal == nullptr && !level.is_by_row && !level.checks_results ? words : nullptr) {}

  level_end run(std::size_t from, std::size_t to) {
    level_end end{level_stop::done, from, 0, 0};
    for (; end.row < to; ++end.row) {
      if (words_ != nullptr && is_word(end.row)) {
        words_(level_, slots_, end, to);
        if (end.row == to) break;
      }
      if (level_.checks_results && level_.result[end.row] != 0) continue;
      const std::uint32_t slot = load_once(level_.list.data() + end.row);
      if (slot >= slots_) return stopped(end, level_stop::bad_row);
      if ((level_.state[slot] & node_state::unsorted) != 0 && !level_.is_by_row) return stopped(end, level_stop::unsorted);
      const level_stop why = run_row(end, slot);
      if (why != level_stop::done) return stopped(end, why);
    }
    return end;
  }

 private:
  /** Slots that every column by slot has. */
  static std::size_t slots_of(const kernel_level& level) noexcept {
    std::size_t slots = std::min({level.pages.rows, level.place.size(), level.state.size()});
    if (!level.is_by_row) slots = std::min({slots, level.start.size(), level.count.size()});
    if (level.settles) slots = std::min({slots, level.epoch.size(), level.changed.size()});
    return slots;
  }

  static level_end stopped(level_end end, level_stop why) noexcept {
    end.why = why;
    return end;
  }

  /** A row for `run_words`, which it costs something to begin. */
  bool is_word(std::size_t row) const noexcept {
    const std::uint32_t slot = load_once(level_.list.data() + row);
    return slot < slots_ && load_once(level_.pages.size + slot) == word_bytes;
  }

  level_stop run_row(level_end& end, std::uint32_t slot) {
    const std::size_t by = level_.is_by_row ? end.row : slot;
    const std::uint64_t start = load_once(level_.start.data() + by);
    std::uint64_t inputs = load_once(level_.count.data() + by);
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
    return put(end, slot, page, bytes);
  }

  /** The page becomes `bytes`. */
  level_stop put(level_end& end, std::uint32_t slot, std::span<std::uint8_t> page, const std::uint8_t* bytes) noexcept {
    const bool is_equal = page.size() == word_bytes ? load<std::uint64_t>(page.data()) == load<std::uint64_t>(bytes)
                                                    : std::memcmp(page.data(), bytes, page.size()) == 0;
    if (!is_equal) {
      if (level_.journal != nullptr && !keep(end.row, page, bytes)) return level_stop::full;
      copy_bytes(page.data(), bytes, page.size());
    }
    level_.result[end.row] = static_cast<std::uint8_t>(is_equal ? run_result::equal : run_result::runs);
    end.changes += is_equal ? 0 : 1;
    if (!level_.settles) return level_stop::done;
    if (const std::uint8_t state = level_.state[slot]; (state & waits) != 0) level_.state[slot] = state & static_cast<std::uint8_t>(~waits);
    if (!is_equal) {
      level_.epoch[slot] += 1;
      level_.changed[slot] = level_.stamp;
    }
    return level_stop::done;
  }

  /** Notes the runs in which the page is about to change, and their bytes. */
  bool keep(std::size_t row, std::span<const std::uint8_t> page, const std::uint8_t* bytes) noexcept {
    run_journal& journal = *level_.journal;
    const run_columns columns{journal.run_offset.data(), journal.run_length.data(), journal.run_offset.size()};
    const std::size_t to = diff_images(page.data(), bytes, 0, page.size(), columns, journal.runs);
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

template <typename T>
words_function zip_words(zip_operation operation) noexcept {
  switch (operation) {
    case zip_operation::add: return &run_words<word_fold<T, add<T>, true>>;
    case zip_operation::subtract: return &run_words<word_fold<T, subtract<T>, true>>;
    case zip_operation::multiply: return &run_words<word_fold<T, multiply<T>, true>>;
    case zip_operation::divide: return &run_words<word_fold<T, divide<T>, true>>;
    case zip_operation::min: return &run_words<word_fold<T, least<T>, true>>;
    default: return &run_words<word_fold<T, greatest<T>, true>>;
  }
}

template <typename T>
words_function typed_words(const kernel& spec) noexcept {
  if (spec.kind == kernel_kind::zip) return zip_words<T>(spec.zip);
  if (spec.over_elements) return nullptr;
  switch (spec.kind) {
    case kernel_kind::sum: return &run_words<word_fold<T, add<T>, false>>;
    case kernel_kind::min: return &run_words<word_fold<T, least<T>, false>>;
    case kernel_kind::max: return &run_words<word_fold<T, greatest<T>, false>>;
    default: return nullptr;
  }
}

words_function find_words(const kernel& spec) noexcept {
  switch (spec.element) {
    case kernel_element::f64: return typed_words<double>(spec);
    case kernel_element::f32: return typed_words<float>(spec);
    case kernel_element::i32: return typed_words<std::int32_t>(spec);
    default: return typed_words<std::uint32_t>(spec);
  }
}

}  // namespace

level_end run_level(const kernel& spec, kernel_level& level, std::size_t from, std::size_t to) {
  return level_runner(spec, level, find_words(spec)).run(from, to);
}

}  // namespace mmsb
