#include <algorithm>
#include <vector>

#include "mmsb/copy.hpp"
#include "mmsb/cpu.hpp"
#include "mmsb/runs.hpp"
#include "scatter_avx2.hpp"
#include "scatter_avx512.hpp"
#include "short_run.hpp"

namespace mmsb {

std::int64_t apply_runs(const std::uint32_t* offset, const std::uint32_t* length, std::size_t count,
                        std::span<const std::uint8_t> payload, std::span<std::uint8_t> page) noexcept {
#if defined(__x86_64__)
  if (count > 1 && cpu().avx512) {
    const std::int64_t written = avx512::scatter(offset, length, count, payload.data(), payload.size(), page.data(), page.size());
    if (written >= 0) return written;
  } else if (count > 1 && count <= avx2::most_short_runs && cpu().avx2) {
    const std::int64_t written = avx2::scatter_short(offset, length, count, payload.data(), payload.size(),
                                                     page.data(), page.size());
    if (written >= 0) return written;
  }
#endif
  const std::uint8_t* from = payload.data();
  const std::uint8_t* const end = from + payload.size();
  std::uint8_t* const to = page.data();
  const std::uint64_t size = page.size();
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint64_t at = load_once(offset + i);
    const std::uint64_t bytes = load_once(length + i);
    if (at + bytes > size) [[unlikely]] {
      // Runs ascend: all that follow lie beyond the end as well.
      const std::uint64_t fitting = at >= size ? 0 : size - at;
      if (fitting > static_cast<std::uint64_t>(end - from)) return too_short;
      copy_bytes(to + at, from, fitting);
      return from + fitting - payload.data();
    }
    if (bytes > static_cast<std::uint64_t>(end - from)) [[unlikely]] return too_short;
    copy_bytes(to + at, from, bytes);
    from += bytes;
  }
  return from - payload.data();
}

std::int64_t gather_runs(const std::uint32_t* offset, const std::uint32_t* length, std::size_t count,
                         std::span<const std::uint8_t> page, std::span<std::uint8_t> out) noexcept {
  std::uint8_t* to = out.data();
  std::uint8_t* const end = to + out.size();
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint64_t at = load_once(offset + i);
    const std::uint64_t bytes = load_once(length + i);
    if (at + bytes > page.size() || bytes > static_cast<std::uint64_t>(end - to)) return too_short;
    copy_bytes(to, page.data() + at, bytes);
    to += bytes;
  }
  return to - out.data();
}

std::int64_t apply_body(const std::uint8_t* bytes, std::uint64_t start, std::uint64_t end, std::uint8_t* page,
                        std::uint64_t page_size) {
  if (const short_run run = read_short_run(bytes, start, end); run.length > 0) {
    const std::uint64_t fitting =
        run.offset >= page_size ? 0 : std::min<std::uint64_t>(run.length, page_size - run.offset);
    if (fitting > 0) copy_bytes(page + run.offset, bytes + run.at, fitting);
    return static_cast<std::int64_t>(fitting);
  }
  thread_local std::vector<std::uint32_t> offsets(256);
  thread_local std::vector<std::uint32_t> lengths(256);
  const std::int64_t count = run_count(bytes, start, end);
  if (count < 0) return count;
  const auto rows = static_cast<std::size_t>(count);
  if (rows > offsets.size()) {
    const std::size_t capacity = std::max(rows, offsets.size() * 2);
    offsets.resize(capacity);
    lengths.resize(capacity);
  }
  const std::int64_t payload_at = decode_runs(bytes, start, end, {offsets.data(), lengths.data(), rows});
  if (payload_at < 0) return payload_at;
  // decode_runs has found the payload to be exactly as long as the runs say
  return apply_runs(offsets.data(), lengths.data(), rows, {bytes + payload_at, bytes + end}, {page, page_size});
}

}  // namespace mmsb
