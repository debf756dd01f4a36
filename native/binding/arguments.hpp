// The arguments of one call from JavaScript, checked: whatever is passed, the outcome is a value or a typed error, never a crash.
#pragma once

#include <napi.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <span>
#include <vector>

#include "mmsb/batches.hpp"
#include "queued_file.hpp"

namespace mmsb::binding {

/**
 * Reads arguments by position. The first that is wrong leaves a JavaScript exception pending and makes `ok()` false; what is read after
 * that is empty, so a function reads everything it needs and asks once. Lengths and pointers are those of this call: nothing that
 * JavaScript does afterwards (detaching, growing) changes them, since the call runs to its end before JavaScript goes on.
 */
class arguments {
 public:
  /** `function` is named in errors. */
  arguments(napi_env env, napi_callback_info info, const char* function) noexcept;

  bool ok() const noexcept { return ok_; }
  std::size_t count() const noexcept { return count_; }

  /** Elements of a typed array of exactly this type, shared memory included. */
  std::span<std::uint8_t> u8(std::size_t position, const char* name) noexcept;
  std::span<std::uint16_t> u16(std::size_t position, const char* name) noexcept;
  std::span<std::uint32_t> u32(std::size_t position, const char* name) noexcept;
  std::span<std::int32_t> i32(std::size_t position, const char* name) noexcept;
  std::span<double> f64(std::size_t position, const char* name) noexcept;
  /** Of any value: `value` need not be an argument. */
  std::span<std::uint8_t> u8_of(napi_value value, const char* name) noexcept;

  /**
   * `PageSpans` as four arguments from `position` on: arenas, arena, at, size. Read it before any other argument: an array that is not plain
   * may run code of the caller's. The result points into `memory`.
   */
  page_spans pages(std::size_t position, std::vector<std::span<std::uint8_t>>& memory);

  /** A typed array of whatever type; no elements where it is detached. */
  struct any_array {
    napi_typedarray_type type;
    void* values;
    std::size_t count;
  };
  any_array any_typed(napi_value value, const char* name) noexcept;
  bool is_undefined(napi_value value) const noexcept;
  /** An exception is pending already. */
  void stop() noexcept { ok_ = false; }

  /** An integer in 0 .. `most`. */
  std::uint64_t integer(std::size_t position, const char* name, std::uint64_t most = 0xffff'ffff) noexcept;
  /** As `integer`, or `missing` where the argument is absent or undefined. */
  std::uint64_t integer_or(std::size_t position, const char* name, std::uint64_t missing,
                           std::uint64_t most = 0xffff'ffff) noexcept;

  napi_value value(std::size_t position) const noexcept { return position < count_ ? values_[position] : nullptr; }
  napi_env env() const noexcept { return env_; }

  /** `[at, at + length)` lies within `size` elements of the argument named. */
  bool within(std::uint64_t at, std::uint64_t length, std::uint64_t size, const char* name) noexcept;
  /** `from <= to`, both within `size` rows. */
  bool rows(std::uint64_t from, std::uint64_t to, std::uint64_t size, const char* name) noexcept;

  /** Leaves an ARGUMENT_INVALID pending. */
  void refuse(const char* name, const char* what) noexcept;

  napi_value number(double value) const noexcept;
  napi_value undefined() const noexcept;

 private:
  template <typename T>
  std::span<T> typed(napi_value value, napi_typedarray_type type, const char* name, const char* expected) noexcept;

  static constexpr std::size_t capacity = 32;
  napi_env env_;
  const char* function_;
  std::size_t count_ = capacity;
  napi_value values_[capacity];
  bool ok_ = true;
};

/** A callback whose body may run out of memory. */
template <napi_value (*body)(napi_env, napi_callback_info)>
napi_value guarded(napi_env env, napi_callback_info info) noexcept;

/** What of the addon belongs to one JavaScript environment (the main thread, each worker). */
struct instance {
  /** `(code, message) => Error`: makes the engine's own error type; unset until `initialize`. */
  napi_ref make_error = nullptr;
  /** By handle; a handle that was closed is used again. */
  std::vector<std::unique_ptr<queued_file>> files;
};

/** Throws the engine's error with this code into JavaScript. */
void throw_error(napi_env env, const char* code, const char* message) noexcept;

template <napi_value (*body)(napi_env, napi_callback_info)>
napi_value guarded(napi_env env, napi_callback_info info) noexcept {
  try {
    return body(env, info);
  } catch (const std::bad_alloc&) {
    throw_error(env, "LIMIT_EXCEEDED", "the native addon ran out of memory");
    return nullptr;
  }
}

}  // namespace mmsb::binding
