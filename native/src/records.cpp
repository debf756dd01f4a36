#include "mmsb/records.hpp"

#include <algorithm>

#include "mmsb/copy.hpp"

namespace mmsb {
namespace {

constexpr std::size_t column_count = 11;
constexpr std::uint8_t overflow_flag = 2;
constexpr double most_safe = 9007199254740991.0;

enum column : std::size_t { kind, flags, time, page, epoch, id, source, cause, mask_length, body_length, meta_length };

struct plan {
  std::uint32_t width;
  std::uint64_t base;
  const std::uint8_t* smalls;

  bool is_zero() const noexcept { return width == 0 && base == 0; }
};

/** Calls `put(row, small)` for each row. */
template <typename Put>
void each(const plan& from, std::size_t count, Put put) noexcept {
  const std::uint8_t* const smalls = from.smalls;
  switch (from.width) {
    case 0:
      for (std::size_t i = 0; i < count; ++i) put(i, std::uint32_t{0});
      break;
    case 1:
      for (std::size_t i = 0; i < count; ++i) put(i, static_cast<std::uint32_t>(smalls[i]));
      break;
    case 2:
      for (std::size_t i = 0; i < count; ++i) put(i, static_cast<std::uint32_t>(load<std::uint16_t>(smalls + 2 * i)));
      break;
    case 4:
      for (std::size_t i = 0; i < count; ++i) put(i, load<std::uint32_t>(smalls + 4 * i));
      break;
    default:
      for (std::size_t i = 0; i < count; ++i) put(i, load<std::uint64_t>(smalls + 8 * i));
      break;
  }
}

/** False where a value leaves 32 bits. */
template <typename T>
bool read_integers(const plan& from, std::size_t count, T* out) noexcept {
  if (from.width == 8 || from.base >> 32 != 0) return false;
  const auto base = static_cast<std::uint32_t>(from.base);
  each(from, count, [=](std::size_t i, auto small) { out[i] = static_cast<T>(base + static_cast<std::uint32_t>(small)); });
  return true;
}

void read_pairs(const plan& from, std::size_t count, std::uint64_t first, std::uint64_t step, std::uint32_t* lo,
                std::uint32_t* hi) noexcept {
  const std::uint64_t base = from.base + first;
  each(from, count, [=](std::size_t i, auto small) {
    const std::uint64_t value = base + step * i + small;
    lo[i] = static_cast<std::uint32_t>(value);
    hi[i] = static_cast<std::uint32_t>(value >> 32);
  });
}

/** As JavaScript adds numbers: values at or above 2^53 lose precision, and are refused by whoever asked for them. */
void read_numbers(const plan& from, std::size_t count, double* out) noexcept {
  const double base = static_cast<double>(from.base >> 32) * 4294967296.0 + static_cast<double>(from.base & 0xffff'ffff);
  each(from, count, [=](std::size_t i, auto small) {
    if constexpr (sizeof small == 8)
      out[i] = base + static_cast<double>(small >> 32) * 4294967296.0 + static_cast<double>(small & 0xffff'ffff);
    else
      out[i] = base + static_cast<double>(small);
  });
}

}  // namespace

decoded decode_records(std::span<const std::uint8_t> block, std::uint64_t at, std::uint64_t end, std::size_t count,
                       std::uint64_t first_lsn, std::uint32_t strings, const record_columns& out) noexcept {
  end = std::min<std::uint64_t>(end, block.size());
  if (count == 0 || count > out.rows) return decoded::malformed;
  plan plans[column_count];
  for (plan& one : plans) {
    if (at >= end) return decoded::malformed;
    const std::uint32_t code = block[at++];
    const std::uint32_t bytes = code >> 4;
    one.width = code & 15;
    if (one.width > 8 || (one.width & (one.width - 1)) != 0 || bytes > 8 || bytes > end - at) return decoded::malformed;
    one.base = 0;
    for (std::uint32_t i = 0; i < bytes; ++i) one.base |= static_cast<std::uint64_t>(block[at + i]) << (8 * i);
    at += bytes;
  }
  for (plan& one : plans) {
    if (one.width > 1) at = (at + one.width - 1) / one.width * one.width;
    const std::uint64_t size = one.width * static_cast<std::uint64_t>(count);
    if (at > end || size > end - at) return decoded::malformed;
    one.smalls = block.data() + at;
    at += size;
  }
  const bool fits = read_integers(plans[kind], count, out.kind) && read_integers(plans[flags], count, out.flags) &&
                    read_integers(plans[source], count, out.source) &&
                    read_integers(plans[mask_length], count, out.mask_length) &&
                    read_integers(plans[body_length], count, out.body_length) &&
                    read_integers(plans[meta_length], count, out.meta_length);
  if (!fits) return decoded::malformed;
  read_pairs(plans[time], count, 0, 0, out.time_lo, out.time_hi);
  read_pairs(plans[page], count, 0, 0, out.page_lo, out.page_hi);
  read_pairs(plans[id], count, first_lsn, 1, out.id_lo, out.id_hi);
  read_numbers(plans[epoch], count, out.epoch);
  read_numbers(plans[cause], count, out.cause);

  bool is_sound = true;
  if (plans[epoch].width == 8 || plans[epoch].base >> 32 != 0)
    for (std::size_t i = 0; i < count; ++i) is_sound &= out.epoch[i] <= most_safe;
  if (!plans[source].is_zero())
    for (std::size_t i = 0; i < count; ++i) is_sound &= out.source[i] < strings;
  if (!plans[cause].is_zero()) {
    const auto first = static_cast<double>(first_lsn);
    for (std::size_t i = 0; i < count; ++i) {
      const double distance = out.cause[i];
      const double lsn = first + static_cast<double>(i);
      is_sound &= distance <= lsn;
      out.cause[i] = distance == 0 ? 0 : lsn - distance;
    }
  }
  std::uint64_t body = at;
  std::uint8_t any = 0;
  for (std::size_t i = 0; i < count; ++i) {
    out.body_start[i] = static_cast<std::uint32_t>(body);
    body += static_cast<std::uint64_t>(out.body_length[i]) + out.meta_length[i];
    any |= out.flags[i];
  }
  if (!is_sound || body != end) return decoded::malformed;
  return (any & overflow_flag) != 0 ? decoded::overflowed : decoded::whole;
}

}  // namespace mmsb
