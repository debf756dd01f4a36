// Pages that several threads, of either language, allocate, free, clone and migrate at once. The layout of the shared memory and the steps
// of each operation are those of engine/pages/shared-pages.ts, which says why; both work on the same memory at the same time.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>

namespace mmsb {

/** A page: its slot, and which of the pages that lived there. */
struct page_handle {
  std::uint32_t slot;
  std::uint32_t generation;
};

enum class page_result : std::uint8_t {
  ok = 0,
  /** The page is gone, or never was. */
  unknown = 1,
  /** Another thread did not let the page, or the heap, go. */
  busy = 2,
  out_of_memory = 3,
  /** There are as many pages as there may be. */
  too_many = 4,
  /** The range lies outside the page. */
  out_of_range = 5,
};

/** The words of one attached heap; several may be attached to the same memory. Never sleeps. */
class shared_pages {
 public:
  static constexpr std::uint32_t magic = 0x4c50534d;
  static constexpr std::uint32_t layout_version = 1;
  static constexpr std::uint32_t granule_bytes = 64;
  static constexpr std::uint32_t max_owners = 64;
  /** Block sizes in granules: 1, 2, 3, 4, 6, 8, 12, … two to a doubling. */
  static constexpr std::uint32_t classes = 48;
  static constexpr std::uint32_t header_words = 512;
  static constexpr std::uint32_t slot_words = 8;

  /** Bytes that the memory of so many pages and granules takes. */
  static std::uint64_t memory_bytes(std::uint32_t max_pages, std::uint32_t granules) noexcept;

  /** Makes the memory, zero so far and 8-aligned, a heap. */
  static void format(std::span<std::uint8_t> memory, std::uint32_t max_pages, std::uint32_t granules) noexcept;

  /** `is_valid()` is false where the memory is no heap of this layout. `owner` < max_owners names the caller in the accounts. */
  shared_pages(std::span<std::uint8_t> memory, std::uint32_t owner) noexcept;
  bool is_valid() const noexcept { return memory_ != nullptr; }

  /** A page of zeros. Throws std::bad_alloc where the process, not the heap, has no memory. */
  page_result allocate(std::uint32_t size_bytes, std::uint32_t location, page_handle& page, std::uint64_t& id);
  page_result free(page_handle page) noexcept;
  /** A new page with the bytes and the location of another at one moment. */
  page_result clone(page_handle page, page_handle& copy, std::uint64_t& id);
  page_result migrate(page_handle page, std::uint32_t location) noexcept;
  /** All of the page's bytes at one moment. */
  page_result read(page_handle page, std::span<std::uint8_t> out) noexcept;
  page_result write(page_handle page, std::uint64_t offset, std::span<const std::uint8_t> bytes) noexcept;
  page_result size(page_handle page, std::uint32_t& size_bytes) noexcept;

 private:
  struct block {
    std::uint32_t granule;
    std::uint32_t size_class;
  };

  std::atomic_ref<std::uint32_t> word(std::uint64_t index) const noexcept;
  std::atomic_ref<std::uint64_t> pair(std::uint64_t index) const noexcept;
  std::atomic_ref<std::uint32_t> field(std::uint32_t slot, std::uint32_t which) const noexcept;
  bool has(std::uint32_t granule, std::uint64_t granules) const noexcept;
  bool holds(std::uint32_t granule, std::uint64_t size_bytes) const noexcept;
  std::uint8_t* bytes_of(std::uint32_t granule) const noexcept;

  bool take_block(std::uint32_t size_class, block& taken);
  bool take_fresh(std::uint32_t granules, std::uint32_t& granule) noexcept;
  bool take_larger(std::uint32_t size_class, block& taken) noexcept;
  page_result reclaim(std::uint32_t size_class, block& taken);
  void give_extent(std::uint32_t granule, std::uint32_t granules) noexcept;
  void give_block(const block& given) noexcept;
  std::uint32_t take_slot() noexcept;
  page_result lock(page_handle page, std::uint32_t& state) noexcept;
  void unlock(std::uint32_t slot, std::uint32_t state, std::uint32_t to) noexcept;
  page_handle publish(std::uint32_t slot, const block& where, std::uint32_t size_bytes, std::uint32_t location,
                      std::uint64_t& id) noexcept;
  void account(std::uint32_t owner, std::int32_t granules, std::int32_t pages) noexcept;

  std::uint8_t* memory_ = nullptr;
  std::uint32_t max_pages_ = 0;
  std::uint32_t granules_ = 0;
  std::uint64_t links_at_ = 0;
  std::uint64_t arena_at_ = 0;
  std::uint32_t owner_ = 0;
};

}  // namespace mmsb
