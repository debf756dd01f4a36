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

/** False where a value leaves 32 bits. `out` may be null. */
template <typename T>
bool read_integers(const plan& from, std::size_t count, T* out) noexcept {
  if (from.width == 8 || from.base >> 32 != 0) return false;
  const auto base = static_cast<std::uint32_t>(from.base);
  if (out != nullptr)
    each(from, count, [=](std::size_t i, auto small) { out[i] = static_cast<T>(base + static_cast<std::uint32_t>(small)); });
  return true;
}

/** `lo` may be null. */
void read_pairs(const plan& from, std::size_t count, std::uint64_t first, std::uint64_t step, std::uint32_t* lo,
                std::uint32_t* hi) noexcept {
  if (lo == nullptr) return;
  const std::uint64_t base = from.base + first;
  each(from, count, [=](std::size_t i, auto small) {
    const std::uint64_t value = base + step * i + small;
    lo[i] = static_cast<std::uint32_t>(value);
    hi[i] = static_cast<std::uint32_t>(value >> 32);
  });
}

/** As JavaScript makes a number of an integer that may be too large for one. */
double number_from(std::uint64_t value) noexcept {
  return static_cast<double>(value >> 32) * 4294967296.0 + static_cast<double>(value & 0xffff'ffff);
}

/** Calls `put(row, number)` for each row. As JavaScript adds: values at or above 2^53 lose precision, and are refused by whoever asked for them. */
template <typename Put>
void each_number(const plan& from, std::size_t count, Put put) noexcept {
  const double base = number_from(from.base);
  each(from, count, [=](std::size_t i, auto small) {
    if constexpr (sizeof small == 8)
      put(i, base + number_from(small));
    else
      put(i, base + static_cast<double>(small));
  });
}

/** False where one is not safe. */
bool read_epochs(const plan& from, std::size_t count, double* out) noexcept {
  each_number(from, count, [=](std::size_t i, double epoch) { out[i] = epoch; });
  if (from.width < 8 && from.base >> 32 == 0) return true;
  bool is_sound = true;
  for (std::size_t i = 0; i < count; ++i) is_sound &= out[i] <= most_safe;
  return is_sound;
}

/** False where one is not in the dictionary. `out` may be null. */
bool read_sources(const plan& from, std::size_t count, std::uint32_t strings, std::uint32_t* out) noexcept {
  if (!read_integers(from, count, out)) return false;
  if (from.is_zero()) return true;
  const auto base = static_cast<std::uint32_t>(from.base);
  bool is_sound = true;
  each(from, count, [&](std::size_t, auto small) { is_sound &= base + static_cast<std::uint32_t>(small) < strings; });
  return is_sound;
}

/** Distances into LSNs; false where one leads to before the first. `out` may be null. */
bool read_causes(const plan& from, std::size_t count, std::uint64_t first_lsn, double* out) noexcept {
  if (from.is_zero()) {
    if (out != nullptr) std::fill_n(out, count, 0.0);
    return true;
  }
  const auto first = static_cast<double>(first_lsn);
  bool is_sound = true;
  each_number(from, count, [&](std::size_t i, double distance) {
    const double lsn = first + static_cast<double>(i);
    is_sound &= distance <= lsn;
    if (out != nullptr) out[i] = distance == 0 ? 0 : lsn - distance;
  });
  return is_sound;
}

/** Where bodies begin, one behind the other and each with its metadata, the first at `at`; returns where the last ends. */
std::uint64_t place_bodies(const plan& meta, std::size_t count, std::uint64_t at, const record_columns& out) noexcept {
  const auto base = static_cast<std::uint32_t>(meta.base);
  each(meta, count, [&](std::size_t i, auto small) {
    out.body_start[i] = static_cast<std::uint32_t>(at);
    at += out.body_length[i];
    at += base + static_cast<std::uint32_t>(small);
  });
  return at;
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
  const bool is_sound = read_integers(plans[kind], count, out.kind) && read_integers(plans[flags], count, out.flags) &&
                        read_epochs(plans[epoch], count, out.epoch) &&
                        read_sources(plans[source], count, strings, out.source) &&
                        read_causes(plans[cause], count, first_lsn, out.cause) &&
                        read_integers(plans[mask_length], count, out.mask_length) &&
                        read_integers(plans[body_length], count, out.body_length) &&
                        read_integers(plans[meta_length], count, out.meta_length);
  if (!is_sound || place_bodies(plans[meta_length], count, at, out) != end) return decoded::malformed;
  read_pairs(plans[time], count, 0, 0, out.time_lo, out.time_hi);
  read_pairs(plans[page], count, 0, 0, out.page_lo, out.page_hi);
  read_pairs(plans[id], count, first_lsn, 1, out.id_lo, out.id_hi);
  std::uint8_t any = 0;
  for (std::size_t i = 0; i < count; ++i) any |= out.flags[i];
  return (any & overflow_flag) != 0 ? decoded::overflowed : decoded::whole;
}

}  // namespace mmsb
