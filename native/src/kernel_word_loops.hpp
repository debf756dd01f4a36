// The loops behind `find_words`. Everything here has internal linkage: it is compiled for several processors (see flag_runs.hpp).
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "kernel_operations.hpp"
#include "kernel_words.hpp"
#include "mmsb/kernel_level.hpp"

namespace mmsb {
namespace {

constexpr std::uint8_t waits = node_state::dirty | node_state::stale;
constexpr std::size_t block_rows = 64;
constexpr std::size_t fewest_block_rows = 16;
/** Most inputs of a page in a block. */
constexpr std::size_t block_inputs = 4;
constexpr std::uint32_t top_bit = 0x8000'0000;

/** Has its top bit set where `value` is not below `limit`, which is 1 .. 2^31. */
constexpr std::uint32_t outside(std::uint32_t value, std::uint32_t limit) noexcept { return value | (limit - 1 - value); }

// What a page of one word is, from the words of its inputs: `take` joins the next, `bits` is the page. `most_inputs`: those behind are not looked at; 0: all are.

template <typename T>
struct elements {
  T at[word_bytes / sizeof(T)];
};

template <typename T>
inline std::uint64_t stored_bits(elements<T> result) noexcept {
  for (T& element : result.at) element = stored(element);
  return load<std::uint64_t>(&result);
}

template <typename T, typename Operation, std::uint32_t MOST>
struct word_fold {
  using word = elements<T>;
  static constexpr std::uint32_t least_inputs = MOST == 0 ? 1 : MOST, most_inputs = MOST;
  explicit word_fold(const kernel&) noexcept {}
  void take(word& result, const std::uint8_t* input, bool is_first) const noexcept {
    const auto next = load<word>(input);
    for (std::size_t e = 0; e < word_bytes / sizeof(T); ++e) result.at[e] = is_first ? next.at[e] : Operation::of(result.at[e], next.at[e]);
  }
  static std::uint64_t bits(word result) noexcept { return stored_bits<T>(result); }
};

template <typename T, typename Operation>
struct word_map {
  using word = elements<T>;
  static constexpr std::uint32_t least_inputs = 1, most_inputs = 1;
  explicit word_map(const kernel&) noexcept {}
  void take(word& result, const std::uint8_t* input, bool) const noexcept {
    const auto next = load<word>(input);
    for (std::size_t e = 0; e < word_bytes / sizeof(T); ++e) result.at[e] = Operation::of(next.at[e]);
  }
  static std::uint64_t bits(word result) noexcept { return stored_bits<T>(result); }
};

template <typename T>
struct word_affine {
  using word = elements<T>;
  static constexpr std::uint32_t least_inputs = 1, most_inputs = 1;
  explicit word_affine(const kernel& spec) noexcept : factor(element_of<T>(spec.a)), addend(element_of<T>(spec.b)) {}
  void take(word& result, const std::uint8_t* input, bool) const noexcept {
    const auto next = load<word>(input);
    for (std::size_t e = 0; e < word_bytes / sizeof(T); ++e) result.at[e] = add<T>::of(multiply<T>::of(next.at[e], factor), addend);
  }
  static std::uint64_t bits(word result) noexcept { return stored_bits<T>(result); }
  T factor, addend;
};

struct word_copy {
  using word = std::uint64_t;
  static constexpr std::uint32_t least_inputs = 1, most_inputs = 1;
  explicit word_copy(const kernel&) noexcept {}
  void take(word& result, const std::uint8_t* input, bool) const noexcept { result = load<word>(input); }
  static std::uint64_t bits(word result) noexcept { return result; }
};

/** The first word of a page of at least 8 bytes, by the page's place; null where that does not say. */
inline std::uint8_t* word_of(const word_run& run, std::uint32_t slot) noexcept {
  const std::uint32_t at = load_once(run.place + slot);
  const word_run::memory& arena = run.arenas[at >> 24 & 63];
  const std::uint32_t granule = at & 0xff'ffff;
  return at >> 30 != 0 && granule < arena.granules ? arena.bytes + (std::size_t{granule} << 6) : nullptr;
}

/** Rows that are run together: what is done for each is done for all of them before the next, so that most of it is done for several at a time. */
struct word_block {
  std::size_t rows;
  /** Of each page. */
  std::uint32_t inputs;
  /** The memory that all words of inputs lie in, and that of all pages; null where they lie in several: then `far_input` and `far_page` say where. */
  const std::uint8_t* input_bytes;
  std::uint8_t* page_bytes;
  std::uint32_t slot[block_rows];
  std::uint32_t first[block_rows];
  std::uint32_t input[block_rows * block_inputs];
  /** Bytes from the start of the memory. */
  std::uint32_t page[block_rows];
  std::uint32_t input_at[block_rows * block_inputs];
  std::uint8_t* far_page[block_rows];
  const std::uint8_t* far_input[block_rows * block_inputs];
  /** What the pages are now; filled, as `before` is, where that is kept or written down. */
  std::uint64_t words[block_rows];
  std::uint64_t before[block_rows];
  std::uint8_t differs[block_rows];
  std::uint8_t flags;
  /** Their slots follow one another. */
  bool is_in_order;
};

/** (A call of memcpy takes longer to begin than this does for a block.) */
template <typename T>
inline void copy_all(T* to, const T* from, std::size_t count) noexcept {
  for (std::size_t i = 0; i < count; ++i) to[i] = from[i];
}

/** Takes rows whose pages are one word and have so many entries; false where they do not. */
inline bool take_rows(const word_run& run, word_block& block) noexcept {
  const std::size_t rows = block.rows;
  const std::uint32_t inputs = block.inputs;
  copy_all(block.slot, run.list + run.row, rows);
  const std::uint32_t from = block.slot[0];
  std::uint32_t apart = 0, strange = 0, other = 0;
  for (std::uint32_t k = 0; k < rows; ++k) {
    apart |= block.slot[k] ^ (from + k);
    strange |= outside(block.slot[k], static_cast<std::uint32_t>(run.slots));
  }
  if ((strange & top_bit) != 0) return false;
  block.is_in_order = apart == 0;
  std::uint8_t flags = 0;
  if (block.is_in_order) {
    for (std::size_t k = 0; k < rows; ++k) other |= run.size[from + k] ^ std::uint32_t{word_bytes};
    for (std::size_t k = 0; k < rows; ++k) other |= run.count[from + k] ^ inputs;
    for (std::size_t k = 0; k < rows; ++k) flags |= run.state[from + k];
    copy_all(block.first, run.start + from, rows);
    copy_all(block.page, run.place + from, rows);
  } else {
    for (std::size_t k = 0; k < rows; ++k) {
      const std::uint32_t slot = block.slot[k];
      other |= (load_once(run.size + slot) ^ std::uint32_t{word_bytes}) | (load_once(run.count + slot) ^ inputs);
      flags |= load_once(run.state + slot);
      block.first[k] = load_once(run.start + slot);
      block.page[k] = load_once(run.place + slot);
    }
  }
  block.flags = flags;
  return other == 0 && (flags & node_state::unsorted) == 0;
}

/** Copies the entries of the inputs; false where they are not all in the pool. */
inline bool take_entries(const word_run& run, word_block& block) noexcept {
  const std::uint32_t inputs = block.inputs;
  if (run.pool_size < inputs) return false;
  const std::size_t rows = block.rows;
  const std::size_t places = run.pool_size - inputs + 1;
  const std::uint32_t limit = places < top_bit ? static_cast<std::uint32_t>(places) : top_bit;
  const std::uint32_t from = block.first[0];
  std::uint32_t apart = 0, strange = 0, next = from;
  for (std::uint32_t k = 0; k < rows; ++k, next += inputs) {
    apart |= block.first[k] ^ next;
    strange |= outside(block.first[k], limit);
  }
  if ((strange & top_bit) != 0) return false;
  if (apart == 0) {
    copy_all(block.input, run.pool + from, rows * inputs);
  } else {
    for (std::size_t k = 0; k < rows; ++k)
      for (std::size_t i = 0; i < inputs; ++i) block.input[k * inputs + i] = load_once(run.pool + block.first[k] + i);
  }
  return true;
}

/** Makes `run.inputs` hold these slots; false where their pages do not lie so. */
inline bool reach(word_run& run, std::uint32_t first, std::uint32_t last) noexcept {
  page_row known = run.inputs;
  if (known.from == known.to) known = {first, first, load_once(run.place + first)};
  const std::uint32_t from = first < known.from ? first : known.from;
  const std::uint32_t to = last >= known.to ? last + 1 : known.to;
  const std::uint32_t looks = (to - from) - (known.to - known.from);
  if (looks > run.looks) return false;
  run.looks -= looks;
  const std::uint32_t granule = known.place & 0xff'ffff;
  bool is_row = known.place >> 30 != 0 && known.from - from <= granule &&
                granule + std::size_t{to - known.from} <= run.arenas[known.place >> 24 & 63].granules;
  if (is_row) {
    std::uint32_t apart = 0;
    for (std::uint32_t slot = from; slot < known.from; ++slot) apart |= run.place[slot] ^ (known.place - (known.from - slot));
    for (std::uint32_t slot = known.to; slot < to; ++slot) apart |= run.place[slot] ^ (known.place + (slot - known.from));
    is_row = apart == 0;
  }
  if (is_row) run.inputs = {from, to, known.place - (known.from - from)};
  else run.looks = 0;
  return is_row;
}

/** Whether all entries are of slots `[from, to)`, given that all are data entries. */
inline bool are_within(const word_block& block, std::size_t entries, std::uint32_t from, std::uint32_t to) noexcept {
  if (from == to) return false;
  std::uint32_t strange = 0;
  for (std::size_t i = 0; i < entries; ++i) strange |= outside(block.input[i] - 2 * from, 2 * (to - from));
  return (strange & top_bit) == 0;
}

/** As `place_inputs`, for data entries: looks up where each page lies. */
inline const std::uint8_t* look_up_inputs(const word_run& run, word_block& block, std::size_t entries) noexcept {
  const std::uint32_t home = load_once(run.place + (block.input[0] >> 1)) & 0x3f00'0000;
  const word_run::memory arena = run.arenas[home >> 24];
  if (arena.granules == 0) return nullptr;
  std::uint32_t strange = 0, are_words = top_bit;
  for (std::size_t i = 0; i < entries; ++i) {
    const std::uint32_t place = load_once(run.place + (block.input[i] >> 1));
    const std::uint32_t granule = (place & 0x3fff'ffff) - home;
    strange |= outside(granule, arena.granules);
    are_words &= place | place << 1;
    block.input_at[i] = granule << 6;
  }
  return (strange & top_bit) == 0 && are_words != 0 ? arena.bytes : nullptr;
}

inline bool are_data(const word_block& block, std::size_t entries) noexcept {
  std::uint32_t control = 0;
  for (std::size_t i = 0; i < entries; ++i) control |= block.input[i];
  return (control & 1) == 0;
}

/** Says where the words of data entries stand, from what it returns on. Null where they lie otherwise. */
inline const std::uint8_t* place_inputs(word_run& run, word_block& block, std::size_t entries) noexcept {
  if (are_within(block, entries, run.above.from, run.above.to)) {
    for (std::size_t i = 0; i < entries; ++i) block.input_at[i] = (block.input[i] - 2 * run.above.from) << 2;
    return reinterpret_cast<const std::uint8_t*>(run.above.words);
  }
  if (!are_within(block, entries, run.inputs.from, run.inputs.to)) {
    std::uint32_t low = ~0u, high = 0;
    for (std::size_t i = 0; i < entries; ++i) {
      low = block.input[i] < low ? block.input[i] : low;
      high = block.input[i] > high ? block.input[i] : high;
    }
    if (high >> 1 >= run.slots) return nullptr;
    if (!reach(run, low >> 1, high >> 1)) return look_up_inputs(run, block, entries);
  }
  for (std::size_t i = 0; i < entries; ++i) block.input_at[i] = (block.input[i] - 2 * run.inputs.from) << 5;
  const std::uint32_t place = run.inputs.place;
  return run.arenas[place >> 24 & 63].bytes + (std::size_t{place & 0xff'ffff} << 6);
}

/** Makes places bytes from the start of one arena's memory, which it returns; null where they are not all in it. */
inline std::uint8_t* place_pages(const word_run& run, word_block& block) noexcept {
  const std::uint32_t home = block.page[0] & 0xff00'0000;
  const word_run::memory arena = run.arenas[home >> 24 & 63];
  if (home >> 30 == 0 || arena.granules == 0) return nullptr;
  std::uint32_t strange = 0;
  for (std::size_t k = 0; k < block.rows; ++k) strange |= outside(block.page[k] - home, arena.granules);
  if ((strange & top_bit) != 0) return nullptr;
  for (std::size_t k = 0; k < block.rows; ++k) block.page[k] = (block.page[k] - home) << 6;
  return arena.bytes;
}

/** Says where inputs and pages are that lie in several arenas; false where they are not all of at least a word. */
inline bool place_far(const word_run& run, word_block& block, std::size_t entries) noexcept {
  std::uint32_t missing = 0;
  if (block.input_bytes != nullptr) {
    for (std::size_t i = 0; i < entries; ++i) block.far_input[i] = block.input_bytes + block.input_at[i];
  } else {
    std::uint32_t strange = 0;
    for (std::size_t i = 0; i < entries; ++i) strange |= outside(block.input[i] >> 1, static_cast<std::uint32_t>(run.slots));
    if ((strange & top_bit) != 0) return false;
    for (std::size_t i = 0; i < entries; ++i) {
      block.far_input[i] = word_of(run, block.input[i] >> 1);
      missing |= block.far_input[i] == nullptr ? 1u : 0u;
    }
  }
  for (std::size_t k = 0; k < block.rows; ++k) {
    block.far_page[k] = word_of(run, block.slot[k]);
    missing |= block.far_page[k] == nullptr ? 1u : 0u;
  }
  block.input_bytes = block.page_bytes = nullptr;
  return missing == 0;
}

/** Writes down the pages of a block that have changed. */
inline void write_down(word_run& run, const word_block& block, std::size_t changes) noexcept {
  std::uint32_t* const slot = run.row_slot + run.written;
  std::uint64_t* const now = run.row_now + run.written;
  std::uint64_t* const before = run.row_before + run.written;
  if (changes == block.rows) {
    copy_all(slot, block.slot, changes);
    copy_all(now, block.words, changes);
    copy_all(before, block.before, changes);
  } else {
    for (std::size_t k = 0, at = 0; k < block.rows; ++k) {
      if (block.differs[k] == 0) continue;
      slot[at] = block.slot[k];
      now[at] = block.words[k];
      before[at++] = block.before[k];
    }
  }
  run.written += changes;
}

/** The pages of a block wait no more, and the epochs of those that have changed rise. */
inline void settle_rows(const word_run& run, const word_block& block, std::size_t changes) noexcept {
  const std::size_t rows = block.rows;
  if ((block.flags & waits) != 0)
    for (std::size_t k = 0; k < rows; ++k) run.state[block.slot[k]] &= static_cast<std::uint8_t>(~waits);
  if (!run.raises_epochs) return;
  if (block.is_in_order && changes == rows) {
    double* const epoch = run.epoch + block.slot[0];
    std::uint32_t* const changed = run.changed + block.slot[0];
    const std::uint32_t stamp = run.stamp;
    for (std::size_t k = 0; k < rows; ++k) epoch[k] += 1;
    for (std::size_t k = 0; k < rows; ++k) changed[k] = stamp;
    return;
  }
  for (std::size_t k = 0; k < rows; ++k) {
    if (block.differs[k] == 0) continue;
    run.epoch[block.slot[k]] += 1;
    run.changed[block.slot[k]] = run.stamp;
  }
}

/** Takes the next rows if they all have so many inputs and lie well; else nothing has happened. */
[[gnu::noinline]] bool begin_block(word_run& run, word_block& block) noexcept {
  const std::size_t entries = block.rows * block.inputs;
  if (!take_rows(run, block) || !take_entries(run, block) || !are_data(block, entries)) return false;
  block.input_bytes = place_inputs(run, block, entries);
  block.page_bytes = place_pages(run, block);
  return (block.input_bytes != nullptr && block.page_bytes != nullptr) || place_far(run, block, entries);
}

/** `KEEPS`: the words now and before, too. `FAR`: in several arenas. Returns how many have changed. */
template <typename Word, std::uint32_t INPUTS, bool KEEPS, bool FAR>
std::size_t compute_block(const Word& word, word_block& block) noexcept {
  const Word fold = word;
  const std::uint8_t* const inputs = block.input_bytes;
  std::uint8_t* const pages = block.page_bytes;
  const std::size_t rows = block.rows;
  std::size_t changes = 0;
  for (std::size_t k = 0; k < rows; ++k) {
    typename Word::word result{};
    for (std::size_t i = 0; i < INPUTS; ++i) {
      const std::size_t at = k * INPUTS + i;
      fold.take(result, FAR ? block.far_input[at] : inputs + block.input_at[at], i == 0);
    }
    const std::uint64_t now = Word::bits(result);
    std::uint8_t* const page = FAR ? block.far_page[k] : pages + block.page[k];
    const auto before = load<std::uint64_t>(page);
    store(page, now);
    if constexpr (KEEPS) {
      block.words[k] = now;
      block.before[k] = before;
    }
    block.differs[k] = before != now ? 1 : 0;
    changes += before != now ? 1 : 0;
  }
  return changes;
}

/** The rows have been computed. */
[[gnu::noinline]] void end_block(word_run& run, const word_block& block, std::size_t changes) noexcept {
  const std::size_t rows = block.rows;
  if (run.words != nullptr) {
    if (block.is_in_order && block.slot[0] == run.list[0] + run.row) copy_all(run.words + run.row, block.words, rows);
    else run.words = nullptr;
  }
  std::uint8_t* const result = run.result + run.row;
  for (std::size_t k = 0; k < rows; ++k) result[k] = static_cast<std::uint8_t>(block.differs[k] * static_cast<unsigned>(run_result::runs));
  if (run.row_slot != nullptr) write_down(run, block, changes);
  if (run.settles) settle_rows(run, block, changes);
  run.row += rows;
  run.changes += changes;
}

template <typename Word, std::uint32_t INPUTS>
bool run_block(const Word& word, word_run& run, word_block& block) noexcept {
  block.inputs = INPUTS;
  if (!begin_block(run, block)) return false;
  const bool keeps = run.words != nullptr || run.row_slot != nullptr;
  const auto compute = block.page_bytes == nullptr ? (keeps ? compute_block<Word, INPUTS, true, true> : compute_block<Word, INPUTS, false, true>)
                                                   : (keeps ? compute_block<Word, INPUTS, true, false> : compute_block<Word, INPUTS, false, false>);
  end_block(run, block, compute(word, block));
  return true;
}

template <typename Word>
bool run_block(const Word& word, word_run& run, std::size_t rows) noexcept {
  word_block block;
  block.rows = rows;
  const std::uint32_t slot = load_once(run.list + run.row);
  if (slot >= run.slots) return false;
  const std::uint32_t inputs = load_once(run.count + slot);
  if constexpr (Word::most_inputs != 0) {
    return inputs == Word::most_inputs && run_block<Word, Word::most_inputs>(word, run, block);
  } else {
    switch (inputs) {
      case 1: return run_block<Word, 1>(word, run, block);
      case 2: return run_block<Word, 2>(word, run, block);
      case 3: return run_block<Word, 3>(word, run, block);
      case 4: return run_block<Word, 4>(word, run, block);
      default: return false;
    }
  }
}

/** Runs the next row; false, and nothing has happened, where it is not for here. */
template <typename Word>
bool run_word(const Word& fold, word_run& run) noexcept {
  const std::uint32_t slot = load_once(run.list + run.row);
  if (slot >= run.slots || load_once(run.size + slot) != word_bytes) return false;
  const std::uint8_t flags = load_once(run.state + slot);
  if ((flags & node_state::unsorted) != 0) return false;
  const std::uint64_t start = load_once(run.start + slot);
  std::uint64_t inputs = load_once(run.count + slot);
  if (start + inputs > run.pool_size) return false;
  const std::uint32_t* entries = run.pool + start;
  // Control entries stand behind the data ones.
  while (inputs > 0 && (load_once(entries + inputs - 1) & 1) != 0) --inputs;
  if (inputs < Word::least_inputs) return false;
  if constexpr (Word::most_inputs != 0) inputs = Word::most_inputs;
  std::uint8_t* const page = word_of(run, slot);
  if (page == nullptr) return false;
  typename Word::word result{};
  for (std::size_t i = 0; i < inputs; ++i) {
    const std::uint32_t input = load_once(entries + i) >> 1;
    const std::uint8_t* const at = input < run.slots ? word_of(run, input) : nullptr;
    if (at == nullptr) return false;
    fold.take(result, at, i == 0);
  }
  const std::uint64_t word = Word::bits(result);
  const auto before = load<std::uint64_t>(page);
  const bool differs = before != word;
  if (run.words != nullptr) {
    if (slot == run.list[0] + run.row) run.words[run.row] = word;
    else run.words = nullptr;
  }
  run.result[run.row++] = static_cast<std::uint8_t>(differs ? run_result::runs : run_result::equal);
  if (run.settles && (flags & waits) != 0) run.state[slot] = flags & static_cast<std::uint8_t>(~waits);
  if (!differs) return true;
  store(page, word);
  ++run.changes;
  if (run.row_slot != nullptr) {
    run.row_slot[run.written] = slot;
    run.row_now[run.written] = word;
    run.row_before[run.written++] = before;
  }
  if (run.raises_epochs) {
    run.epoch[slot] += 1;
    run.changed[slot] = run.stamp;
  }
  return true;
}

template <typename Word>
void run_words(const kernel& spec, word_run& run) noexcept {
  const Word word(spec);
  const bool has_blocks = run.slots > 0 && run.slots <= top_bit / 2;
  while (run.row < run.rows) {
    if (has_blocks && run.row >= run.block_from) {
      const std::size_t rest = run.rows - run.row;
      const std::size_t rows = rest < block_rows ? rest : block_rows;
      if (rows >= fewest_block_rows && run_block<Word>(word, run, rows)) continue;
      run.block_from = run.row + rows;
    }
    if (!run_word<Word>(word, run)) return;
  }
}

template <typename T>
words_function map_words(map_operation operation) noexcept {
  switch (operation) {
    case map_operation::affine: return &run_words<word_affine<T>>;
    case map_operation::negate: return &run_words<word_map<T, negate<T>>>;
    case map_operation::absolute: return &run_words<word_map<T, absolute<T>>>;
    case map_operation::square: return &run_words<word_map<T, square<T>>>;
    case map_operation::sqrt: return &run_words<word_map<T, square_root<T>>>;
    default: return &run_words<word_map<T, relu<T>>>;
  }
}

template <typename T>
words_function zip_words(zip_operation operation) noexcept {
  switch (operation) {
    case zip_operation::add: return &run_words<word_fold<T, add<T>, 2>>;
    case zip_operation::subtract: return &run_words<word_fold<T, subtract<T>, 2>>;
    case zip_operation::multiply: return &run_words<word_fold<T, multiply<T>, 2>>;
    case zip_operation::divide: return &run_words<word_fold<T, divide<T>, 2>>;
    case zip_operation::min: return &run_words<word_fold<T, least<T>, 2>>;
    default: return &run_words<word_fold<T, greatest<T>, 2>>;
  }
}

template <typename T>
words_function typed_words(const kernel& spec) noexcept {
  switch (spec.kind) {
    case kernel_kind::map: return map_words<T>(spec.map);
    case kernel_kind::zip: return zip_words<T>(spec.zip);
    case kernel_kind::copy: return &run_words<word_copy>;
    case kernel_kind::sum: return spec.over_elements ? nullptr : &run_words<word_fold<T, add<T>, 0>>;
    case kernel_kind::min: return spec.over_elements ? nullptr : &run_words<word_fold<T, least<T>, 0>>;
    case kernel_kind::max: return spec.over_elements ? nullptr : &run_words<word_fold<T, greatest<T>, 0>>;
    default: return nullptr;
  }
}

inline words_function words_of(const kernel& spec) noexcept {
  switch (spec.element) {
    case kernel_element::f64: return typed_words<double>(spec);
    case kernel_element::f32: return typed_words<float>(spec);
    case kernel_element::i32: return typed_words<std::int32_t>(spec);
    default: return typed_words<std::uint32_t>(spec);
  }
}

}  // namespace
}  // namespace mmsb
