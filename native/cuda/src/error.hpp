// Errors inside the library are exceptions; c_interface.cpp turns them into the struct that crosses the border.
#pragma once

#include <cuda_runtime_api.h>

#include <exception>
#include <string>
#include <utility>

#include "mmsb/cuda.h"

namespace mmsb::cuda {

class failure : public std::exception {
 public:
  failure(int code, std::string operation, std::string message)
      : code_(code), operation_(std::move(operation)), message_(std::move(message)) {}
  int code() const { return code_; }
  const std::string& operation() const { return operation_; }
  const char* what() const noexcept override { return message_.c_str(); }

 private:
  int code_;
  std::string operation_;
  std::string message_;
};

inline void check(cudaError_t result, const char* operation) {
  if (result == cudaSuccess) return;
  cudaGetLastError();  // else the next launch's check would report this one again
  throw failure(result, operation, std::string(cudaGetErrorName(result)) + ": " + cudaGetErrorString(result));
}

/** After a launch: the launch itself. What the kernel does wrong shows at a later call. */
inline void check_launch(const char* operation) { check(cudaGetLastError(), operation); }

[[noreturn]] inline void refuse(const char* operation, const std::string& message) {
  throw failure(MMSB_CUDA_ARGUMENT, operation, message);
}

}  // namespace mmsb::cuda
