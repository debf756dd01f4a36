#include "arguments.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace mmsb::binding {

void throw_error(napi_env env, const char* code, const char* message) noexcept {
  void* data = nullptr;
  napi_value make = nullptr;
  if (napi_get_instance_data(env, &data) == napi_ok && data != nullptr) {
    if (const auto* mine = static_cast<instance*>(data); mine->make_error != nullptr) {
      napi_get_reference_value(env, mine->make_error, &make);
    }
  }
  napi_value parts[2] = {nullptr, nullptr};
  napi_value receiver = nullptr;
  napi_value error = nullptr;
  if (make != nullptr && napi_create_string_utf8(env, code, NAPI_AUTO_LENGTH, &parts[0]) == napi_ok &&
      napi_create_string_utf8(env, message, NAPI_AUTO_LENGTH, &parts[1]) == napi_ok &&
      napi_get_undefined(env, &receiver) == napi_ok &&
      napi_call_function(env, receiver, make, 2, parts, &error) == napi_ok) {
    napi_throw(env, error);
    return;
  }
  bool pending = false;
  napi_is_exception_pending(env, &pending);
  if (!pending) napi_throw_error(env, code, message);
}

arguments::arguments(napi_env env, napi_callback_info info, const char* function) noexcept
    : env_(env), function_(function) {
  if (napi_get_cb_info(env, info, &count_, values_, nullptr, nullptr) != napi_ok) {
    count_ = 0;
    refuse("arguments", "could not be read");
  } else if (count_ > capacity) {
    count_ = capacity;
  }
}

void arguments::refuse(const char* name, const char* what) noexcept {
  if (!ok_) return;
  ok_ = false;
  char message[256];
  std::snprintf(message, sizeof message, "%s: %s %s", function_, name, what);
  throw_error(env_, "ARGUMENT_INVALID", message);
}

template <typename T>
std::span<T> arguments::typed(napi_value value, napi_typedarray_type type, const char* name,
                              const char* expected) noexcept {
  if (!ok_) return {};
  napi_typedarray_type actual{};
  std::size_t length = 0;
  void* data = nullptr;
  // napi_get_arraybuffer_info refuses shared memory; this call does not.
  if (value == nullptr || napi_get_typedarray_info(env_, value, &actual, &length, &data, nullptr, nullptr) != napi_ok ||
      actual != type) {
    refuse(name, expected);
    return {};
  }
  // A detached array has no memory and no length.
  return data == nullptr ? std::span<T>{} : std::span<T>{static_cast<T*>(data), length};
}

std::span<std::uint8_t> arguments::u8(std::size_t position, const char* name) noexcept {
  return typed<std::uint8_t>(value(position), napi_uint8_array, name, "is not a Uint8Array");
}

std::span<std::uint16_t> arguments::u16(std::size_t position, const char* name) noexcept {
  return typed<std::uint16_t>(value(position), napi_uint16_array, name, "is not a Uint16Array");
}

std::span<std::uint32_t> arguments::u32(std::size_t position, const char* name) noexcept {
  return typed<std::uint32_t>(value(position), napi_uint32_array, name, "is not a Uint32Array");
}

std::span<std::int32_t> arguments::i32(std::size_t position, const char* name) noexcept {
  return typed<std::int32_t>(value(position), napi_int32_array, name, "is not an Int32Array");
}

std::span<double> arguments::f64(std::size_t position, const char* name) noexcept {
  return typed<double>(value(position), napi_float64_array, name, "is not a Float64Array");
}

std::span<std::uint8_t> arguments::u8_of(napi_value value, const char* name) noexcept {
  return typed<std::uint8_t>(value, napi_uint8_array, name, "is not a Uint8Array");
}

arguments::any_array arguments::any_typed(napi_value value, const char* name) noexcept {
  any_array array{};
  if (!ok_) return array;
  if (value == nullptr || napi_get_typedarray_info(env_, value, &array.type, &array.count, &array.values, nullptr,
                                                   nullptr) != napi_ok) {
    refuse(name, "is not a typed array");
    return {};
  }
  if (array.values == nullptr) array.count = 0;
  return array;
}

bool arguments::is_undefined(napi_value value) const noexcept {
  napi_valuetype type{};
  return value == nullptr || (napi_typeof(env_, value, &type) == napi_ok && type == napi_undefined);
}

page_spans arguments::pages(std::size_t position, std::vector<std::span<std::uint8_t>>& memory) {
  constexpr std::uint32_t most_arenas = 1 << 16;
  const napi_value list = value(position);
  bool is_array = false;
  std::uint32_t length = 0;
  if (!ok_) return {};
  if (list == nullptr || napi_is_array(env_, list, &is_array) != napi_ok || !is_array ||
      napi_get_array_length(env_, list, &length) != napi_ok || length > most_arenas) {
    refuse("pages.arenas", "is not an array of arenas");
    return {};
  }
  // All elements first, their memory after: getting an element may run code that detaches another.
  std::vector<napi_value> elements(length);
  for (std::uint32_t i = 0; i < length; ++i) {
    if (napi_get_element(env_, list, i, &elements[i]) != napi_ok) {
      ok_ = false;  // what the getter threw is pending
      return {};
    }
  }
  memory.resize(length);
  for (std::uint32_t i = 0; i < length; ++i) memory[i] = u8_of(elements[i], "pages.arenas");

  page_spans spans{};
  spans.arenas = memory;
  napi_typedarray_type type{};
  std::size_t rows = 0;
  void* data = nullptr;
  const napi_value arena = value(position + 1);
  if (arena == nullptr || napi_get_typedarray_info(env_, arena, &type, &rows, &data, nullptr, nullptr) != napi_ok ||
      (type != napi_uint8_array && type != napi_uint16_array && type != napi_uint32_array)) {
    refuse("pages.arena", "is not an array of unsigned integers");
    return {};
  }
  spans.arena = data;
  spans.arena_width = type == napi_uint8_array ? 1 : type == napi_uint16_array ? 2 : 4;
  const auto at = u32(position + 2, "pages.at");
  const auto size = u32(position + 3, "pages.size");
  spans.at = at.data();
  spans.size = size.data();
  spans.rows = data == nullptr ? 0 : std::min({rows, at.size(), size.size()});
  return spans;
}

std::uint64_t arguments::integer(std::size_t position, const char* name, std::uint64_t most) noexcept {
  if (!ok_) return 0;
  double number = -1;
  const napi_value given = value(position);
  if (given == nullptr || napi_get_value_double(env_, given, &number) != napi_ok) {
    refuse(name, "is not a number");
    return 0;
  }
  // false for NaN as well
  if (!(number >= 0 && number <= static_cast<double>(most) && std::trunc(number) == number)) {
    refuse(name, "is not an integer in range");
    return 0;
  }
  return static_cast<std::uint64_t>(number);
}

std::uint64_t arguments::integer_or(std::size_t position, const char* name, std::uint64_t missing,
                                    std::uint64_t most) noexcept {
  if (position >= count_) return missing;
  napi_valuetype type{};
  if (napi_typeof(env_, values_[position], &type) == napi_ok && type == napi_undefined) return missing;
  return integer(position, name, most);
}

bool arguments::within(std::uint64_t at, std::uint64_t length, std::uint64_t size, const char* name) noexcept {
  if (ok_ && (at > size || length > size - at)) refuse(name, "is too short for this range");
  return ok_;
}

bool arguments::rows(std::uint64_t from, std::uint64_t to, std::uint64_t size, const char* name) noexcept {
  if (ok_ && (from > to || to > size)) refuse(name, "does not hold these rows");
  return ok_;
}

napi_value arguments::number(double value) const noexcept {
  napi_value result = nullptr;
  napi_create_double(env_, value, &result);
  return result;
}

napi_value arguments::undefined() const noexcept {
  napi_value result = nullptr;
  napi_get_undefined(env_, &result);
  return result;
}

}  // namespace mmsb::binding
