// Writes by another thread: engine/accel/native-functions.ts.
#include <system_error>

#include "arguments.hpp"
#include "functions.hpp"

namespace mmsb::binding {
namespace {

instance* mine_of(napi_env env) noexcept {
  void* data = nullptr;
  return napi_get_instance_data(env, &data) == napi_ok ? static_cast<instance*>(data) : nullptr;
}

/** The file that argument 0 names; refuses it where there is none. */
queued_file* file_of(arguments& in) noexcept {
  instance* const mine = mine_of(in.env());
  const std::uint64_t handle = in.integer(0, "file");
  if (!in.ok() || mine == nullptr) return nullptr;
  if (handle < mine->files.size() && mine->files[handle] != nullptr) return mine->files[handle].get();
  in.refuse("file", "is not open");
  return nullptr;
}

void release(napi_env env, queued_file& file, std::size_t keep) noexcept {
  for (; file.lent.size() > keep; file.lent.pop_front()) napi_delete_reference(env, file.lent.front());
}

napi_value open_file_(napi_env env, napi_callback_info info) {
  arguments in(env, info, "openFile");
  const std::uint64_t descriptor = in.integer(0, "descriptor", 0x7fff'ffff);
  instance* const mine = mine_of(env);
  if (!in.ok() || mine == nullptr) return nullptr;
  std::size_t handle = 0;
  while (handle < mine->files.size() && mine->files[handle] != nullptr) ++handle;
  if (handle == mine->files.size()) mine->files.emplace_back();
  try {
    mine->files[handle] = std::make_unique<queued_file>(static_cast<int>(descriptor));
  } catch (const std::system_error&) {
    return in.number(-1);
  }
  return in.number(static_cast<double>(handle));
}

napi_value write_file_(napi_env env, napi_callback_info info) {
  arguments in(env, info, "writeFile");
  queued_file* const file = file_of(in);
  const auto bytes = in.u8(1, "bytes");
  const std::uint64_t offset = in.integer(2, "offset", 9007199254740991);
  if (!in.ok() || file == nullptr) return nullptr;
  // Memory of its own could be detached under the thread; shared memory is there for as long as anybody knows it.
  napi_value buffer = nullptr;
  bool is_own = true;
  if (napi_get_typedarray_info(env, in.value(1), nullptr, nullptr, nullptr, &buffer, nullptr) != napi_ok ||
      napi_is_arraybuffer(env, buffer, &is_own) != napi_ok || is_own) {
    in.refuse("bytes", "is not shared memory");
    return nullptr;
  }
  napi_ref lent = nullptr;
  if (napi_create_reference(env, in.value(1), 1, &lent) != napi_ok) return nullptr;
  file->lent.push_back(lent);
  const int error = file->writer.write(bytes, offset);
  release(env, *file, file_writer::most_pending);
  return in.number(error);
}

napi_value settle_file_(napi_env env, napi_callback_info info) {
  arguments in(env, info, "settleFile");
  queued_file* const file = file_of(in);
  if (file == nullptr) return nullptr;
  const int error = file->writer.settle();
  release(env, *file, 0);
  return in.number(error);
}

napi_value close_file_(napi_env env, napi_callback_info info) {
  arguments in(env, info, "closeFile");
  queued_file* const file = file_of(in);
  if (file == nullptr) return nullptr;
  const int error = file->writer.finish();
  release(env, *file, 0);
  mine_of(env)->files[in.integer(0, "file")].reset();
  return in.number(error);
}

}  // namespace

std::span<const entry> file_functions() noexcept {
  static constexpr entry entries[] = {{"openFile", guarded<open_file_>},
                                      {"writeFile", guarded<write_file_>},
                                      {"settleFile", guarded<settle_file_>},
                                      {"closeFile", guarded<close_file_>}};
  return entries;
}

}  // namespace mmsb::binding
