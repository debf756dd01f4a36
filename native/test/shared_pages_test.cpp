// Eight threads allocate, free, clone, migrate, read and write the same pages; then the memory is checked word by word. Under
// ThreadSanitizer (preset `tsan`) every access of theirs is watched.
#include "mmsb/shared_pages.hpp"

#include <algorithm>
#include <atomic>
#include <thread>
#include <vector>

#include "check.hpp"

using namespace mmsb;

namespace {

constexpr std::uint32_t threads = 8;
constexpr std::uint32_t board_places = 256;
constexpr std::uint32_t max_pages = 600;
constexpr std::uint32_t granules = 6000;

struct aligned_memory {
  std::vector<std::uint64_t> words;
  explicit aligned_memory(std::uint64_t bytes) : words((bytes + 7) / 8) {}
  std::span<std::uint8_t> span() { return {reinterpret_cast<std::uint8_t*>(words.data()), words.size() * 8}; }
};

std::uint64_t packed(page_handle page) { return static_cast<std::uint64_t>(page.generation) << 32 | (page.slot + 1); }
page_handle unpacked(std::uint64_t place) {
  return {static_cast<std::uint32_t>(place) - 1, static_cast<std::uint32_t>(place >> 32)};
}

struct tally {
  std::vector<std::uint64_t> ids;
  std::uint64_t allocated = 0;
  std::uint64_t freed = 0;
  std::uint64_t torn = 0;
  std::uint64_t stuck = 0;
  std::uint64_t full = 0;
};

bool is_uniform(const std::vector<std::uint8_t>& bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [&](std::uint8_t byte) { return byte == bytes.front(); });
}

void work(std::span<std::uint8_t> memory, std::vector<std::atomic<std::uint64_t>>& board, std::uint32_t owner,
          std::uint32_t operations, tally& done) {
  shared_pages pages(memory, owner);
  test::prng random(test::seed() * 100 + owner);
  std::vector<std::uint8_t> bytes;
  const auto free_page = [&](page_handle page) {
    const page_result result = pages.free(page);
    if (result == page_result::ok) ++done.freed;
    if (result == page_result::busy) ++done.stuck;
  };
  const auto show = [&](page_handle page, std::uint64_t id) {
    ++done.allocated;
    done.ids.push_back(id);
    const std::uint64_t before = board[random.below(board_places)].exchange(packed(page));
    if (before != 0) free_page(unpacked(before));
  };
  for (std::uint32_t i = 0; i < operations; ++i) {
    const std::uint64_t place = board[random.below(board_places)].load();
    const page_handle page = place == 0 ? page_handle{0, 0} : unpacked(place);
    page_handle made{};
    std::uint64_t id = 0;
    std::uint32_t size = 0;
    switch (random.below(7)) {
      case 0:
      case 1: {
        const page_result result = pages.allocate(1 + random.below(random.below(8) == 0 ? 20000 : 1000), 0, made, id);
        if (result == page_result::ok) show(made, id);
        else ++done.full;
        if (result == page_result::busy) ++done.stuck;
        break;
      }
      case 2:
        if (pages.clone(page, made, id) == page_result::ok) show(made, id);
        break;
      case 3:
        pages.migrate(page, random.below(3));
        break;
      case 4:
        // whoever else frees it too, one of them succeeds
        if (random.below(3) == 0) free_page(page);
        break;
      case 5:
        if (pages.size(page, size) != page_result::ok || size == 0) break;
        bytes.assign(size, static_cast<std::uint8_t>(random.next() >> 56));
        pages.write(page, 0, bytes);
        break;
      default:
        if (pages.size(page, size) != page_result::ok || size == 0) break;
        bytes.resize(size);
        if (pages.read(page, bytes) == page_result::ok && !is_uniform(bytes)) ++done.torn;
        break;
    }
  }
}

/** Every granule belongs to one page, to one free block, or was never used; every slot is live, or free once. */
void check_memory(std::span<std::uint8_t> memory, std::uint64_t live) {
  const auto* words = reinterpret_cast<const std::uint32_t*>(memory.data());
  std::vector<int> owned(granules, 0);
  const auto own = [&](std::uint32_t granule, std::uint32_t count) {
    for (std::uint32_t i = 0; i < count; ++i) {
      if (!CHECK(granule + i < granules)) return;
      ++owned[granule + i];
    }
  };
  std::uint32_t class_granules[shared_pages::classes] = {1};
  for (std::uint32_t i = 1; i < shared_pages::classes; ++i) class_granules[i] = i % 2 == 1 ? 2u << (i / 2) : 3u << (i / 2 - 1);
  std::vector<int> slots(max_pages, 0);
  std::uint64_t found = 0;
  std::uint64_t held = 0;
  for (std::uint32_t slot = 0; slot < words[5]; ++slot) {
    const std::uint32_t* record = words + shared_pages::header_words + slot * shared_pages::slot_words;
    if ((record[0] & 3) == 0) continue;
    CHECK((record[0] & 3) == 1);
    ++found;
    ++slots[slot];
    held += class_granules[record[4] & 0xff];
    own(record[2], class_granules[record[4] & 0xff]);
  }
  CHECK(found == live);
  for (std::uint32_t top = words[10]; top != 0;) {
    ++slots[top - 1];
    top = words[shared_pages::header_words + (top - 1) * shared_pages::slot_words + 5];
  }
  for (std::uint32_t slot = 0; slot < words[5]; ++slot) CHECK(slots[slot] == 1);
  const std::uint32_t* links = words + shared_pages::header_words + max_pages * shared_pages::slot_words;
  for (std::uint32_t c = 0; c < shared_pages::classes; ++c) {
    for (std::uint32_t top = words[16 + 2 * c]; top != 0; top = links[top - 1]) own(top - 1, class_granules[c]);
  }
  for (std::uint32_t granule = 0; granule < granules; ++granule) CHECK(owned[granule] == (granule < words[4] ? 1 : 0));
  std::uint64_t accounted = 0;
  std::uint64_t pages = 0;
  for (std::uint32_t owner = 0; owner < shared_pages::max_owners; ++owner) {
    accounted += words[128 + 2 * owner];
    pages += words[128 + 2 * owner + 1];
  }
  CHECK(static_cast<std::uint32_t>(accounted) == held);
  CHECK(static_cast<std::uint32_t>(pages) == live);
  CHECK(words[6] == 0);
}

void stress() {
  // ThreadSanitizer slows it twentyfold; there are as many interleavings in fewer steps.
  const char* given = std::getenv("MMSB_TEST_OPERATIONS");
  const auto operations = static_cast<std::uint32_t>(given == nullptr ? 150'000 : std::strtoul(given, nullptr, 10));
  aligned_memory memory(shared_pages::memory_bytes(max_pages, granules));
  shared_pages::format(memory.span(), max_pages, granules);
  std::vector<std::atomic<std::uint64_t>> board(board_places);
  std::vector<tally> tallies(threads);
  std::vector<std::thread> running;
  for (std::uint32_t i = 0; i < threads; ++i)
    running.emplace_back([&, i] { work(memory.span(), board, i, operations, tallies[i]); });
  for (auto& thread : running) thread.join();
  tally all;
  for (const tally& one : tallies) {
    all.allocated += one.allocated;
    all.freed += one.freed;
    all.torn += one.torn;
    all.stuck += one.stuck;
    all.full += one.full;
    all.ids.insert(all.ids.end(), one.ids.begin(), one.ids.end());
  }
  CHECK(all.torn == 0);
  CHECK(all.stuck == 0);
  CHECK(all.full > 0);  // or the heap was never short, and joining neighbours never tried
  std::sort(all.ids.begin(), all.ids.end());
  CHECK(std::adjacent_find(all.ids.begin(), all.ids.end()) == all.ids.end());
  check_memory(memory.span(), all.allocated - all.freed);
  // all of it can be given back and had again in one piece
  shared_pages pages(memory.span(), 0);
  const auto* words = reinterpret_cast<const std::uint32_t*>(memory.span().data());
  for (std::uint32_t slot = 0; slot < words[5]; ++slot) {
    const std::uint32_t generation = words[shared_pages::header_words + slot * shared_pages::slot_words + 1];
    pages.free({slot, generation});
  }
  check_memory(memory.span(), 0);
  page_handle whole{};
  std::uint64_t id = 0;
  CHECK(pages.allocate(4096 * shared_pages::granule_bytes, 0, whole, id) == page_result::ok);
}

void refusals() {
  aligned_memory memory(shared_pages::memory_bytes(2, 64));
  shared_pages nothing(memory.span(), 0);
  CHECK(!nothing.is_valid());
  shared_pages::format(memory.span(), 2, 64);
  CHECK(!shared_pages(memory.span().subspan(0, 4000), 0).is_valid());
  CHECK(!shared_pages(memory.span(), shared_pages::max_owners).is_valid());
  shared_pages pages(memory.span(), 3);
  page_handle a{}, b{}, c{};
  std::uint64_t id = 0;
  CHECK(pages.allocate(65 * 64, 0, a, id) == page_result::out_of_memory);
  CHECK(pages.allocate(0, 0, a, id) == page_result::ok && id == 1);
  CHECK(pages.allocate(100, 2, b, id) == page_result::ok && id == 2);
  CHECK(pages.allocate(1, 0, c, id) == page_result::too_many);
  std::vector<std::uint8_t> bytes(100, 9), read(100);
  CHECK(pages.write(b, 1, bytes) == page_result::out_of_range);
  CHECK(pages.write(b, 3, std::span(bytes).subspan(0, 97)) == page_result::ok);
  CHECK(pages.read(b, read) == page_result::ok && read[2] == 0 && read[3] == 9 && read[99] == 9);
  CHECK(pages.read(b, std::span(read).subspan(1)) == page_result::out_of_range);
  CHECK(pages.free(a) == page_result::ok);
  CHECK(pages.free(a) == page_result::unknown);
  CHECK(pages.read(a, {}) == page_result::unknown);
  CHECK(pages.clone(b, c, id) == page_result::ok);
  CHECK(pages.read(c, read) == page_result::ok && read[3] == 9);
  CHECK(pages.migrate({77, 1}, 1) == page_result::unknown);
  CHECK(pages.migrate(c, 1) == page_result::ok);
}

}  // namespace

int main() {
  refusals();
  stress();
  return test::failures();
}
