#include "transfer_pipes.hpp"

#include <algorithm>
#include <cstring>
#include <exception>
#include <thread>

namespace mmsb::cuda {

namespace {
// Chunks that stay in the processor's caches (512 KiB, twelve threads) were slower: 28 GB/s, not 41.
constexpr std::size_t chunk_bytes = 4u << 20;
constexpr unsigned max_pipes = 8;
}  // namespace

void transfer_pipes::copy(std::uint8_t* to, const std::uint8_t* from, std::size_t bytes, bool to_device) {
  if (pipes_.empty()) {
    const unsigned wanted = std::clamp(std::thread::hardware_concurrency() / 2, 1u, max_pipes);
    for (unsigned i = 0; i < wanted; ++i) {
      auto made = std::make_unique<pipe>();
      for (buffer& chunk : made->chunk) chunk = buffer(memory_kind::pinned, chunk_bytes);
      pipes_.push_back(std::move(made));
    }
  }
  const std::size_t pipes = std::min(pipes_.size(), (bytes + chunk_bytes - 1) / chunk_bytes);
  std::vector<std::exception_ptr> errors(pipes);
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < pipes; ++i) {
    threads.emplace_back([&, i] {
      try {
        check(cudaSetDevice(ordinal_), "cudaSetDevice");
        run(*pipes_[i], i, pipes, to, from, bytes, to_device);
      } catch (...) {
        errors[i] = std::current_exception();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const std::exception_ptr& error : errors)
    if (error != nullptr) std::rethrow_exception(error);
}

/** Chunks index, index + pipes, ... of the copy. */
void transfer_pipes::run(pipe& own, std::size_t index, std::size_t pipes, std::uint8_t* to, const std::uint8_t* from, std::size_t bytes,
                         bool to_device) const {
  struct part {
    std::size_t at = 0, bytes = 0;
  } held[2];
  const auto finish = [&](unsigned side) {
    if (held[side].bytes == 0) return;
    own.done[side].wait();
    if (!to_device) std::memcpy(to + held[side].at, own.chunk[side].data(), held[side].bytes);
    held[side].bytes = 0;
  };
  unsigned side = 0;
  for (std::size_t at = index * chunk_bytes; at < bytes; at += pipes * chunk_bytes, side ^= 1) {
    finish(side);
    const std::size_t length = std::min(chunk_bytes, bytes - at);
    std::uint8_t* pinned = own.chunk[side].data();
    if (to_device) {
      std::memcpy(pinned, from + at, length);
      check(cudaMemcpyAsync(to + at, pinned, length, cudaMemcpyHostToDevice, own.work.get()), "cudaMemcpyAsync (to device)");
    } else {
      check(cudaMemcpyAsync(pinned, from + at, length, cudaMemcpyDeviceToHost, own.work.get()), "cudaMemcpyAsync (to host)");
    }
    own.done[side].record(own.work.get());
    held[side] = {at, length};
  }
  finish(side);
  finish(side ^ 1);
}

}  // namespace mmsb::cuda
