// The CUDA library for JavaScript: engine/accel/cuda-functions.ts says what each function does. All return 0 or an error's code, and
// `lastError` tells the rest; a wrong argument is thrown, as everywhere in the addon.
#include <algorithm>
#include <string>
#include <vector>

#include "arguments.hpp"
#include "cuda_library.hpp"
#include "functions.hpp"

namespace mmsb::binding {
namespace {

// Of this thread: JavaScript asks right after the call that failed.
thread_local mmsb_cuda_error last_error{};
const cuda_library* library = nullptr;

/** What JavaScript holds of a device: gone when it was closed, closed when it is collected. */
struct held_device {
  mmsb_cuda_device* device = nullptr;
};

constexpr napi_type_tag device_tag = {0x6d6d73625f637564ULL, 0x615f646576696365ULL};

/** The device in the first argument, or null with an exception pending. */
mmsb_cuda_device* device_of(arguments& in) {
  void* data = nullptr;
  bool is_device = false;
  napi_valuetype type{};
  const napi_value given = in.value(0);
  if (given == nullptr || napi_typeof(in.env(), given, &type) != napi_ok || type != napi_external ||
      napi_check_object_type_tag(in.env(), given, &device_tag, &is_device) != napi_ok || !is_device ||
      napi_get_value_external(in.env(), given, &data) != napi_ok || data == nullptr) {
    in.refuse("device", "is not a device");
    return nullptr;
  }
  auto* held = static_cast<held_device*>(data);
  if (held->device == nullptr) in.refuse("device", "was closed");
  return held->device;
}

bool has_library(arguments& in) {
  if (library == nullptr) in.refuse("library", "was not loaded");
  return library != nullptr && in.ok();
}

void set(napi_env env, napi_value object, const char* name, double value) {
  napi_value number = nullptr;
  napi_create_double(env, value, &number);
  napi_set_named_property(env, object, name, number);
}

void set(napi_env env, napi_value object, const char* name, const char* text) {
  napi_value string = nullptr;
  napi_create_string_utf8(env, text, NAPI_AUTO_LENGTH, &string);
  napi_set_named_property(env, object, name, string);
}

std::uint64_t joined(std::uint64_t lo, std::uint64_t hi) { return hi << 32 | lo; }

/** The columns from `position` on, all of `count` rows at least. */
bool rows_of(arguments& in, std::span<std::uint32_t>* column, std::size_t columns, std::size_t position, std::uint64_t count) {
  for (std::size_t i = 0; i < columns; ++i) {
    column[i] = in.u32(position + i, "column");
    if (!in.within(0, count, column[i].size(), "column")) return false;
  }
  return in.ok();
}

napi_value load(napi_env env, napi_callback_info info) noexcept {
  arguments in(env, info, "cuda.load");
  char path[4096];
  std::size_t length = 0;
  if (in.value(0) == nullptr || napi_get_value_string_utf8(env, in.value(0), path, sizeof path, &length) != napi_ok) {
    in.refuse("path", "is not a string");
    return nullptr;
  }
  std::string reason;
  library = load_cuda(path, reason);
  napi_value result = nullptr;
  napi_create_string_utf8(env, library != nullptr ? "" : reason.c_str(), NAPI_AUTO_LENGTH, &result);
  return result;
}

napi_value last(napi_env env, napi_callback_info info) noexcept {
  arguments in(env, info, "cuda.lastError");
  napi_value object = nullptr;
  napi_create_object(env, &object);
  set(env, object, "code", last_error.code);
  set(env, object, "sticky", last_error.sticky);
  set(env, object, "firstCode", last_error.first_code);
  set(env, object, "operation", last_error.operation);
  set(env, object, "message", last_error.message);
  return object;
}

napi_value probe(napi_env env, napi_callback_info info) noexcept {
  arguments in(env, info, "cuda.probe");
  if (!has_library(in)) return nullptr;
  mmsb_cuda_probe found{};
  const int code = library->probe_driver_(&found, &last_error);
  napi_value object = nullptr;
  napi_create_object(env, &object);
  set(env, object, "code", code);
  set(env, object, "runtimeVersion", found.runtime_version);
  set(env, object, "driverVersion", found.driver_version);
  set(env, object, "deviceCount", found.device_count);
  return object;
}

napi_value describe(napi_env env, napi_callback_info info) noexcept {
  arguments in(env, info, "cuda.describe");
  const auto ordinal = static_cast<std::int32_t>(in.integer(0, "ordinal", 1024));
  if (!in.ok() || !has_library(in)) return nullptr;
  mmsb_cuda_info found{};
  const int code = library->describe_(ordinal, &found, &last_error);
  napi_value object = nullptr;
  napi_create_object(env, &object);
  set(env, object, "code", code);
  set(env, object, "name", found.name);
  set(env, object, "pciBusId", found.pci_bus_id);
  set(env, object, "computeMajor", found.major);
  set(env, object, "computeMinor", found.minor);
  set(env, object, "multiprocessors", found.multiprocessors);
  set(env, object, "totalBytes", static_cast<double>(found.total_bytes));
  set(env, object, "l2Bytes", static_cast<double>(found.l2_bytes));
  set(env, object, "concurrentManagedAccess", found.concurrent_managed_access);
  return object;
}

/** (ordinal, arenaBytes, maxDeviceBytes, maxUnifiedBytes, eventCapacity, timed) → device, or undefined. */
napi_value open(napi_env env, napi_callback_info info) noexcept {
  arguments in(env, info, "cuda.open");
  constexpr std::uint64_t most = 1ull << 53;
  const auto ordinal = static_cast<std::int32_t>(in.integer(0, "ordinal", 1024));
  mmsb_cuda_options options{};
  options.arena_bytes = in.integer(1, "arenaBytes", most);
  options.max_device_bytes = in.integer(2, "maxDeviceBytes", most);
  options.max_unified_bytes = in.integer(3, "maxUnifiedBytes", most);
  options.event_capacity = static_cast<std::uint32_t>(in.integer(4, "eventCapacity", 1u << 24));
  options.timed = static_cast<std::uint32_t>(in.integer(5, "timed", 1));
  if (!in.ok() || !has_library(in)) return nullptr;
  mmsb_cuda_device* opened = nullptr;
  if (library->open_(ordinal, &options, &opened, &last_error) != 0) return in.undefined();
  auto* held = new held_device{opened};
  napi_value external = nullptr;
  const auto collect = [](napi_env, void* data, void*) {
    auto* gone = static_cast<held_device*>(data);
    library->close_(gone->device);
    delete gone;
  };
  if (napi_create_external(env, held, collect, nullptr, &external) != napi_ok) {
    library->close_(opened);
    delete held;
    return nullptr;
  }
  napi_type_tag_object(env, external, &device_tag);
  return external;
}

napi_value close(napi_env env, napi_callback_info info) noexcept {
  arguments in(env, info, "cuda.close");
  if (device_of(in) == nullptr) return nullptr;
  void* data = nullptr;
  napi_get_value_external(env, in.value(0), &data);
  auto* held = static_cast<held_device*>(data);
  library->close_(held->device);
  held->device = nullptr;
  return in.undefined();
}

/** (device, memory, idLo, idHi, bytes, host?) → handle, or -1. */
napi_value page_create(napi_env env, napi_callback_info info) noexcept {
  arguments in(env, info, "cuda.pageCreate");
  auto* device = device_of(in);
  const auto memory = static_cast<std::int32_t>(in.integer(1, "memory", 3));
  const auto id = joined(in.integer(2, "idLo"), in.integer(3, "idHi"));
  const auto bytes = in.integer(4, "bytes");
  std::span<std::uint8_t> host;
  if (memory == MMSB_CUDA_REGISTERED) {
    host = in.u8(5, "host");
    in.within(0, bytes, host.size(), "host");
  }
  if (!in.ok()) return nullptr;
  std::uint32_t handle = 0;
  const int code = library->page_create_(device, memory, id, bytes, host.data(), &handle, &last_error);
  return in.number(code == 0 ? handle : -1.0);
}

napi_value page_free(napi_env env, napi_callback_info info) noexcept {
  arguments in(env, info, "cuda.pageFree");
  auto* device = device_of(in);
  const auto handle = static_cast<std::uint32_t>(in.integer(1, "handle"));
  if (!in.ok()) return nullptr;
  return in.number(library->page_free_(device, handle, &last_error));
}

napi_value page_migrate(napi_env env, napi_callback_info info) noexcept {
  arguments in(env, info, "cuda.pageMigrate");
  auto* device = device_of(in);
  const auto handle = static_cast<std::uint32_t>(in.integer(1, "handle"));
  const auto memory = static_cast<std::int32_t>(in.integer(2, "memory", 3));
  if (!in.ok()) return nullptr;
  return in.number(library->page_migrate_(device, handle, memory, &last_error));
}

/** (device, handle, bytes) → the unified page's own memory as an ArrayBuffer; undefined where this program may not see it. */
napi_value page_view(napi_env env, napi_callback_info info) noexcept {
  arguments in(env, info, "cuda.pageView");
  auto* device = device_of(in);
  const auto handle = static_cast<std::uint32_t>(in.integer(1, "handle"));
  const auto bytes = in.integer(2, "bytes");
  if (!in.ok()) return nullptr;
  void* pointer = nullptr;
  // The read of the last byte proves that the page has so many; map waits for the device.
  std::uint8_t byte = 0;
  if (bytes == 0 || library->read_(device, handle, bytes - 1, &byte, 1, &last_error) != 0 ||
      library->page_map_(device, handle, &pointer, &last_error) != 0)
    return in.undefined();
  napi_value buffer = nullptr;
  // Electron answers napi_no_external_buffers_allowed: there the caller copies.
  if (napi_create_external_arraybuffer(env, pointer, bytes, [](napi_env, void*, void*) {}, nullptr, &buffer) != napi_ok)
    return in.undefined();
  return buffer;
}

/** Takes a view of `pageView` away, before its page goes. */
napi_value detach(napi_env env, napi_callback_info info) noexcept {
  arguments in(env, info, "cuda.detach");
  if (in.value(0) == nullptr || napi_detach_arraybuffer(env, in.value(0)) != napi_ok) in.refuse("buffer", "cannot be detached");
  return in.ok() ? in.undefined() : nullptr;
}

napi_value page_prefetch(napi_env env, napi_callback_info info) noexcept {
  arguments in(env, info, "cuda.pagePrefetch");
  auto* device = device_of(in);
  const auto handle = static_cast<std::uint32_t>(in.integer(1, "handle"));
  const auto to_device = static_cast<std::int32_t>(in.integer(2, "toDevice", 1));
  if (!in.ok()) return nullptr;
  return in.number(library->page_prefetch_(device, handle, to_device, &last_error));
}

napi_value page_advise(napi_env env, napi_callback_info info) noexcept {
  arguments in(env, info, "cuda.pageAdvise");
  auto* device = device_of(in);
  const auto handle = static_cast<std::uint32_t>(in.integer(1, "handle"));
  const auto advice = static_cast<std::int32_t>(in.integer(2, "advice", 5));
  if (!in.ok()) return nullptr;
  return in.number(library->page_advise_(device, handle, advice, &last_error));
}

template <bool REGISTER>
napi_value registration(napi_env env, napi_callback_info info) noexcept {
  arguments in(env, info, REGISTER ? "cuda.register" : "cuda.unregister");
  auto* device = device_of(in);
  const auto host = in.u8(1, "host");
  if (!in.ok()) return nullptr;
  return in.number(REGISTER ? library->register_(device, host.data(), host.size(), &last_error)
                            : library->unregister_(device, host.data(), &last_error));
}

/** (device, handle, offset, bytes, bytesAt, length) */
template <bool WRITE>
napi_value transfer(napi_env env, napi_callback_info info) noexcept {
  arguments in(env, info, WRITE ? "cuda.write" : "cuda.read");
  auto* device = device_of(in);
  const auto handle = static_cast<std::uint32_t>(in.integer(1, "handle"));
  const auto offset = in.integer(2, "offset");
  const auto bytes = in.u8(3, "bytes");
  const auto at = in.integer(4, "bytesAt");
  const auto length = in.integer(5, "length");
  if (!in.within(at, length, bytes.size(), "bytes")) return nullptr;
  return in.number(WRITE ? library->write_(device, handle, offset, bytes.data() + at, length, &last_error)
                         : library->read_(device, handle, offset, bytes.data() + at, length, &last_error));
}

napi_value synchronize(napi_env env, napi_callback_info info) noexcept {
  arguments in(env, info, "cuda.synchronize");
  auto* device = device_of(in);
  return in.ok() ? in.number(library->synchronize_(device, &last_error)) : nullptr;
}

napi_value zero(napi_env env, napi_callback_info info) noexcept {
  arguments in(env, info, "cuda.zero");
  auto* device = device_of(in);
  const auto count = in.integer(2, "count");
  std::span<std::uint32_t> column[1];
  if (!rows_of(in, column, 1, 1, count)) return nullptr;
  return in.number(library->zero_(device, column[0].data(), static_cast<std::uint32_t>(count), &last_error));
}

/** (device, from, to, count) */
napi_value clone(napi_env env, napi_callback_info info) noexcept {
  arguments in(env, info, "cuda.clone");
  auto* device = device_of(in);
  const auto count = in.integer(3, "count");
  std::span<std::uint32_t> c[2];
  if (!rows_of(in, c, 2, 1, count)) return nullptr;
  return in.number(library->clone_(device, c[0].data(), c[1].data(), static_cast<std::uint32_t>(count), &last_error));
}

/** (device, from, fromOffset, to, toOffset, length, count) */
napi_value copy_ranges(napi_env env, napi_callback_info info) noexcept {
  arguments in(env, info, "cuda.copyRanges");
  auto* device = device_of(in);
  const auto count = in.integer(6, "count");
  std::span<std::uint32_t> c[5];
  if (!rows_of(in, c, 5, 1, count)) return nullptr;
  return in.number(library->copy_ranges_(device, c[0].data(), c[1].data(), c[2].data(), c[3].data(), c[4].data(),
                                         static_cast<std::uint32_t>(count), 0, &last_error));
}

/** (device, buffer, bufferOffset, page, offset, length, count) */
template <bool SCATTER>
napi_value through_buffer(napi_env env, napi_callback_info info) noexcept {
  arguments in(env, info, SCATTER ? "cuda.scatter" : "cuda.gather");
  auto* device = device_of(in);
  const auto buffer = static_cast<std::uint32_t>(in.integer(1, "buffer"));
  const auto offset = in.integer(2, "bufferOffset");
  const auto count = in.integer(6, "count");
  std::span<std::uint32_t> c[3];
  if (!rows_of(in, c, 3, 3, count)) return nullptr;
  const auto rows = static_cast<std::uint32_t>(count);
  return in.number(SCATTER ? library->scatter_(device, buffer, offset, c[0].data(), c[1].data(), c[2].data(), rows, 0, &last_error)
                           : library->gather_(device, buffer, offset, c[0].data(), c[1].data(), c[2].data(), rows, &last_error));
}

/** (device, page, mask, values, count, bits) */
napi_value merge(napi_env env, napi_callback_info info) noexcept {
  arguments in(env, info, "cuda.merge");
  auto* device = device_of(in);
  const auto count = in.integer(4, "count");
  const auto bits = static_cast<std::int32_t>(in.integer(5, "bits", 1));
  std::span<std::uint32_t> c[3];
  if (!rows_of(in, c, 3, 1, count)) return nullptr;
  return in.number(library->merge_(device, c[0].data(), c[1].data(), c[2].data(), static_cast<std::uint32_t>(count), bits, &last_error));
}

/** (device, page, offset, length, payloadAt, count, payload, payloadBytes, disjoint) */
napi_value apply(napi_env env, napi_callback_info info) noexcept {
  arguments in(env, info, "cuda.apply");
  auto* device = device_of(in);
  const auto count = in.integer(5, "count");
  const auto payload = in.u8(6, "payload");
  const auto payload_bytes = in.integer(7, "payloadBytes");
  const auto disjoint = static_cast<std::int32_t>(in.integer(8, "disjoint", 1));
  std::span<std::uint32_t> c[4];
  if (!rows_of(in, c, 4, 1, count) || !in.within(0, payload_bytes, payload.size(), "payload")) return nullptr;
  return in.number(library->apply_(device, c[0].data(), c[1].data(), c[2].data(), c[3].data(), static_cast<std::uint32_t>(count),
                                   payload.data(), payload_bytes, disjoint, &last_error));
}

/** (device, before, after, count, runStart, runOffset, runLength) */
napi_value diff(napi_env env, napi_callback_info info) noexcept {
  arguments in(env, info, "cuda.diff");
  auto* device = device_of(in);
  const auto count = in.integer(3, "count");
  std::span<std::uint32_t> c[2];
  if (!rows_of(in, c, 2, 1, count)) return nullptr;
  const auto start = in.u32(4, "runStart"), offset = in.u32(5, "runOffset"), length = in.u32(6, "runLength");
  if (!in.within(0, count + 1, start.size(), "runStart")) return nullptr;
  const auto capacity = static_cast<std::uint32_t>(std::min<std::size_t>(std::min(offset.size(), length.size()), 0xffff'ffff));
  return in.number(library->diff_(device, c[0].data(), c[1].data(), static_cast<std::uint32_t>(count), start.data(), offset.data(),
                                  length.data(), capacity, &last_error));
}

/** (device, page, count, crc) */
napi_value crc_of_pages(napi_env env, napi_callback_info info) noexcept {
  arguments in(env, info, "cuda.crc32c");
  auto* device = device_of(in);
  const auto count = in.integer(2, "count");
  const auto page = in.u32(1, "page"), crc = in.u32(3, "crc");
  if (!in.within(0, count, page.size(), "page") || !in.within(0, count, crc.size(), "crc")) return nullptr;
  return in.number(library->crc32c_(device, page.data(), static_cast<std::uint32_t>(count), crc.data(), &last_error));
}

/** (device, page, count, digest) */
napi_value sha_of_pages(napi_env env, napi_callback_info info) noexcept {
  arguments in(env, info, "cuda.sha256");
  auto* device = device_of(in);
  const auto count = in.integer(2, "count");
  const auto page = in.u32(1, "page");
  const auto digest = in.u8(3, "digest");
  if (!in.within(0, count, page.size(), "page") || !in.within(0, count * 32, digest.size(), "digest")) return nullptr;
  return in.number(library->sha256_(device, page.data(), static_cast<std::uint32_t>(count), digest.data(), &last_error));
}

/** (device, words, numbers, count): nine u32 (op, function, type, out, a, b, count, inner, columns) and two f64 (scale, bias) a job. */
napi_value graph(napi_env env, napi_callback_info info) noexcept {
  arguments in(env, info, "cuda.graph");
  auto* device = device_of(in);
  const auto words = in.u32(1, "words");
  const auto numbers = in.f64(2, "numbers");
  const auto count = in.integer(3, "count");
  if (!in.within(0, count * 9, words.size(), "words") || !in.within(0, count * 2, numbers.size(), "numbers")) return nullptr;
  std::vector<mmsb_cuda_job> jobs(count);
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::uint32_t* w = words.data() + i * 9;
    mmsb_cuda_job& job = jobs[i];
    job.op = static_cast<std::uint16_t>(w[0]), job.function = static_cast<std::uint16_t>(w[1]), job.type = static_cast<std::uint16_t>(w[2]);
    job.out = w[3], job.a = w[4], job.b = w[5], job.count = w[6], job.inner = w[7], job.columns = w[8];
    job.scale = numbers[i * 2], job.bias = numbers[i * 2 + 1];
  }
  return in.number(library->graph_(device, jobs.data(), static_cast<std::uint32_t>(count), &last_error));
}

/** (device, causeLo, causeHi) */
napi_value set_cause(napi_env env, napi_callback_info info) noexcept {
  arguments in(env, info, "cuda.setCause");
  auto* device = device_of(in);
  const auto cause = joined(in.integer(1, "causeLo"), in.integer(2, "causeHi"));
  return in.ok() ? in.number(library->set_cause_(device, cause)) : nullptr;
}

/** (device, out): 29 f64, in the order of cuda-functions.ts. */
napi_value stats(napi_env env, napi_callback_info info) noexcept {
  arguments in(env, info, "cuda.stats");
  auto* device = device_of(in);
  const auto out = in.f64(1, "out");
  if (!in.within(0, 29, out.size(), "out")) return nullptr;
  mmsb_cuda_stats s{};
  const int code = library->stats_read_(device, &s, &last_error);
  std::size_t at = 0;
  const auto put = [&](auto value) { out[at++] = static_cast<double>(value); };
  for (const mmsb_cuda_pool_stats& pool : {s.device, s.unified}) {
    put(pool.used_bytes), put(pool.reserved_bytes), put(pool.peak_used_bytes), put(pool.peak_reserved_bytes);
    put(pool.free_bytes), put(pool.largest_free_bytes), put(pool.arenas), put(pool.pages);
  }
  put(s.registered_bytes), put(s.launches), put(s.copies), put(s.allocations), put(s.frees), put(s.bytes_to_device), put(s.bytes_to_host);
  put(s.events_dropped), put(s.device_free_bytes), put(s.device_total_bytes);
  put(s.gpu_utilization_percent), put(s.temperature_celsius), put(s.power_milliwatts);
  return in.number(code);
}

/** (device, memory, out): the numbers of mmsb_cuda_pool_map, as many as fit; returns how many there are. */
napi_value pool_map(napi_env env, napi_callback_info info) noexcept {
  arguments in(env, info, "cuda.poolMap");
  auto* device = device_of(in);
  const auto memory = static_cast<std::int32_t>(in.integer(1, "memory", 3));
  const auto out = in.f64(2, "out");
  if (!in.ok()) return nullptr;
  std::vector<std::uint64_t> map(std::min<std::size_t>(out.size(), 1u << 22));
  std::uint32_t count = 0;
  const int code = library->pool_map_(device, memory, map.data(), static_cast<std::uint32_t>(map.size()), &count, &last_error);
  if (code != 0) return in.number(-1);
  for (std::size_t i = 0; i < std::min<std::size_t>(map.size(), count); ++i) out[i] = static_cast<double>(map[i]);
  return in.number(count);
}

/** (device, out): 13 f64 a row, in the order of cuda-functions.ts; returns the rows. */
napi_value events(napi_env env, napi_callback_info info) noexcept {
  arguments in(env, info, "cuda.events");
  auto* device = device_of(in);
  const auto out = in.f64(1, "out");
  if (!in.ok()) return nullptr;
  constexpr std::size_t columns = 13;
  std::vector<mmsb_cuda_event> taken(std::min<std::size_t>(out.size() / columns, 65536));
  std::uint32_t count = 0;
  library->events_take_(device, taken.data(), static_cast<std::uint32_t>(taken.size()), &count);
  double* to = out.data();
  for (std::uint32_t i = 0; i < count; ++i) {
    const mmsb_cuda_event& e = taken[i];
    const double row[columns] = {static_cast<double>(e.kind),       static_cast<double>(e.operation),
                                 static_cast<double>(e.time_ns / 1'000'000'000), static_cast<double>(e.time_ns % 1'000'000'000),
                                 static_cast<double>(e.bytes),      static_cast<double>(e.duration_ns),
                                 static_cast<double>(e.count),      static_cast<double>(e.page_id & 0xffff'ffff),
                                 static_cast<double>(e.page_id >> 32), static_cast<double>(e.cause),
                                 static_cast<double>(e.memory),     static_cast<double>(e.code),
                                 static_cast<double>(e.stream)};
    for (const double value : row) *to++ = value;
  }
  return in.number(count);
}

napi_value provoke_fault(napi_env env, napi_callback_info info) noexcept {
  arguments in(env, info, "cuda.provokeFault");
  auto* device = device_of(in);
  return in.ok() ? in.number(library->provoke_fault_(device, &last_error)) : nullptr;
}

constexpr entry entries[] = {
    {"load", load},
    {"lastError", last},
    {"probe", probe},
    {"describe", describe},
    {"open", open},
    {"close", close},
    {"pageCreate", page_create},
    {"pageFree", page_free},
    {"pageMigrate", page_migrate},
    {"pageView", page_view},
    {"detach", detach},
    {"pagePrefetch", page_prefetch},
    {"pageAdvise", page_advise},
    {"register", registration<true>},
    {"unregister", registration<false>},
    {"write", transfer<true>},
    {"read", transfer<false>},
    {"synchronize", synchronize},
    {"zero", zero},
    {"clone", clone},
    {"copyRanges", copy_ranges},
    {"scatter", through_buffer<true>},
    {"gather", through_buffer<false>},
    {"merge", merge},
    {"apply", apply},
    {"diff", diff},
    {"crc32c", crc_of_pages},
    {"sha256", sha_of_pages},
    {"graph", graph},
    {"setCause", set_cause},
    {"stats", stats},
    {"poolMap", pool_map},
    {"events", events},
    {"provokeFault", provoke_fault},
};

}  // namespace

std::span<const entry> cuda_functions() noexcept { return entries; }

}  // namespace mmsb::binding
