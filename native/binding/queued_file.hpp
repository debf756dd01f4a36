// A file that the log writes to by a thread of its own, with what JavaScript has lent for it.
#pragma once

#include <napi.h>

#include <deque>

#include "mmsb/file_writer.hpp"

namespace mmsb::binding {

struct queued_file {
  explicit queued_file(int descriptor) : writer(descriptor) {}

  /** Keeps the memory of the latest writes, more of them than can be pending; goes with the writer, whose end waits for them. */
  std::deque<napi_ref> lent;
  file_writer writer;
};

}  // namespace mmsb::binding
