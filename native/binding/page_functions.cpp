// Shared pages from C++, over memory that engine/pages/shared-pages.ts made; results are `page_result` as a number.
#include "arguments.hpp"
#include "functions.hpp"
#include "mmsb/shared_pages.hpp"

namespace mmsb::binding {
namespace {

/** The heap in arguments 0 and 1: memory (a Uint8Array of all of it) and owner. */
shared_pages read_heap(arguments& in) {
  const auto memory = in.u8(0, "memory");
  const auto owner = static_cast<std::uint32_t>(in.integer(1, "owner", shared_pages::max_owners - 1));
  shared_pages pages(in.ok() ? memory : std::span<std::uint8_t>{}, owner);
  if (in.ok() && !pages.is_valid()) in.refuse("memory", "holds no shared pages");
  return pages;
}

page_handle read_page(arguments& in, std::size_t position) {
  const auto slot = static_cast<std::uint32_t>(in.integer(position, "slot"));
  return {slot, static_cast<std::uint32_t>(in.integer(position + 1, "generation"))};
}

/** Slot, generation and id of a new page into a Uint32Array of 4. */
std::span<std::uint32_t> read_out(arguments& in, std::size_t position) {
  const auto out = in.u32(position, "out");
  in.within(0, 4, out.size(), "out");
  return out;
}

napi_value finish(arguments& in, page_result result, std::span<std::uint32_t> out, page_handle page, std::uint64_t id) {
  if (result == page_result::ok) {
    out[0] = page.slot;
    out[1] = page.generation;
    out[2] = static_cast<std::uint32_t>(id);
    out[3] = static_cast<std::uint32_t>(id >> 32);
  }
  return in.number(static_cast<double>(result));
}

napi_value allocate_page(napi_env env, napi_callback_info info) {
  arguments in(env, info, "allocatePage");
  shared_pages pages = read_heap(in);
  const auto size = static_cast<std::uint32_t>(in.integer(2, "sizeBytes"));
  const auto location = static_cast<std::uint32_t>(in.integer(3, "location", 2));
  const auto out = read_out(in, 4);
  if (!in.ok()) return nullptr;
  page_handle page{};
  std::uint64_t id = 0;
  const page_result result = pages.allocate(size, location, page, id);
  return finish(in, result, out, page, id);
}

napi_value free_page(napi_env env, napi_callback_info info) {
  arguments in(env, info, "freePage");
  shared_pages pages = read_heap(in);
  const page_handle page = read_page(in, 2);
  return in.ok() ? in.number(static_cast<double>(pages.free(page))) : nullptr;
}

napi_value clone_page(napi_env env, napi_callback_info info) {
  arguments in(env, info, "clonePage");
  shared_pages pages = read_heap(in);
  const page_handle page = read_page(in, 2);
  const auto out = read_out(in, 4);
  if (!in.ok()) return nullptr;
  page_handle copy{};
  std::uint64_t id = 0;
  const page_result result = pages.clone(page, copy, id);
  return finish(in, result, out, copy, id);
}

napi_value migrate_page(napi_env env, napi_callback_info info) {
  arguments in(env, info, "migratePage");
  shared_pages pages = read_heap(in);
  const page_handle page = read_page(in, 2);
  const auto location = static_cast<std::uint32_t>(in.integer(4, "location", 2));
  return in.ok() ? in.number(static_cast<double>(pages.migrate(page, location))) : nullptr;
}

napi_value read_page_(napi_env env, napi_callback_info info) {
  arguments in(env, info, "readPage");
  shared_pages pages = read_heap(in);
  const page_handle page = read_page(in, 2);
  const auto out = in.u8(4, "out");
  return in.ok() ? in.number(static_cast<double>(pages.read(page, out))) : nullptr;
}

napi_value write_page(napi_env env, napi_callback_info info) {
  arguments in(env, info, "writePage");
  shared_pages pages = read_heap(in);
  const page_handle page = read_page(in, 2);
  const std::uint64_t offset = in.integer(4, "offset");
  const auto bytes = in.u8(5, "bytes");
  return in.ok() ? in.number(static_cast<double>(pages.write(page, offset, bytes))) : nullptr;
}

}  // namespace

std::span<const entry> page_functions() noexcept {
  static constexpr entry entries[] = {
      {"allocatePage", guarded<allocate_page>}, {"freePage", guarded<free_page>},  {"clonePage", guarded<clone_page>},
      {"migratePage", guarded<migrate_page>},   {"readPage", guarded<read_page_>}, {"writePage", guarded<write_page>},
  };
  return entries;
}

}  // namespace mmsb::binding
