#include "mmsb/shared_pages.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <vector>

#include "mmsb/free_list.hpp"

namespace mmsb {
namespace {

// Words of the header. 64-bit fields stand at even ones.
constexpr std::uint32_t word_magic = 0;
constexpr std::uint32_t word_version = 1;
constexpr std::uint32_t word_max_pages = 2;
constexpr std::uint32_t word_granules = 3;
constexpr std::uint32_t word_fresh_granule = 4;
constexpr std::uint32_t word_fresh_slot = 5;
constexpr std::uint32_t word_heap_lock = 6;
constexpr std::uint32_t pair_next_id = 8;
constexpr std::uint32_t pair_slot_head = 10;
constexpr std::uint32_t pair_class_heads = 16;
constexpr std::uint32_t word_owners = 128;

// Fields of a slot.
constexpr std::uint32_t field_state = 0;
constexpr std::uint32_t field_generation = 1;
constexpr std::uint32_t field_granule = 2;
constexpr std::uint32_t field_size = 3;
/** size class, location << 8, owner << 16. */
constexpr std::uint32_t field_kind = 4;
constexpr std::uint32_t field_link = 5;
constexpr std::uint32_t field_id_lo = 6;
constexpr std::uint32_t field_id_hi = 7;

// The state word: what the page is, below a version that rises with every change.
constexpr std::uint32_t state_free = 0;
constexpr std::uint32_t state_live = 1;
constexpr std::uint32_t state_busy = 2;
constexpr std::uint32_t state_mask = 3;

/** Looks at a lock before it is given up: seconds, where a holder needs microseconds. */
constexpr std::uint32_t most_spins = 1u << 28;

constexpr std::array<std::uint32_t, shared_pages::classes> make_class_granules() {
  std::array<std::uint32_t, shared_pages::classes> sizes{};
  sizes[0] = 1;
  for (std::uint32_t i = 1; i < shared_pages::classes; ++i)
    sizes[i] = i % 2 == 1 ? 2u << (i / 2) : 3u << (i / 2 - 1);
  return sizes;
}

constexpr auto class_granules = make_class_granules();
static_assert(class_granules[1] == 2 && class_granules[2] == 3 && class_granules[3] == 4 && class_granules[4] == 6);

std::uint32_t class_of(std::uint64_t granules) noexcept {
  std::uint32_t size_class = 0;
  while (size_class < shared_pages::classes && class_granules[size_class] < granules) ++size_class;
  return size_class;
}

inline void pause() noexcept {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

std::atomic_ref<std::uint64_t> word_at(std::uint8_t* at) noexcept {
  return std::atomic_ref(*reinterpret_cast<std::uint64_t*>(at));
}

/*
 * Page bytes are copied by words that are atomic each: a reader that comes too early sees a mixture, notices, and reads again. Release and
 * acquire, so that whoever sees a new word also sees that the page was busy.
 */
void copy_in(std::uint8_t* to, const std::uint8_t* from, std::uint64_t bytes) noexcept {
  for (std::uint64_t at = 0; at < bytes; at += 8) {
    const std::uint64_t part = std::min<std::uint64_t>(8, bytes - at);
    std::uint64_t value = part < 8 ? word_at(to + at).load(std::memory_order_relaxed) : 0;
    std::memcpy(&value, from + at, part);
    word_at(to + at).store(value, std::memory_order_release);
  }
}

void copy_out(std::uint8_t* to, std::uint8_t* from, std::uint64_t bytes) noexcept {
  for (std::uint64_t at = 0; at < bytes; at += 8) {
    const std::uint64_t value = word_at(from + at).load(std::memory_order_acquire);
    std::memcpy(to + at, &value, std::min<std::uint64_t>(8, bytes - at));
  }
}

struct list_memory {
  std::atomic_ref<std::uint64_t> head;
  /** First link, the words from one to the next, and how many there are: a head or a link that a stray write left leads to no other memory. */
  std::uint32_t* links;
  std::uint32_t stride;
  std::uint32_t count;

  std::uint64_t load_head() const noexcept { return head.load(); }
  bool replace_head(std::uint64_t& seen, std::uint64_t next) noexcept { return head.compare_exchange_strong(seen, next); }
  std::uint32_t load_link(std::uint32_t number) const noexcept {
    return number < count ? std::atomic_ref(links[static_cast<std::uint64_t>(number) * stride]).load() : 0;
  }
  void store_link(std::uint32_t number, std::uint32_t value) noexcept {
    std::atomic_ref(links[static_cast<std::uint64_t>(number) * stride]).store(value);
  }
};

/** Free blocks of a size class, by first granule. */
list_memory block_list(std::uint8_t* memory, std::uint64_t links_at, std::uint32_t granules, std::uint32_t size_class) noexcept {
  return {word_at(memory + (pair_class_heads + 2 * size_class) * 4), reinterpret_cast<std::uint32_t*>(memory) + links_at, 1, granules};
}

/** Free slots. */
list_memory slot_list(std::uint8_t* memory, std::uint32_t max_pages) noexcept {
  auto* const links = reinterpret_cast<std::uint32_t*>(memory) + shared_pages::header_words + field_link;
  return {word_at(memory + pair_slot_head * 4), links, shared_pages::slot_words, max_pages};
}

}  // namespace

std::uint64_t shared_pages::memory_bytes(std::uint32_t max_pages, std::uint32_t granules) noexcept {
  const std::uint64_t words =
      header_words + static_cast<std::uint64_t>(max_pages) * slot_words + static_cast<std::uint64_t>(granules);
  return (words * 4 + granule_bytes - 1) / granule_bytes * granule_bytes +
         static_cast<std::uint64_t>(granules) * granule_bytes;
}

void shared_pages::format(std::span<std::uint8_t> memory, std::uint32_t max_pages, std::uint32_t granules) noexcept {
  auto* const words = reinterpret_cast<std::uint32_t*>(memory.data());
  words[word_version] = layout_version;
  words[word_max_pages] = max_pages;
  words[word_granules] = granules;
  words[pair_next_id] = 1;
  std::atomic_ref(words[word_magic]).store(magic);
}

shared_pages::shared_pages(std::span<std::uint8_t> memory, std::uint32_t owner) noexcept : owner_(owner) {
  if (memory.size() < header_words * 4 || reinterpret_cast<std::uintptr_t>(memory.data()) % 8 != 0 ||
      owner >= max_owners)
    return;
  auto* const words = reinterpret_cast<std::uint32_t*>(memory.data());
  if (std::atomic_ref(words[word_magic]).load() != magic || std::atomic_ref(words[word_version]).load() != layout_version)
    return;
  max_pages_ = std::atomic_ref(words[word_max_pages]).load();
  granules_ = std::atomic_ref(words[word_granules]).load();
  const std::uint64_t wanted = memory_bytes(max_pages_, granules_);
  if (wanted > memory.size()) return;
  links_at_ = header_words + static_cast<std::uint64_t>(max_pages_) * slot_words;
  arena_at_ = wanted - static_cast<std::uint64_t>(granules_) * granule_bytes;
  memory_ = memory.data();
}

std::atomic_ref<std::uint32_t> shared_pages::word(std::uint64_t index) const noexcept {
  return std::atomic_ref(reinterpret_cast<std::uint32_t*>(memory_)[index]);
}

std::atomic_ref<std::uint64_t> shared_pages::pair(std::uint64_t index) const noexcept {
  return std::atomic_ref(*reinterpret_cast<std::uint64_t*>(memory_ + index * 4));
}

std::atomic_ref<std::uint32_t> shared_pages::field(std::uint32_t slot, std::uint32_t which) const noexcept {
  return word(header_words + static_cast<std::uint64_t>(slot) * slot_words + which);
}

std::uint8_t* shared_pages::bytes_of(std::uint32_t granule) const noexcept {
  return memory_ + arena_at_ + static_cast<std::uint64_t>(granule) * granule_bytes;
}

/** Numbers come out of memory that anyone may have written to: none is followed out of the arena. */
bool shared_pages::has(std::uint32_t granule, std::uint64_t granules) const noexcept {
  return granule < granules_ && granules <= granules_ - granule;
}

bool shared_pages::holds(std::uint32_t granule, std::uint64_t size_bytes) const noexcept {
  return has(granule, (size_bytes + granule_bytes - 1) / granule_bytes);
}

void shared_pages::give_block(const block& given) noexcept {
  free_list(block_list(memory_, links_at_, granules_, given.size_class)).push(given.granule);
}

/** Cuts free granules into blocks, the largest first. */
void shared_pages::give_extent(std::uint32_t granule, std::uint32_t granules) noexcept {
  for (std::uint32_t size_class = classes; granules > 0 && size_class-- > 0;) {
    while (class_granules[size_class] <= granules) {
      give_block({granule, size_class});
      granule += class_granules[size_class];
      granules -= class_granules[size_class];
    }
  }
}

bool shared_pages::take_fresh(std::uint32_t granules, std::uint32_t& granule) noexcept {
  auto fresh = word(word_fresh_granule);
  std::uint32_t seen = fresh.load();
  while (granules <= granules_ && seen <= granules_ - granules) {
    if (fresh.compare_exchange_strong(seen, seen + granules)) {
      granule = seen;
      return true;
    }
  }
  return false;
}

bool shared_pages::take_larger(std::uint32_t size_class, block& taken) noexcept {
  for (std::uint32_t larger = size_class; larger < classes && class_granules[larger] <= granules_; ++larger) {
    const std::uint32_t top = free_list(block_list(memory_, links_at_, granules_, larger)).pop();
    if (top == 0 || !has(top - 1, class_granules[larger])) continue;
    taken = {top - 1, size_class};
    give_extent(top - 1 + class_granules[size_class], class_granules[larger] - class_granules[size_class]);
    return true;
  }
  return false;
}

/** Joins free neighbours, for a block that no list has room for; one thread at a time. */
page_result shared_pages::reclaim(std::uint32_t size_class, block& taken) {
  struct extent {
    std::uint32_t granule;
    std::uint32_t granules;
  };
  std::vector<extent> extents;
  auto lock = word(word_heap_lock);
  for (std::uint32_t spins = 0;; ++spins) {
    std::uint32_t nobody = 0;
    if (lock.load() == 0 && lock.compare_exchange_strong(nobody, owner_ + 1)) break;
    if (spins == most_spins) return page_result::busy;
    pause();
  }
  try {
    for (std::uint32_t c = 0; c < classes; ++c) {
      const list_memory list = block_list(memory_, links_at_, granules_, c);
      std::uint32_t top = free_list(list).take_all();
      // No more blocks than granules: a chain that a stray write made a circle ends.
      for (std::uint32_t count = 0; top != 0 && top <= granules_ && count < granules_; ++count) {
        const std::uint32_t below = list.load_link(top - 1);
        if (has(top - 1, class_granules[c])) extents.push_back({top - 1, class_granules[c]});
        top = below;
      }
    }
    std::sort(extents.begin(), extents.end(), [](const extent& a, const extent& b) { return a.granule < b.granule; });
  } catch (...) {
    lock.store(0);
    throw;
  }
  std::size_t joined = 0;
  for (std::size_t i = 1; i < extents.size(); ++i) {
    if (extents[joined].granule + extents[joined].granules == extents[i].granule) {
      extents[joined].granules += extents[i].granules;
    } else {
      extents[++joined] = extents[i];
    }
  }
  if (!extents.empty()) extents.resize(joined + 1);
  // What lies directly below the fresh part becomes fresh again.
  if (!extents.empty()) {
    std::uint32_t end = extents.back().granule + extents.back().granules;
    if (word(word_fresh_granule).compare_exchange_strong(end, extents.back().granule)) extents.pop_back();
  }
  const std::uint32_t wanted = class_granules[size_class];
  bool found = false;
  for (const extent& one : extents) {
    if (!found && one.granules >= wanted) {
      found = true;
      taken = {one.granule, size_class};
      give_extent(one.granule + wanted, one.granules - wanted);
    } else {
      give_extent(one.granule, one.granules);
    }
  }
  if (!found && take_fresh(wanted, taken.granule)) {
    found = true;
    taken.size_class = size_class;
  }
  lock.store(0);
  return found ? page_result::ok : page_result::out_of_memory;
}

std::uint32_t shared_pages::take_slot() noexcept {
  const std::uint32_t top = free_list(slot_list(memory_, max_pages_)).pop();
  if (top != 0 && top <= max_pages_) return top - 1;
  auto fresh = word(word_fresh_slot);
  std::uint32_t seen = fresh.load();
  while (seen < max_pages_)
    if (fresh.compare_exchange_strong(seen, seen + 1)) return seen;
  return max_pages_;
}

void shared_pages::account(std::uint32_t owner, std::int32_t granules, std::int32_t pages) noexcept {
  const std::uint64_t at = word_owners + 2 * static_cast<std::uint64_t>(owner % max_owners);
  word(at).fetch_add(static_cast<std::uint32_t>(granules));
  word(at + 1).fetch_add(static_cast<std::uint32_t>(pages));
}

page_handle shared_pages::publish(std::uint32_t slot, const block& where, std::uint32_t size_bytes,
                                  std::uint32_t location, std::uint64_t& id) noexcept {
  id = pair(pair_next_id).fetch_add(1);
  field(slot, field_granule).store(where.granule);
  field(slot, field_size).store(size_bytes);
  field(slot, field_kind).store(where.size_class | location << 8 | owner_ << 16);
  field(slot, field_id_lo).store(static_cast<std::uint32_t>(id));
  field(slot, field_id_hi).store(static_cast<std::uint32_t>(id >> 32));
  const std::uint32_t generation = field(slot, field_generation).fetch_add(1) + 1;
  account(owner_, static_cast<std::int32_t>(class_granules[where.size_class]), 1);
  unlock(slot, field(slot, field_state).load(), state_live);
  return {slot, generation};
}

/** On success the page is busy and this thread's; `state` is what its state word was. */
page_result shared_pages::lock(page_handle page, std::uint32_t& state) noexcept {
  if (page.slot >= max_pages_) return page_result::unknown;
  auto word = field(page.slot, field_state);
  for (std::uint32_t spins = 0; spins < most_spins; ++spins) {
    state = word.load();
    // Every change raises the version: where the exchange succeeds the generation was the page's all along.
    if (field(page.slot, field_generation).load() != page.generation || (state & state_mask) == state_free)
      return page_result::unknown;
    if ((state & state_mask) == state_live) {
      std::uint32_t seen = state;
      if (word.compare_exchange_strong(seen, (state & ~state_mask) | state_busy)) return page_result::ok;
    }
    pause();
  }
  return page_result::busy;
}

void shared_pages::unlock(std::uint32_t slot, std::uint32_t state, std::uint32_t to) noexcept {
  field(slot, field_state).store((state & ~state_mask) + (state_mask + 1) + to);
}

page_result shared_pages::allocate(std::uint32_t size_bytes, std::uint32_t location, page_handle& page,
                                   std::uint64_t& id) {
  const std::uint32_t size_class =
      class_of(std::max<std::uint64_t>(1, (static_cast<std::uint64_t>(size_bytes) + granule_bytes - 1) / granule_bytes));
  if (size_class == classes || class_granules[size_class] > granules_) return page_result::out_of_memory;
  block where{0, size_class};
  if (!take_block(size_class, where)) {
    const page_result reclaimed = reclaim(size_class, where);
    if (reclaimed != page_result::ok) return reclaimed;
  }
  const std::uint32_t slot = take_slot();
  if (slot == max_pages_) {
    give_block(where);
    return page_result::too_many;
  }
  std::uint8_t* const bytes = bytes_of(where.granule);
  for (std::uint64_t at = 0; at < static_cast<std::uint64_t>(class_granules[size_class]) * granule_bytes; at += 8)
    word_at(bytes + at).store(0, std::memory_order_release);
  page = publish(slot, where, size_bytes, location & 0xff, id);
  return page_result::ok;
}

bool shared_pages::take_block(std::uint32_t size_class, block& taken) {
  const std::uint32_t top = free_list(block_list(memory_, links_at_, granules_, size_class)).pop();
  if (top != 0 && has(top - 1, class_granules[size_class])) {
    taken = {top - 1, size_class};
    return true;
  }
  taken.size_class = size_class;
  return take_fresh(class_granules[size_class], taken.granule) || take_larger(size_class, taken);
}

page_result shared_pages::free(page_handle page) noexcept {
  std::uint32_t state = 0;
  const page_result locked = lock(page, state);
  if (locked != page_result::ok) return locked;
  const std::uint32_t kind = field(page.slot, field_kind).load();
  const block where{field(page.slot, field_granule).load(), kind & 0xff};
  field(page.slot, field_size).store(0);
  account(kind >> 16, -static_cast<std::int32_t>(class_granules[where.size_class % classes]), -1);
  unlock(page.slot, state, state_free);
  free_list(slot_list(memory_, max_pages_)).push(page.slot);
  if (where.size_class < classes && has(where.granule, class_granules[where.size_class])) give_block(where);
  return page_result::ok;
}

page_result shared_pages::size(page_handle page, std::uint32_t& size_bytes) noexcept {
  if (page.slot >= max_pages_) return page_result::unknown;
  size_bytes = field(page.slot, field_size).load();
  const std::uint32_t state = field(page.slot, field_state).load();
  if (field(page.slot, field_generation).load() != page.generation || (state & state_mask) == state_free)
    return page_result::unknown;
  return page_result::ok;
}

page_result shared_pages::clone(page_handle page, page_handle& copy, std::uint64_t& id) {
  // The copy's room is found before the page is locked: nobody holds a page while waiting for the heap.
  std::uint32_t size_bytes = 0;
  page_result done = size(page, size_bytes);
  if (done != page_result::ok) return done;
  page_handle made{};
  std::uint64_t made_id = 0;
  done = allocate(size_bytes, 0, made, made_id);
  if (done != page_result::ok) return done;
  std::uint32_t made_state = 0;
  std::uint32_t state = 0;
  // Nobody else knows the copy yet, so there is no order between the two locks to keep.
  done = lock(made, made_state);
  if (done != page_result::ok) return done;
  done = lock(page, state);
  if (done != page_result::ok) {
    unlock(made.slot, made_state, state_live);
    free(made);
    return done;
  }
  const std::uint32_t from = field(page.slot, field_granule).load();
  const std::uint32_t to = field(made.slot, field_granule).load();
  if (holds(from, size_bytes) && holds(to, size_bytes)) {
    for (std::uint64_t at = 0; at < size_bytes; at += 8)
      word_at(bytes_of(to) + at).store(word_at(bytes_of(from) + at).load(std::memory_order_acquire), std::memory_order_release);
  }
  const std::uint32_t location = field(page.slot, field_kind).load() & 0xff00;
  unlock(page.slot, state, state_live);
  field(made.slot, field_kind).store((field(made.slot, field_kind).load() & ~0xff00u) | location);
  unlock(made.slot, made_state, state_live);
  copy = made;
  id = made_id;
  return page_result::ok;
}

page_result shared_pages::migrate(page_handle page, std::uint32_t location) noexcept {
  std::uint32_t state = 0;
  const page_result locked = lock(page, state);
  if (locked != page_result::ok) return locked;
  auto kind = field(page.slot, field_kind);
  kind.store((kind.load() & ~0xff00u) | (location & 0xff) << 8);
  unlock(page.slot, state, state_live);
  return page_result::ok;
}

page_result shared_pages::read(page_handle page, std::span<std::uint8_t> out) noexcept {
  if (page.slot >= max_pages_) return page_result::unknown;
  auto word = field(page.slot, field_state);
  for (std::uint32_t spins = 0; spins < most_spins; ++spins) {
    const std::uint32_t before = word.load();
    if (field(page.slot, field_generation).load() != page.generation || (before & state_mask) == state_free)
      return page_result::unknown;
    if ((before & state_mask) == state_live) {
      const std::uint32_t granule = field(page.slot, field_granule).load();
      const std::uint32_t size_bytes = field(page.slot, field_size).load();
      // These too may be from before and after a change: they are used only where they make sense.
      const bool fits = size_bytes == out.size() && holds(granule, size_bytes);
      if (fits) copy_out(out.data(), bytes_of(granule), size_bytes);
      if (word.load() == before) return fits ? page_result::ok : page_result::out_of_range;
    }
    pause();
  }
  return page_result::busy;
}

page_result shared_pages::write(page_handle page, std::uint64_t offset, std::span<const std::uint8_t> bytes) noexcept {
  std::uint32_t state = 0;
  const page_result locked = lock(page, state);
  if (locked != page_result::ok) return locked;
  const std::uint32_t size_bytes = field(page.slot, field_size).load();
  const std::uint32_t granule = field(page.slot, field_granule).load();
  const bool fits = offset <= size_bytes && bytes.size() <= size_bytes - offset && holds(granule, size_bytes);
  if (fits) {
    std::uint8_t* const to = bytes_of(granule) + offset;
    // up to a whole word, then words
    const std::uint64_t head = std::min<std::uint64_t>(bytes.size(), (8 - offset % 8) % 8);
    for (std::uint64_t i = 0; i < head; ++i) std::atomic_ref(to[i]).store(bytes[i], std::memory_order_release);
    copy_in(to + head, bytes.data() + head, bytes.size() - head);
  }
  unlock(page.slot, state, state_live);
  return fits ? page_result::ok : page_result::out_of_range;
}

}  // namespace mmsb
