// The whole card's use as its driver's management library sees it. That library is part of the driver, is loaded when it is asked for, and
// may be absent: then the values are -1.
#pragma once

#include "mmsb/cuda.h"

namespace mmsb::cuda {

/** Fills the NVML part of `stats` for the card with this PCI address. */
void read_nvml(const char* pci_bus_id, mmsb_cuda_stats& stats);

}  // namespace mmsb::cuda
