// Writes to one file by a thread of its own, in order.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <span>
#include <thread>

namespace mmsb {

/**
 * A bounded queue of writes and the thread that does them. After the first one that fails nothing more is written: the descriptor is not used
 * again. One thread calls it; the descriptor and the bytes are the caller's, and stay as they are until the write is done.
 *
 * Where the file system can (Linux), room on the medium is reserved ahead of the writes, as much again as the file is long, between `least_reserved`
 * and `most_reserved` bytes: a write into it costs two thirds of one for which room must be found. The file's size is not touched, and what was not used
 * is given back by `finish`.
 */
class file_writer {
 public:
  /** So many writes may wait or be under way. */
  static constexpr std::size_t most_pending = 3;
  static constexpr std::uint64_t least_reserved = std::uint64_t{1} << 20;
  static constexpr std::uint64_t most_reserved = std::uint64_t{1} << 24;

  /** Throws std::system_error where there is no thread to be had. */
  explicit file_writer(int descriptor);
  /** Does what waits first. */
  ~file_writer();
  file_writer(const file_writer&) = delete;
  file_writer& operator=(const file_writer&) = delete;

  /** Takes a write, and waits for its turn where too many are pending. Returns 0, or the errno of a write before (then it is not taken). */
  int write(std::span<const std::uint8_t> bytes, std::uint64_t offset) noexcept;

  /** Waits until every write taken is done. Returns 0, or the errno of the first that failed. */
  int settle() noexcept;

  /** As `settle`; then gives back the room that was not used. Nothing is written after it. */
  int finish() noexcept;

 private:
  struct job {
    std::span<const std::uint8_t> bytes;
    std::uint64_t offset;
  };

  void run() noexcept;
  int do_write(const job& one) noexcept;
  void reserve(std::uint64_t at, std::uint64_t end) noexcept;
  void release() const noexcept;

  const int descriptor_;
  std::mutex mutex_;
  std::condition_variable taken_;
  std::condition_variable done_;
  /** Job n stands at n % most_pending; `first_` is the one under way. */
  job jobs_[most_pending];
  std::uint64_t first_ = 0;
  std::uint64_t next_ = 0;
  int error_ = 0;
  bool stopping_ = false;
  /** Of the thread alone: up to where there is room, and whether more may be asked for. */
  std::uint64_t reserved_ = 0;
  bool reserves_ = true;
  std::thread thread_;
};

}  // namespace mmsb
