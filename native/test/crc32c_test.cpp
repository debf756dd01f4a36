#include "mmsb/crc32c.hpp"

#include <vector>

#include "check.hpp"

using namespace mmsb;

int main() {
  const std::uint8_t digits[] = {'1', '2', '3', '4', '5', '6', '7', '8', '9'};
  CHECK(crc32c(digits, sizeof digits) == 0xe3069283);  // the check value of RFC 3720's CRC
  CHECK(crc32c_portable(digits, sizeof digits) == 0xe3069283);
  CHECK(crc32c(nullptr, 0) == 0);

  test::prng random(test::seed());
  std::vector<std::uint8_t> bytes(20000);
  for (auto& byte : bytes) byte = static_cast<std::uint8_t>(random.next() >> 56);
  for (std::size_t length = 0; length < 2000; ++length) {
    const std::size_t at = random.below(64);
    CHECK(crc32c(&bytes[at], length) == crc32c_portable(&bytes[at], length));
  }
  for (int round = 0; round < 300; ++round) {
    const std::size_t at = random.below(64);
    const std::size_t length = random.below(19000);
    const std::size_t cut = random.below(static_cast<std::uint32_t>(length) + 1);
    const auto first = static_cast<std::uint32_t>(random.next());
    const std::uint32_t whole = crc32c(&bytes[at], length, first);
    CHECK(whole == crc32c_portable(&bytes[at], length, first));
    CHECK(whole == crc32c(&bytes[at + cut], length - cut, crc32c(&bytes[at], cut, first)));
  }
  return test::failures();
}
