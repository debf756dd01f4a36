// What CUDA hands out, each owned by one object. A destructor cannot report an error, and after a lost context every free fails: they are
// the only calls whose result is dropped.
#pragma once

#include <cstddef>
#include <cstdint>

#include "error.hpp"

namespace mmsb::cuda {

class stream {
 public:
  stream() { check(cudaStreamCreateWithFlags(&handle_, cudaStreamNonBlocking), "cudaStreamCreate"); }
  ~stream() { cudaStreamDestroy(handle_); }
  stream(const stream&) = delete;
  stream& operator=(const stream&) = delete;
  cudaStream_t get() const { return handle_; }
  void wait() const { check(cudaStreamSynchronize(handle_), "cudaStreamSynchronize"); }

 private:
  cudaStream_t handle_ = nullptr;
};

class event {
 public:
  explicit event(bool timed = false) {
    check(cudaEventCreateWithFlags(&handle_, timed ? cudaEventDefault : cudaEventDisableTiming), "cudaEventCreate");
  }
  ~event() {
    if (handle_ != nullptr) cudaEventDestroy(handle_);
  }
  event(event&& other) noexcept : handle_(other.handle_) { other.handle_ = nullptr; }
  event& operator=(event&&) = delete;
  event(const event&) = delete;
  event& operator=(const event&) = delete;
  cudaEvent_t get() const { return handle_; }
  void record(cudaStream_t on) const { check(cudaEventRecord(handle_, on), "cudaEventRecord"); }
  void wait() const { check(cudaEventSynchronize(handle_), "cudaEventSynchronize"); }

 private:
  cudaEvent_t handle_ = nullptr;
};

enum class memory_kind { device, managed, pinned };

/** A run of memory. There is no copy: a copy of device memory names its stream. */
class buffer {
 public:
  buffer() = default;
  buffer(memory_kind kind, std::size_t bytes) : kind_(kind), bytes_(bytes) {
    if (bytes == 0) return;
    switch (kind) {
      case memory_kind::device: check(cudaMalloc(&data_, bytes), "cudaMalloc"); break;
      case memory_kind::managed: check(cudaMallocManaged(&data_, bytes, cudaMemAttachGlobal), "cudaMallocManaged"); break;
      case memory_kind::pinned: check(cudaHostAlloc(&data_, bytes, cudaHostAllocMapped | cudaHostAllocPortable), "cudaHostAlloc"); break;
    }
  }
  ~buffer() { release(); }
  buffer(buffer&& other) noexcept { swap(other); }
  buffer& operator=(buffer&& other) noexcept {
    swap(other);
    return *this;
  }
  buffer(const buffer&) = delete;
  buffer& operator=(const buffer&) = delete;

  std::uint8_t* data() const { return static_cast<std::uint8_t*>(data_); }
  std::size_t size() const { return bytes_; }

 private:
  void swap(buffer& other) {
    std::swap(kind_, other.kind_);
    std::swap(data_, other.data_);
    std::swap(bytes_, other.bytes_);
  }
  void release() {
    if (data_ == nullptr) return;
    if (kind_ == memory_kind::pinned) cudaFreeHost(data_);
    else cudaFree(data_);
    data_ = nullptr;
  }

  memory_kind kind_ = memory_kind::device;
  void* data_ = nullptr;
  std::size_t bytes_ = 0;
};

/** Host memory of somebody else, pinned and mapped for as long as this lives. */
class registration {
 public:
  registration(void* host, std::size_t bytes) : host_(static_cast<std::uint8_t*>(host)), bytes_(bytes) {
    check(cudaHostRegister(host, bytes, cudaHostRegisterMapped | cudaHostRegisterPortable), "cudaHostRegister");
  }
  ~registration() { cudaHostUnregister(host_); }
  registration(const registration&) = delete;
  registration& operator=(const registration&) = delete;
  bool covers(const void* at, std::size_t bytes) const {
    const auto* p = static_cast<const std::uint8_t*>(at);
    return p >= host_ && p + bytes <= host_ + bytes_;
  }
  std::uint8_t* host() const { return host_; }
  std::size_t size() const { return bytes_; }
  std::uint8_t* device_pointer() const {
    void* mapped = nullptr;
    check(cudaHostGetDevicePointer(&mapped, host_, 0), "cudaHostGetDevicePointer");
    return static_cast<std::uint8_t*>(mapped);
  }

 private:
  std::uint8_t* host_;
  std::size_t bytes_;
};

}  // namespace mmsb::cuda
