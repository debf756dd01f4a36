// Writes by another thread: all of them, in order, and none after the first that fails.
#include "mmsb/file_writer.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "check.hpp"

using namespace mmsb;

namespace {

/** A file without a name. */
int temporary_file() {
  char name[] = "/tmp/mmsb-file-writer-XXXXXX";
  const int descriptor = mkstemp(name);
  unlink(name);
  return descriptor;
}

/** As the log does: so many buffers and one more, used in turn, each filled anew as soon as its turn comes. */
void writes_all(test::prng& random) {
  const int descriptor = temporary_file();
  std::vector<std::uint8_t> expected;
  {
    std::vector<std::vector<std::uint8_t>> buffers(file_writer::most_pending + 1);
    file_writer writer(descriptor);
    for (std::uint32_t i = 0; i < 60; ++i) {
      std::vector<std::uint8_t>& buffer = buffers[i % buffers.size()];
      buffer.resize(1 + random.below(50000));
      std::memset(buffer.data(), static_cast<int>(random.below(256)), buffer.size());
      CHECK(writer.write(buffer, expected.size()) == 0);
      expected.insert(expected.end(), buffer.begin(), buffer.end());
      if (random.below(20) == 0) {
        CHECK(writer.settle() == 0);
        CHECK(lseek(descriptor, 0, SEEK_END) == static_cast<off_t>(expected.size()));
      }
    }
  }
  // the destructor has waited
  std::vector<std::uint8_t> found(expected.size());
  CHECK(pread(descriptor, found.data(), found.size(), 0) == static_cast<ssize_t>(found.size()));
  CHECK(found == expected);
  close(descriptor);
}

/** Where the file system can: room ahead while it writes, which nobody sees in the file's size, and none left over at the end. */
void reserves_and_gives_back() {
  const int descriptor = temporary_file();
#if defined(__linux__)
  const bool can = fallocate(descriptor, FALLOC_FL_KEEP_SIZE, 0, 4096) == 0;
#else
  const bool can = false;
#endif
  const std::vector<std::uint8_t> bytes(100000, 1);
  struct stat file {};
  {
    file_writer writer(descriptor);
    CHECK(writer.write(bytes, 0) == 0);
    CHECK(writer.settle() == 0);
    CHECK(fstat(descriptor, &file) == 0 && file.st_size == 100000);
    CHECK(!can || file.st_blocks * 512 >= static_cast<off_t>(file_writer::least_reserved));
    CHECK(writer.finish() == 0);
  }
  CHECK(fsync(descriptor) == 0);
  CHECK(fstat(descriptor, &file) == 0 && file.st_size == 100000);
  CHECK(file.st_blocks * 512 < 200000);
  close(descriptor);
}

void stops_at_a_failure() {
  const int full = open("/dev/full", O_WRONLY);
  if (full < 0) return;
  const std::vector<std::uint8_t> bytes(5000, 1);
  file_writer writer(full);
  CHECK(writer.write(bytes, 0) == 0);
  CHECK(writer.settle() == ENOSPC);
  // Now the same number is a file that could be written to, which shows that nobody tries.
  const int sound = temporary_file();
  dup2(sound, full);
  CHECK(writer.write(bytes, 0) == ENOSPC);
  CHECK(writer.settle() == ENOSPC);
  CHECK(lseek(full, 0, SEEK_END) == 0);
  close(sound);
  close(full);
}

void drops_what_waits_behind_a_failure() {
  int ends[2];
  if (pipe(ends) != 0) return;
  // a pipe has no offsets
  const std::vector<std::uint8_t> bytes(10, 1);
  file_writer writer(ends[1]);
  int last = 0;
  for (int i = 0; i < 10 && last == 0; ++i) last = writer.write(bytes, 0);
  CHECK(writer.settle() == ESPIPE);
  CHECK(last == 0 || last == ESPIPE);
  close(ends[0]);
  close(ends[1]);
}

}  // namespace

int main() {
  test::prng random(test::seed());
  for (int round = 0; round < 20; ++round) writes_all(random);
  reserves_and_gives_back();
  stops_at_a_failure();
  drops_what_waits_behind_a_failure();
  return test::failures();
}
