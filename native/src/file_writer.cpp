#include "mmsb/file_writer.hpp"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace mmsb {

file_writer::file_writer(int descriptor) : descriptor_(descriptor) {
  // Signals are for the threads that were there before.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  try {
    thread_ = std::thread([this] { run(); });
  } catch (...) {
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    throw;
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

file_writer::~file_writer() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  taken_.notify_one();
  thread_.join();
}

int file_writer::write(std::span<const std::uint8_t> bytes, std::uint64_t offset) noexcept {
  {
    std::unique_lock lock(mutex_);
    done_.wait(lock, [this] { return next_ - first_ < most_pending || error_ != 0; });
    if (error_ != 0) return error_;
    jobs_[next_++ % most_pending] = {bytes, offset};
  }
  taken_.notify_one();
  return 0;
}

int file_writer::settle() noexcept {
  std::unique_lock lock(mutex_);
  done_.wait(lock, [this] { return first_ == next_; });
  return error_;
}

int file_writer::finish() noexcept {
  const int error = settle();
  if (error == 0) release();
  return error;
}

void file_writer::run() noexcept {
  std::unique_lock lock(mutex_);
  for (;;) {
    taken_.wait(lock, [this] { return first_ != next_ || stopping_; });
    if (first_ == next_) return;
    const job one = jobs_[first_ % most_pending];
    if (error_ == 0) {
      lock.unlock();
      const int failed = do_write(one);
      lock.lock();
      error_ = failed;
    }
    ++first_;
    done_.notify_one();
  }
}

/** For a write of `[at, end)`. A file system that cannot, or has no more, is not asked again: whether there is room, the write itself tells. */
void file_writer::reserve([[maybe_unused]] std::uint64_t at, [[maybe_unused]] std::uint64_t end) noexcept {
#if defined(__linux__)
  if (end <= reserved_ || !reserves_) return;
  const std::uint64_t from = std::max(at, reserved_);
  const std::uint64_t to = end + std::clamp(end, least_reserved, most_reserved);
  reserves_ = ::fallocate(descriptor_, FALLOC_FL_KEEP_SIZE, static_cast<off_t>(from), static_cast<off_t>(to - from)) == 0;
  reserved_ = to;
#endif
}

/** Cutting a file to the size that it has gives back what lies reserved behind it. */
void file_writer::release() const noexcept {
  struct stat file {};
  if (reserved_ == 0 || ::fstat(descriptor_, &file) != 0 || static_cast<std::uint64_t>(file.st_size) >= reserved_) return;
  // where it stays reserved nothing is lost but room
  [[maybe_unused]] const int cut = ::ftruncate(descriptor_, file.st_size);
}

int file_writer::do_write(const job& one) noexcept {
  std::span<const std::uint8_t> rest = one.bytes;
  std::uint64_t offset = one.offset;
  reserve(offset, offset + rest.size());
  while (!rest.empty()) {
    const ssize_t written = ::pwrite(descriptor_, rest.data(), rest.size(), static_cast<off_t>(offset));
    if (written < 0) {
      if (errno == EINTR) continue;
      return errno;
    }
    // what cannot be written at all, and is no error, would otherwise be tried for ever
    if (written == 0) return EIO;
    rest = rest.subspan(static_cast<std::size_t>(written));
    offset += static_cast<std::uint64_t>(written);
  }
  return 0;
}

}  // namespace mmsb
