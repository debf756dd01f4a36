#include "nvml.hpp"

#include <type_traits>

#if !defined(_WIN32)
#include <dlfcn.h>
#endif

namespace mmsb::cuda {

namespace {

// Of nvml.h, which is not part of every toolkit: the few functions used, with the layouts that NVML keeps stable.
struct utilization {
  unsigned gpu, memory;
};
using device_handle = void*;

struct library {
  int (*init)() = nullptr;
  int (*device_by_pci)(const char*, device_handle*) = nullptr;
  int (*utilization_rates)(device_handle, utilization*) = nullptr;
  int (*temperature)(device_handle, int, unsigned*) = nullptr;
  int (*power)(device_handle, unsigned*) = nullptr;
  bool usable = false;

  library() {
#if !defined(_WIN32)
    void* loaded = dlopen("libnvidia-ml.so.1", RTLD_NOW | RTLD_LOCAL);
    if (loaded == nullptr) return;
    const auto find = [loaded](auto& function, const char* name) {
      function = reinterpret_cast<std::remove_reference_t<decltype(function)>>(dlsym(loaded, name));
      return function != nullptr;
    };
    usable = find(init, "nvmlInit_v2") && find(device_by_pci, "nvmlDeviceGetHandleByPciBusId_v2") &&
             find(utilization_rates, "nvmlDeviceGetUtilizationRates") && find(temperature, "nvmlDeviceGetTemperature") &&
             find(power, "nvmlDeviceGetPowerUsage") && init() == 0;
#endif
  }
};

}  // namespace

void read_nvml(const char* pci_bus_id, mmsb_cuda_stats& stats) {
  stats.gpu_utilization_percent = stats.memory_utilization_percent = stats.temperature_celsius = stats.power_milliwatts = -1;
  static const library nvml;
  device_handle device = nullptr;
  if (!nvml.usable || nvml.device_by_pci(pci_bus_id, &device) != 0) return;
  utilization rates{};
  if (nvml.utilization_rates(device, &rates) == 0) {
    stats.gpu_utilization_percent = static_cast<int>(rates.gpu);
    stats.memory_utilization_percent = static_cast<int>(rates.memory);
  }
  unsigned value = 0;
  if (nvml.temperature(device, 0, &value) == 0) stats.temperature_celsius = static_cast<int>(value);
  if (nvml.power(device, &value) == 0) stats.power_milliwatts = static_cast<int>(value);
}

}  // namespace mmsb::cuda
