// The kernels that move, merge, apply, compare and hash bytes, at every alignment and many lengths.
#include <algorithm>

#include "suite.hpp"

namespace suite {

namespace {

constexpr std::size_t around = 4096 + 64;

std::vector<std::uint32_t> handles(const std::vector<page*>& pages) {
  std::vector<std::uint32_t> all;
  for (const page* one : pages) all.push_back(one->handle);
  return all;
}

/** Every pair of alignments, lengths around the edges of 16 and of a warp's step. */
void test_copy_ranges() {
  const page from(dice.draw(around)), to(around);
  const bytes source = from.read(around);
  for (std::uint32_t a = 0; a < 16; ++a) {
    for (std::uint32_t b = quick ? dice.below(16) : 0; b < 16; b += quick ? 16 : 1) {
      bytes expected = dice.draw(around);
      to.write(expected);
      std::vector<std::uint32_t> f, fo, t, o, l;
      // One launch of many ranges, apart by more than their alignment moves them.
      std::uint32_t at = 16;
      for (const std::uint32_t length : {0u, 1u, 2u, 15u, 16u, 17u, 31u, 33u, 64u, 127u, 511u, 512u, 513u, 1000u}) {
        f.push_back(from.handle), t.push_back(to.handle);
        fo.push_back(at + a), o.push_back(at + b), l.push_back(length);
        std::memcpy(expected.data() + at + b, source.data() + at + a, length);
        at += (length + 47) / 16 * 16;
      }
      MUST(mmsb_cuda_copy_ranges, device, f.data(), fo.data(), t.data(), o.data(), l.data(), static_cast<std::uint32_t>(l.size()), 0);
      expect(to.read(around) == expected, "copy range, alignments " + std::to_string(a) + " to " + std::to_string(b));
    }
  }
  const std::size_t size = (3u << 20) + 5;
  const page long_from(dice.draw(size)), long_to(dice.draw(size));
  bytes expected = long_to.read(size);
  const bytes image = long_from.read(size);
  const std::uint32_t fo = 3, o = 1, l = static_cast<std::uint32_t>(size) - 4;
  std::memcpy(expected.data() + o, image.data() + fo, l);
  MUST(mmsb_cuda_copy_ranges, device, &long_from.handle, &fo, &long_to.handle, &o, &l, 1, 0);
  expect(long_to.read(size) == expected, "a long range");
}

void test_zero_clone_scatter_gather() {
  for (int round = 0; round < rounds(30); ++round) {
    const std::size_t size = round == 0 ? 40000 : dice.below(9000) + 1;
    const page a(dice.draw(size)), b(dice.draw(size)), c(dice.draw(size)), bystander(dice.draw(size));
    const bytes kept = bystander.read(size);
    const std::uint32_t from[] = {a.handle, b.handle}, to[] = {c.handle, bystander.handle};
    MUST(mmsb_cuda_clone, device, from, to, 1);
    expect(c.read(size) == a.read(size), "a clone is equal, " + std::to_string(size));
    expect(bystander.read(size) == kept, "and the next page untouched");
    MUST(mmsb_cuda_zero, device, from, 1);
    expect(a.read(size) == bytes(size, 0) && b.read(size) != bytes(size, 0), "zero clears its page alone, " + std::to_string(size));
    // ranges of b and c gathered, and scattered into a
    std::vector<std::uint32_t> pages, offsets, lengths;
    bytes expected;
    const bytes image_b = b.read(size), image_c = c.read(size);
    for (std::uint32_t i = 0, at_b = 0, at_c = 0; i < 20; ++i) {
      const bool is_b = dice.below(2) == 0;
      std::uint32_t& at = is_b ? at_b : at_c;
      const std::uint32_t room = static_cast<std::uint32_t>(size) - at;
      const std::uint32_t length = room == 0 ? 0 : dice.below(std::min(room, 900u) + 1);
      pages.push_back(is_b ? b.handle : c.handle), offsets.push_back(at), lengths.push_back(length);
      const bytes& image = is_b ? image_b : image_c;
      expected.insert(expected.end(), image.begin() + at, image.begin() + at + length);
      at += length;
    }
    const std::uint32_t start = dice.below(50);
    const page buffer(dice.draw(expected.size() + 100));
    bytes whole = buffer.read(expected.size() + 100);
    MUST(mmsb_cuda_gather, device, buffer.handle, start, pages.data(), offsets.data(), lengths.data(), 20);
    std::copy(expected.begin(), expected.end(), whole.begin() + start);
    expect(buffer.read(whole.size()) == whole, "gather, " + std::to_string(size));
    const page d(dice.draw(size)), e(dice.draw(size));
    bytes image_d = d.read(size), image_e = e.read(size);
    std::size_t at = start;
    for (std::uint32_t i = 0; i < 20; ++i) {
      bytes& image = pages[i] == b.handle ? image_d : image_e;
      std::memcpy(image.data() + offsets[i], whole.data() + at, lengths[i]);
      at += lengths[i];
      pages[i] = pages[i] == b.handle ? d.handle : e.handle;
    }
    MUST(mmsb_cuda_scatter, device, buffer.handle, start, pages.data(), offsets.data(), lengths.data(), 20, 0);
    expect(d.read(size) == image_d && e.read(size) == image_e, "scatter, " + std::to_string(size));
  }
}

void test_merge() {
  for (const bool bits : {false, true}) {
    for (const std::size_t size : {1u, 15u, 16u, 17u, 511u, 2048u, 2049u, 4096u, 40000u, 40007u}) {
      for (const std::uint32_t density : {0u, 1u, 50u, 99u, 100u}) {
        const page subject(dice.draw(size)), values(dice.draw(size));
        bytes expected = subject.read(size);
        const bytes given = values.read(size);
        bytes mask(bits ? (size + 7) / 8 : size, 0);
        for (std::size_t i = 0; i < size; ++i) {
          if (dice.below(100) >= density) continue;
          if (bits) mask[i / 8] = static_cast<std::uint8_t>(mask[i / 8] | 1u << i % 8);
          else mask[i] = static_cast<std::uint8_t>(dice.below(255) + 1);
          expected[i] = given[i];
        }
        const page flags(mask);
        MUST(mmsb_cuda_merge, device, &subject.handle, &flags.handle, &values.handle, 1, bits);
        expect(subject.read(size) == expected, "masked merge of " + std::to_string(size) + (bits ? ", bits" : ", flags"));
      }
    }
  }
}

/** Rows of any place and length, overlapping as they fall, in order; and disjoint ones both ways. */
void test_apply() {
  for (int round = 0; round < rounds(120); ++round) {
    const std::uint32_t page_count = dice.below(6) + 1, size = round % 4 == 0 ? 64 : dice.below(5000) + 1;
    std::vector<page*> pages;
    std::vector<bytes> images;
    for (std::uint32_t i = 0; i < page_count; ++i) {
      pages.push_back(new page(dice.draw(size)));
      images.push_back(pages.back()->read(size));
    }
    const auto all = handles(pages);
    const bool disjoint = round % 3 == 0;
    const std::uint32_t rows = round % 7 == 0 ? dice.below(3000) : dice.below(70) + 1;
    const std::uint32_t longest = round % 5 == 0 ? 2000 : round % 5 == 1 ? 64 : 40;
    std::vector<std::uint32_t> named, offset, length, at;
    bytes payload = dice.draw(dice.below(16));
    std::vector<std::uint32_t> next(page_count, 0);
    for (std::uint32_t r = 0; r < rows; ++r) {
      const std::uint32_t which = dice.below(page_count);
      std::uint32_t o = dice.below(size), l = dice.below(longest) + 1;
      if (round % 5 == 1) o = o / 16 * 16, l = 64, payload.resize((payload.size() + 15) / 16 * 16);  // the path of aligned lines, now and then
      if (disjoint) {
        o = next[which];
        if (o >= size) continue;
        l = std::min(l, size - o);
        next[which] = o + l;
      }
      named.push_back(all[which]), offset.push_back(o), length.push_back(l), at.push_back(static_cast<std::uint32_t>(payload.size()));
      const bytes part = dice.draw(l);
      payload.insert(payload.end(), part.begin(), part.end());
      // past the page's end is cut
      std::memcpy(images[which].data() + o, part.data(), std::min(l, size - o));
    }
    MUST(mmsb_cuda_apply, device, named.data(), offset.data(), length.data(), at.data(), static_cast<std::uint32_t>(named.size()), payload.data(), payload.size(),
         disjoint && round % 2 == 0);
    bool equal = true;
    for (std::uint32_t i = 0; i < page_count; ++i) equal = equal && pages[i]->read(size) == images[i];
    expect(equal, "batched apply, round " + std::to_string(round) + (disjoint ? ", disjoint" : ", overlapping"));
    for (page* one : pages) delete one;
  }
  // whole lines, no two in one place: the fast path, several warps of it
  const std::uint32_t pages = 40, lines = 64;
  const page memory(dice.draw(pages * 4096));
  bytes image = memory.read(pages * 4096);
  std::vector<std::uint32_t> order(pages * lines), named, offset, length, at;
  for (std::uint32_t i = 0; i < order.size(); ++i) order[i] = i;
  for (std::uint32_t i = static_cast<std::uint32_t>(order.size()); i > 1; --i) std::swap(order[i - 1], order[dice.below(i)]);
  const bytes payload = dice.draw(order.size() * 64);
  for (std::uint32_t r = 0; r < order.size(); ++r) {
    named.push_back(memory.handle), offset.push_back(order[r] * 64), length.push_back(64), at.push_back(r * 64);
    std::memcpy(image.data() + order[r] * 64, payload.data() + r * 64, 64);
  }
  MUST(mmsb_cuda_apply, device, named.data(), offset.data(), length.data(), at.data(), static_cast<std::uint32_t>(order.size()), payload.data(), payload.size(), 1);
  expect(memory.read(image.size()) == image, "whole lines in any order");
}

void test_diff() {
  for (int round = 0; round < rounds(60); ++round) {
    const std::uint32_t pairs = dice.below(5) + 1;
    std::vector<page*> before, after;
    std::vector<std::uint32_t> expected_start{0}, expected_offset, expected_length;
    for (std::uint32_t p = 0; p < pairs; ++p) {
      const std::size_t size = round == 0 ? 4096 : dice.below(3000) + 1;
      const bytes a = dice.draw(size);
      bytes b = a;
      const std::uint32_t density = round % 3 == 0 ? 2 : round % 3 == 1 ? 50 : 100;
      for (std::size_t i = 0; i < size; ++i)
        if (dice.below(100) < density) b[i] ^= static_cast<std::uint8_t>(dice.below(256));
      for (std::size_t i = 0; i < size; ++i) {
        if (a[i] == b[i]) continue;
        if (i > 0 && a[i - 1] != b[i - 1]) ++expected_length.back();
        else expected_offset.push_back(static_cast<std::uint32_t>(i)), expected_length.push_back(1);
      }
      expected_start.push_back(static_cast<std::uint32_t>(expected_offset.size()));
      before.push_back(new page(a)), after.push_back(new page(b));
    }
    const auto a = handles(before), b = handles(after);
    std::vector<std::uint32_t> start(pairs + 1, 0xcdcdcdcd);
    const auto total = static_cast<std::uint32_t>(expected_offset.size());
    for (const std::uint32_t capacity : {total, total / 2}) {
      std::vector<std::uint32_t> offset(capacity + 1, 0xcdcdcdcd), length(capacity + 1, 0xcdcdcdcd);
      MUST(mmsb_cuda_diff, device, a.data(), b.data(), pairs, start.data(), offset.data(), length.data(), capacity);
      expect(start == expected_start, "diff counts the runs");
      const bool last_cut = capacity < total;
      const std::uint32_t sure = last_cut && capacity > 0 ? capacity - 1 : capacity;
      expect(std::equal(offset.begin(), offset.begin() + capacity, expected_offset.begin()) &&
                 std::equal(length.begin(), length.begin() + sure, expected_length.begin()) &&
                 (sure == capacity || length[sure] == expected_length[sure]),
             "diff finds them, as far as there is room");
      expect(offset[capacity] == 0xcdcdcdcd && length[capacity] == 0xcdcdcdcd, "and writes nothing past that");
    }
    for (page* one : before) delete one;
    for (page* one : after) delete one;
  }
}

std::uint32_t crc_of(const bytes& data) {
  std::uint32_t crc = ~0u;
  for (const std::uint8_t byte : data) {
    crc ^= byte;
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ (0x82f63b78u & (0u - (crc & 1)));
  }
  return ~crc;
}

struct digest {
  std::uint8_t byte[32];
};

/** SHA-256, plainly. */
digest sha_of(bytes data) {
  static const std::vector<std::uint32_t> constants = [] {
    // the first 32 bits of the fractions of the cube roots of the first 64 primes, found by integer search
    std::vector<std::uint32_t> k;
    for (std::uint64_t p = 2; k.size() < 64; ++p) {
      bool prime = true;
      for (std::uint64_t d = 2; d * d <= p; ++d) prime = prime && p % d != 0;
      if (!prime) continue;
      unsigned __int128 root = 0;
      for (int bit = 40; bit >= 0; --bit) {
        const unsigned __int128 tried = root | static_cast<unsigned __int128>(1) << bit;
        if (tried * tried * tried <= static_cast<unsigned __int128>(p) << 96) root = tried;
      }
      k.push_back(static_cast<std::uint32_t>(root));
    }
    return k;
  }();
  std::uint32_t h[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  const std::uint64_t bit_count = data.size() * 8;
  data.push_back(0x80);
  while (data.size() % 64 != 56) data.push_back(0);
  for (int i = 7; i >= 0; --i) data.push_back(static_cast<std::uint8_t>(bit_count >> i * 8));
  const auto rotate = [](std::uint32_t x, int by) { return x >> by | x << (32 - by); };
  for (std::size_t block = 0; block < data.size(); block += 64) {
    std::uint32_t w[64];
    for (int i = 0; i < 16; ++i) {
      const std::uint8_t* b = data.data() + block + i * 4;
      w[i] = static_cast<std::uint32_t>(b[0]) << 24 | static_cast<std::uint32_t>(b[1]) << 16 | static_cast<std::uint32_t>(b[2]) << 8 | b[3];
    }
    for (int i = 16; i < 64; ++i) {
      w[i] = w[i - 16] + (rotate(w[i - 15], 7) ^ rotate(w[i - 15], 18) ^ w[i - 15] >> 3) + w[i - 7] +
             (rotate(w[i - 2], 17) ^ rotate(w[i - 2], 19) ^ w[i - 2] >> 10);
    }
    std::uint32_t v[8];
    std::copy(h, h + 8, v);
    for (int i = 0; i < 64; ++i) {
      const std::uint32_t t1 = v[7] + (rotate(v[4], 6) ^ rotate(v[4], 11) ^ rotate(v[4], 25)) + ((v[4] & v[5]) ^ (~v[4] & v[6])) + constants[i] + w[i];
      const std::uint32_t t2 = (rotate(v[0], 2) ^ rotate(v[0], 13) ^ rotate(v[0], 22)) + ((v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]));
      for (int j = 7; j > 0; --j) v[j] = v[j - 1];
      v[4] += t1;
      v[0] = t1 + t2;
    }
    for (int i = 0; i < 8; ++i) h[i] += v[i];
  }
  digest out;
  for (int i = 0; i < 32; ++i) out.byte[i] = static_cast<std::uint8_t>(h[i / 4] >> (24 - i % 4 * 8));
  return out;
}

void test_checksums() {
  std::vector<page*> pages;
  std::vector<std::uint32_t> crcs;
  std::vector<digest> digests;
  std::vector<std::size_t> sizes;
  for (std::size_t size = 1; size < 140; ++size) sizes.push_back(size);
  for (const std::size_t size : {511u, 512u, 513u, 527u, 528u, 1023u, 1024u, 4095u, 4096u, 4097u, 100003u}) sizes.push_back(size);
  for (int i = 0; i < 50; ++i) sizes.push_back(dice.below(6000) + 1);
  for (const std::size_t size : sizes) {
    const bytes image = dice.draw(size);
    pages.push_back(new page(image));
    crcs.push_back(crc_of(image));
    digests.push_back(sha_of(image));
  }
  const auto all = handles(pages);
  std::vector<std::uint32_t> crc(all.size(), 0xcdcdcdcd);
  std::vector<digest> sha(all.size());
  MUST(mmsb_cuda_crc32c, device, all.data(), static_cast<std::uint32_t>(all.size()), crc.data());
  MUST(mmsb_cuda_sha256, device, all.data(), static_cast<std::uint32_t>(all.size()), sha[0].byte);
  for (std::size_t i = 0; i < all.size(); ++i) {
    expect(crc[i] == crcs[i], "CRC-32C of " + std::to_string(sizes[i]) + " bytes");
    expect(std::memcmp(sha[i].byte, digests[i].byte, 32) == 0, "SHA-256 of " + std::to_string(sizes[i]) + " bytes");
  }
  for (page* one : pages) delete one;
  const page digits(bytes{'1', '2', '3', '4', '5', '6', '7', '8', '9'});
  std::uint32_t known = 0;
  MUST(mmsb_cuda_crc32c, device, &digits.handle, 1, &known);
  expect(known == 0xe3069283u, "the check value of CRC-32C");
  const page abc(bytes{'a', 'b', 'c'});
  digest of_abc;
  MUST(mmsb_cuda_sha256, device, &abc.handle, 1, of_abc.byte);
  const std::uint8_t published[4] = {0xba, 0x78, 0x16, 0xbf};
  expect(std::memcmp(of_abc.byte, published, 4) == 0, "SHA-256 of abc as FIPS 180 gives it");
}

}  // namespace

void test_kernels() {
  test_copy_ranges();
  test_zero_clone_scatter_gather();
  test_merge();
  test_apply();
  test_diff();
  test_checksums();
}

}  // namespace suite
