// Scattering and blending against a byte at a time, at every alignment. CMake runs this once for each set of instructions (`MMSB_CPU`).
#include <algorithm>
#include <vector>

#include "check.hpp"
#include "mmsb/masks.hpp"
#include "mmsb/runs.hpp"

using namespace mmsb;

namespace {

std::vector<std::uint8_t> noise(test::prng& random, std::size_t length) {
  std::vector<std::uint8_t> bytes(length);
  for (auto& byte : bytes) byte = static_cast<std::uint8_t>(random.next() >> 56);
  return bytes;
}

void scatters(test::prng& random) {
  std::vector<std::uint32_t> offset;
  std::vector<std::uint32_t> length;
  const std::uint32_t most = std::vector<std::uint32_t>{1, 2, 40, 70, 200}[random.below(5)];
  std::uint32_t at = random.below(70);
  std::size_t total = 0;
  for (std::uint32_t i = random.below(60); i > 0; --i) {
    offset.push_back(at);
    length.push_back(1 + random.below(most));
    total += length.back();
    at += length.back() + 1 + random.below(20);
  }
  // now and then the payload is too short, or the page ends within a run
  const std::vector<std::uint8_t> payload = noise(random, total - std::min<std::size_t>(total, random.below(8) == 0 ? 1 : 0));
  const std::size_t size = random.below(4) == 0 ? random.below(at + 1) : at + random.below(3);
  const std::size_t around = 8 + random.below(70);
  std::vector<std::uint8_t> page = noise(random, size + 2 * around);
  std::vector<std::uint8_t> expected = page;
  std::int64_t written = 0;
  for (std::size_t i = 0; i < offset.size() && written >= 0; ++i) {
    for (std::uint32_t byte = 0; byte < length[i] && offset[i] + byte < size; ++byte) {
      if (static_cast<std::size_t>(written) == payload.size()) {
        written = too_short;
        break;
      }
      expected[around + offset[i] + byte] = payload[static_cast<std::size_t>(written++)];
    }
  }
  const std::int64_t done = apply_runs(offset.data(), length.data(), offset.size(), payload, {page.data() + around, size});
  CHECK(done == written);
  if (done >= 0) CHECK(page == expected);
  CHECK(std::equal(page.begin(), page.begin() + static_cast<std::ptrdiff_t>(around), expected.begin()));
  CHECK(std::equal(page.end() - static_cast<std::ptrdiff_t>(around), page.end(), expected.end() - static_cast<std::ptrdiff_t>(around)));
}

void blends(test::prng& random) {
  const std::size_t length = random.below(700);
  const std::size_t at = random.below(70);
  const std::vector<std::uint8_t> values = noise(random, length + 70);
  std::vector<std::uint8_t> mask = noise(random, length + 70);
  const std::uint32_t share = random.below(4);
  for (auto& flag : mask)
    if (random.below(4) < share) flag = 0;
  std::vector<std::uint8_t> page = noise(random, length + 140);
  std::vector<std::uint8_t> expected = page;
  for (std::size_t i = 0; i < length; ++i)
    if (mask[at + i] != 0) expected[69 - at + i] = values[at / 2 + i];
  blend_masked(mask.data() + at, values.data() + at / 2, page.data() + 69 - at, length);
  CHECK(page == expected);
  for (std::size_t i = 0; i < length; ++i)
    if ((mask[at + i / 8] >> (i % 8) & 1) != 0) expected[at + i] = values[69 - at + i];
  blend_bits(mask.data() + at, values.data() + 69 - at, page.data() + at, length);
  CHECK(page == expected);
}

}  // namespace

int main() {
  test::prng random(test::seed());
  for (int round = 0; round < 4000; ++round) {
    scatters(random);
    blends(random);
  }
  return test::failures();
}
