// Pages of each kind, their moves, bytes across the link, and what the statistics say of it.
#include <algorithm>

#include "suite.hpp"

namespace suite {

namespace {

void test_round_trips() {
  for (const std::int32_t memory : {MMSB_CUDA_DEVICE, MMSB_CUDA_UNIFIED}) {
    for (const std::size_t size : {1u, 15u, 16u, 17u, 4096u, 4097u, 1u << 20, (5u << 20) + 3, (9u << 20) + 13}) {
      const page subject(size, memory);
      expect(subject.read(size) == bytes(size, 0), "a new page is zero, " + std::to_string(size));
      bytes image = dice.draw(size);
      subject.write(image);
      expect(subject.read(size) == image, "read gives what was written, " + std::to_string(size));
      const std::uint32_t at = dice.below(static_cast<std::uint32_t>(size)), length = dice.below(static_cast<std::uint32_t>(size) - at) + 1;
      const bytes part = dice.draw(length);
      MUST(mmsb_cuda_write, device, subject.handle, at, part.data(), length);
      std::memcpy(image.data() + at, part.data(), length);
      bytes some(length, 0xcd);
      MUST(mmsb_cuda_read, device, subject.handle, at, some.data(), length);
      expect(some == part, "a part reads back, " + std::to_string(size));
      expect(subject.read(size) == image, "and leaves the rest alone, " + std::to_string(size));
    }
  }
  // A block is used again: its old bytes must not show.
  { const page first(dice.draw(10000)); }
  const page second(10000);
  expect(second.read(10000) == bytes(10000, 0), "a page in a block used before is zero");
}

void test_migration() {
  const bytes image = dice.draw(12345);
  const page subject(image);
  for (const std::int32_t memory : {MMSB_CUDA_UNIFIED, MMSB_CUDA_UNIFIED, MMSB_CUDA_DEVICE, MMSB_CUDA_UNIFIED, MMSB_CUDA_DEVICE}) {
    MUST(mmsb_cuda_page_migrate, device, subject.handle, memory);
    expect(subject.read(image.size()) == image, "a page keeps its bytes when it moves");
  }
  // The device's own table of pages has to follow.
  const std::uint32_t offset = 100, length = 50, at = 0;
  const bytes part = dice.draw(length);
  MUST(mmsb_cuda_page_migrate, device, subject.handle, MMSB_CUDA_UNIFIED);
  MUST(mmsb_cuda_apply, device, &subject.handle, &offset, &length, &at, 1, part.data(), length, 0);
  bytes expected = image;
  std::memcpy(expected.data() + offset, part.data(), length);
  expect(subject.read(image.size()) == expected, "a delta reaches the page where it is now");
}

void test_unified() {
  const std::size_t size = 100000;
  const page subject(size, MMSB_CUDA_UNIFIED);
  void* seen = nullptr;
  MUST(mmsb_cuda_page_map, device, subject.handle, &seen);
  const bytes image = dice.draw(size);
  std::memcpy(seen, image.data(), size);
  std::uint32_t crc = 0, crc_of_copy = 0;
  const page copy(image);
  for (const int advice : {MMSB_CUDA_READ_MOSTLY, MMSB_CUDA_NOT_READ_MOSTLY, MMSB_CUDA_PREFER_DEVICE, MMSB_CUDA_PREFER_HOST, MMSB_CUDA_NO_PREFERENCE})
    MUST(mmsb_cuda_page_advise, device, subject.handle, advice);
  MUST(mmsb_cuda_page_prefetch, device, subject.handle, 1);
  MUST(mmsb_cuda_crc32c, device, &subject.handle, 1, &crc);
  MUST(mmsb_cuda_crc32c, device, &copy.handle, 1, &crc_of_copy);
  expect(crc == crc_of_copy, "the GPU sees what the CPU wrote into the unified buffer");
  MUST(mmsb_cuda_zero, device, &subject.handle, 1);
  MUST(mmsb_cuda_page_map, device, subject.handle, &seen);
  expect(std::memcmp(seen, bytes(size, 0).data(), size) == 0, "the CPU sees what the GPU wrote into it");
  MUST(mmsb_cuda_page_prefetch, device, subject.handle, 0);
  void* again = nullptr;
  MUST(mmsb_cuda_page_migrate, device, subject.handle, MMSB_CUDA_UNIFIED);
  MUST(mmsb_cuda_page_map, device, subject.handle, &again);
  expect(again == seen, "moving a unified page to unified memory is nothing");
}

void test_registered() {
  const std::size_t size = 3u << 20;
  bytes arena = dice.draw(size + 64);
  auto* base = reinterpret_cast<std::uint8_t*>((reinterpret_cast<std::uintptr_t>(arena.data()) + 15) & ~std::uintptr_t{15});
  MUST(mmsb_cuda_register, device, base, size);
  std::uint32_t handle = 0;
  MUST(mmsb_cuda_page_create, device, MMSB_CUDA_REGISTERED, 8, 5000, base + 4096, &handle);
  mmsb_cuda_error error{};
  expect(mmsb_cuda_unregister(device, base, &error) == MMSB_CUDA_ARGUMENT, "memory that a page lies in stays registered");
  const std::uint32_t offset = 33, length = 77, at = 0;
  const bytes part = dice.draw(length);
  bytes expected(base + 4096, base + 4096 + 5000);
  std::memcpy(expected.data() + offset, part.data(), length);
  MUST(mmsb_cuda_apply, device, &handle, &offset, &length, &at, 1, part.data(), length, 0);
  MUST(mmsb_cuda_synchronize, device);
  expect(std::memcmp(base + 4096, expected.data(), 5000) == 0, "the GPU writes the program's own memory in place");
  // Transfers from registered memory skip the staging.
  const page large(size);
  MUST(mmsb_cuda_write, device, large.handle, 0, base, size);
  expect(std::memcmp(large.read(size).data(), base, size) == 0, "registered memory goes over whole");
  MUST(mmsb_cuda_page_free, device, handle);
  MUST(mmsb_cuda_unregister, device, base);
  expect(mmsb_cuda_page_create(device, MMSB_CUDA_REGISTERED, 8, 16, base, &handle, &error) == MMSB_CUDA_ARGUMENT, "no page in memory that is not registered");
}

void test_refusals() {
  mmsb_cuda_error error{};
  const page subject(dice.draw(100));
  std::uint8_t byte = 0;
  std::uint32_t handle = 0;
  expect(mmsb_cuda_read(device, 0xffffffff, 0, &byte, 1, &error) == MMSB_CUDA_ARGUMENT, "an unknown handle");
  expect(mmsb_cuda_read(device, subject.handle, 100, &byte, 1, &error) == MMSB_CUDA_ARGUMENT, "a read past the end");
  expect(mmsb_cuda_write(device, subject.handle, ~std::uint64_t{0}, &byte, 2, &error) == MMSB_CUDA_ARGUMENT, "an offset that would wrap");
  expect(mmsb_cuda_page_create(device, 9, 0, 16, nullptr, &handle, &error) == MMSB_CUDA_ARGUMENT, "an unknown kind of memory");
  expect(mmsb_cuda_page_create(device, MMSB_CUDA_DEVICE, 0, 1ull << 30, nullptr, &handle, &error) == MMSB_CUDA_OUT_OF_MEMORY, "more than the pool may hold");
  expect(std::strlen(error.message) > 20, "says how much is held");
  void* seen = nullptr;
  expect(mmsb_cuda_page_map(device, subject.handle, &seen, &error) == MMSB_CUDA_ARGUMENT, "a device page has no address for the CPU");
  const std::uint32_t at = 60, length = 50, from = 0, zero = 0;
  expect(mmsb_cuda_apply(device, &subject.handle, &zero, &length, &at, 1, &byte, 100, 0, &error) == MMSB_CUDA_ARGUMENT, "a row past the payload");
  expect(mmsb_cuda_copy_ranges(device, &subject.handle, &from, &subject.handle, &at, &length, 1, 0, &error) == MMSB_CUDA_ARGUMENT, "a range past the page");
  const std::uint32_t twenty = 20, thirty = 30;
  expect(mmsb_cuda_copy_ranges(device, &subject.handle, &from, &subject.handle, &twenty, &thirty, 1, 0, &error) == MMSB_CUDA_ARGUMENT, "overlapping ranges");
  expect(mmsb_cuda_clone(device, &subject.handle, &subject.handle, 1, &error) == MMSB_CUDA_ARGUMENT, "a page cloned onto itself");
  expect(error.sticky == 0, "a refusal leaves the device alone");
  MUST(mmsb_cuda_synchronize, device);
}

/** Pages come and go at random; what the pool says of itself must add up. */
void test_pool() {
  mmsb_cuda_stats before{};
  MUST(mmsb_cuda_stats_read, device, &before);
  struct held {
    std::uint32_t handle;
    bytes image;
  };
  std::vector<held> pages;
  std::uint64_t used = 0;
  const auto block = [](std::size_t size) { return (size + 16 + 255) / 256 * 256; };
  for (int i = 0; i < rounds(3000); ++i) {
    if (pages.empty() || dice.below(5) < 3) {
      held made{0, dice.draw(dice.below(dice.below(8) == 0 ? 200000 : 6000) + 1)};
      MUST(mmsb_cuda_page_create, device, MMSB_CUDA_DEVICE, 1, made.image.size(), nullptr, &made.handle);
      MUST(mmsb_cuda_write, device, made.handle, 0, made.image.data(), made.image.size());
      used += block(made.image.size());
      pages.push_back(std::move(made));
    } else {
      const std::uint32_t which = dice.below(static_cast<std::uint32_t>(pages.size()));
      bytes image(pages[which].image.size());
      MUST(mmsb_cuda_read, device, pages[which].handle, 0, image.data(), image.size());
      expect(image == pages[which].image, "no page is touched by another's coming and going");
      MUST(mmsb_cuda_page_free, device, pages[which].handle);
      used -= block(pages[which].image.size());
      pages[which] = std::move(pages.back());
      pages.pop_back();
    }
  }
  mmsb_cuda_stats stats{};
  MUST(mmsb_cuda_stats_read, device, &stats);
  expect(stats.device.used_bytes - before.device.used_bytes == used, "used bytes are those of the pages");
  expect(stats.device.used_bytes + stats.device.free_bytes == stats.device.reserved_bytes, "used and free make reserved");
  expect(stats.device.largest_free_bytes <= stats.device.free_bytes, "the largest free block is free");
  expect(stats.device.peak_used_bytes >= stats.device.used_bytes, "the peak is not below the present");
  std::vector<std::uint64_t> map(1u << 20);
  std::uint32_t count = 0;
  MUST(mmsb_cuda_pool_map, device, MMSB_CUDA_DEVICE, map.data(), static_cast<std::uint32_t>(map.size()), &count);
  std::uint64_t reserved = 0, free_bytes = 0, largest = 0;
  for (std::uint32_t at = 0; at + 3 <= count;) {
    reserved += map[at + 1];
    const std::uint64_t runs = map[at + 2];
    at += 3;
    for (std::uint64_t run = 0; run < runs; ++run, at += 2) free_bytes += map[at + 1], largest = std::max(largest, map[at + 1]);
  }
  expect(reserved == stats.device.reserved_bytes && free_bytes == stats.device.free_bytes && largest == stats.device.largest_free_bytes,
         "the map of the arenas adds up to the pool's figures");
  for (const held& gone : pages) MUST(mmsb_cuda_page_free, device, gone.handle);
  MUST(mmsb_cuda_stats_read, device, &stats);
  expect(stats.device.used_bytes == before.device.used_bytes, "all of it is given back");
  expect(stats.device_total_bytes > 0 && stats.device_free_bytes <= stats.device_total_bytes, "the card's totals make sense");
}

void test_events() {
  std::vector<mmsb_cuda_event> events(1u << 16);
  std::uint32_t taken = 0;
  MUST(mmsb_cuda_synchronize, device);
  do mmsb_cuda_events_take(device, events.data(), 1u << 16, &taken);
  while (taken > 0);
  mmsb_cuda_set_cause(device, 4711);
  {
    const page subject(dice.draw(4096));
    const std::uint32_t offset = 0, length = 64, at = 0;
    const bytes part = dice.draw(64);
    MUST(mmsb_cuda_apply, device, &subject.handle, &offset, &length, &at, 1, part.data(), 64, 0);
    MUST(mmsb_cuda_synchronize, device);
  }
  mmsb_cuda_set_cause(device, 0);
  mmsb_cuda_events_take(device, events.data(), 1u << 16, &taken);
  const int kinds[] = {MMSB_CUDA_ALLOCATE, MMSB_CUDA_COPY, MMSB_CUDA_LAUNCH, MMSB_CUDA_FREE};
  expect(taken == 4, "an allocation, a copy, a launch and a free are four events: " + std::to_string(taken));
  for (std::uint32_t i = 0; i < taken && i < 4; ++i) {
    expect(events[i].kind == kinds[i], "in this order");
    expect(events[i].cause == 4711, "each with its cause");
    expect(events[i].bytes > 0 && events[i].time_ns > 1'600'000'000'000'000'000ull, "its bytes and its time");
    const bool timed = events[i].kind == MMSB_CUDA_COPY || events[i].kind == MMSB_CUDA_LAUNCH;
    expect(!timed || events[i].duration_ns > 0, "and, on the device, its duration");
    expect(events[i].kind == MMSB_CUDA_LAUNCH || events[i].page_id == 7, "and its page");
  }
}

}  // namespace

void test_memory() {
  test_round_trips();
  test_migration();
  test_unified();
  test_registered();
  test_refusals();
  test_pool();
  test_events();
}

}  // namespace suite
