// Recompute kernels. Floats have one order of operations, the same on every device and on the CPU (docs/DeviceMemoryModel.md, F1 to F6), each
// operation rounded by itself: this file is compiled with --fmad=false. A NaN that is stored is the canonical one, because processors differ
// in the bits of theirs.
#include <type_traits>

#include "grid.cuh"
#include "kernels.hpp"

namespace mmsb::cuda::kernels {
namespace {

constexpr unsigned tile_elements = 32, group_elements = 32 * tile_elements;  // of a scan
constexpr unsigned shared_bins = 4096;
constexpr unsigned full = 0xffffffffu;
/** A node up to here is one warp's; a larger one a block's. */
constexpr std::uint32_t small_elements = 16384;

template <typename T>
__device__ __forceinline__ T stored(T x) {
  if constexpr (std::is_same_v<T, float>) return x != x ? __int_as_float(0x7fc00000) : x;
  if constexpr (std::is_same_v<T, double>) return x != x ? __longlong_as_double(0x7ff8000000000000ll) : x;
  return x;
}

/** -0 is smaller than +0, and a NaN wins. */
template <typename T>
__device__ __forceinline__ T smaller(T a, T b) {
  if constexpr (!std::is_integral_v<T>) {
    if (a != a) return a;
    if (b != b) return b;
    if (a == b) return signbit(a) ? a : b;
  }
  return a < b ? a : b;
}

template <typename T>
__device__ __forceinline__ T larger(T a, T b) {
  if constexpr (!std::is_integral_v<T>) {
    if (a != a) return a;
    if (b != b) return b;
    if (a == b) return signbit(a) ? b : a;
  }
  return a > b ? a : b;
}

template <typename T>
struct arithmetic {
  using type = T;
};
/** Integers wrap: unsigned arithmetic says so. */
template <>
struct arithmetic<std::int32_t> {
  using type = std::uint32_t;
};
template <typename T>
using wrap = typename arithmetic<T>::type;

template <typename T>
__device__ __forceinline__ T plus(T a, T b) {
  return static_cast<T>(static_cast<wrap<T>>(a) + static_cast<wrap<T>>(b));
}
template <typename T>
__device__ __forceinline__ T times(T a, T b) {
  return static_cast<T>(static_cast<wrap<T>>(a) * static_cast<wrap<T>>(b));
}

template <typename T>
__device__ __forceinline__ T mapped(unsigned function, T x, T scale, T bias) {
  switch (function) {
    case MMSB_CUDA_AFFINE: return plus(times(x, scale), bias);
    case MMSB_CUDA_NEGATE:
      if constexpr (std::is_integral_v<T>) return static_cast<T>(0u - static_cast<wrap<T>>(x));
      else return -x;
    case MMSB_CUDA_ABSOLUTE:
      if constexpr (std::is_unsigned_v<T>) return x;
      else if constexpr (std::is_integral_v<T>) return x < 0 ? static_cast<T>(0u - static_cast<wrap<T>>(x)) : x;
      else return fabs(x);
    case MMSB_CUDA_SQUARE_ROOT:
      if constexpr (std::is_same_v<T, float>) return __fsqrt_rn(x);
      else if constexpr (std::is_same_v<T, double>) return __dsqrt_rn(x);
      else return x > T(0) ? static_cast<T>(__dsqrt_rn(static_cast<double>(x))) : T(0);
    case MMSB_CUDA_SQUARE: return times(x, x);
    case MMSB_CUDA_RELU:
      if constexpr (!std::is_integral_v<T>) {
        if (x != x) return x;
      }
      return x > T(0) ? x : T(0);
    default: return x;
  }
}

template <typename T>
__device__ __forceinline__ T zipped(unsigned function, T a, T b) {
  switch (function) {
    case MMSB_CUDA_ADD: return plus(a, b);
    case MMSB_CUDA_SUBTRACT: return static_cast<T>(static_cast<wrap<T>>(a) - static_cast<wrap<T>>(b));
    case MMSB_CUDA_MULTIPLY: return times(a, b);
    case MMSB_CUDA_DIVIDE:
      if constexpr (std::is_unsigned_v<T>) return b == 0 ? 0 : a / b;
      else if constexpr (std::is_integral_v<T>) return b == 0 ? 0 : b == -1 ? static_cast<T>(0u - static_cast<wrap<T>>(a)) : a / b;
      else return a / b;
    case MMSB_CUDA_SMALLER: return smaller(a, b);
    case MMSB_CUDA_LARGER: return larger(a, b);
    default: return a;
  }
}

template <typename T>
__device__ __forceinline__ T join(unsigned op, T a, T b) {
  return op == MMSB_CUDA_SUM ? plus(a, b) : op == MMSB_CUDA_MIN ? smaller(a, b) : larger(a, b);
}

template <typename T>
__device__ __forceinline__ T neutral(unsigned op) {
  if (op == MMSB_CUDA_SUM) return T(0);
  if constexpr (std::is_same_v<T, std::uint32_t>) return op == MMSB_CUDA_MIN ? 0xffffffffu : 0u;
  else if constexpr (std::is_same_v<T, std::int32_t>) return op == MMSB_CUDA_MIN ? 0x7fffffff : static_cast<T>(0x80000000u);
  else return op == MMSB_CUDA_MIN ? T(INFINITY) : T(-INFINITY);
}

/**
 * F1: lane t of 256 joins elements t, t + 256, ... from the left, beginning with the neutral element; then lane t joins lane t + w for w = 128, 64, ... 1.
 * A warp: each of its lanes plays eight of the 256, 32 apart.
 */
template <typename T>
__device__ void reduce_small(const graph_job& job, unsigned lane) {
  const T* a = reinterpret_cast<const T*>(job.a);
  T part[8];
#pragma unroll
  for (unsigned p = 0; p < 8; ++p) part[p] = neutral<T>(job.op);
  std::uint64_t i = lane;
  for (; i + 7 * 32 < job.count; i += 256) {
    T held[8];
#pragma unroll
    for (unsigned p = 0; p < 8; ++p) held[p] = a[i + p * 32];
#pragma unroll
    for (unsigned p = 0; p < 8; ++p) part[p] = join(job.op, part[p], held[p]);
  }
#pragma unroll
  for (unsigned p = 0; p < 8; ++p)
    if (i + p * 32 < job.count) part[p] = join(job.op, part[p], a[i + p * 32]);
#pragma unroll
  for (unsigned w = 4; w > 0; w /= 2)
#pragma unroll
    for (unsigned p = 0; p < w; ++p) part[p] = join(job.op, part[p], part[p + w]);
  T mine = part[0];
#pragma unroll
  for (unsigned w = 16; w > 0; w /= 2) mine = join(job.op, mine, __shfl_down_sync(full, mine, w));
  if (lane == 0) *reinterpret_cast<T*>(job.out) = stored(mine);
}

/** F1 by a block: a thread a lane. */
template <typename T>
__device__ void reduce_large(const graph_job& job) {
  __shared__ double memory[block_threads];
  T* lanes = reinterpret_cast<T*>(memory);
  const T* a = reinterpret_cast<const T*>(job.a);
  T mine = neutral<T>(job.op);
#pragma unroll 16
  for (std::uint64_t i = threadIdx.x; i < job.count; i += block_threads) mine = join(job.op, mine, a[i]);
  lanes[threadIdx.x] = mine;
  __syncthreads();
  for (unsigned w = block_threads / 2; w > 0; w /= 2) {
    if (threadIdx.x < w) lanes[threadIdx.x] = join(job.op, lanes[threadIdx.x], lanes[threadIdx.x + w]);
    __syncthreads();
  }
  if (threadIdx.x == 0) *reinterpret_cast<T*>(job.out) = stored(lanes[0]);
}

/**
 * F4, one group of 1,024 elements by a warp, a tile of 32 a lane: loads the group into `shared` (padded: a lane reads its 32 in a row), and returns each
 * lane's running total of the tiles before its own; `total` becomes the group's.
 */
template <typename T>
__device__ T load_group(const graph_job& job, std::uint64_t first, T* shared, T& total, unsigned lane) {
  const T* a = reinterpret_cast<const T*>(job.a);
#pragma unroll 8
  for (unsigned i = 0; i < tile_elements; ++i) {
    const std::uint64_t at = first + i * 32 + lane;
    shared[i * 33 + lane] = at < job.count ? a[at] : T(0);
  }
  __syncwarp();
  T own = T(0);
  for (unsigned i = 0; i < tile_elements; ++i) own = plus(own, shared[lane * 33 + i]);
  T before = T(0), sum = T(0);
  for (unsigned t = 0; t < 32; ++t) {
    if (lane == t) before = sum;
    sum = plus(sum, __shfl_sync(full, own, t));
  }
  total = sum;
  return before;
}

/** The group's elements, `before` being all that stands before the lane's tile. */
template <typename T>
__device__ void store_group(const graph_job& job, std::uint64_t first, T* shared, T before, unsigned lane) {
  T* out = reinterpret_cast<T*>(job.out);
  T own = T(0);
  for (unsigned i = 0; i < tile_elements; ++i) {
    own = plus(own, shared[lane * 33 + i]);
    shared[lane * 33 + i] = stored(plus(before, own));
  }
  __syncwarp();
#pragma unroll 8
  for (unsigned i = 0; i < tile_elements; ++i) {
    const std::uint64_t at = first + i * 32 + lane;
    if (at < job.count) out[at] = shared[i * 33 + lane];
  }
  __syncwarp();
}

constexpr unsigned padded_group = tile_elements * 33;

template <typename T>
__device__ void scan_small(const graph_job& job, T* shared, unsigned lane) {
  T carried = T(0);
  for (std::uint64_t first = 0; first < job.count; first += group_elements) {
    T total;
    const T before = load_group(job, first, shared, total, lane);
    store_group(job, first, shared, plus(carried, before), lane);
    carried = plus(carried, total);
  }
}

/** F4 by a block: as many groups at once as it has warps. */
template <typename T, unsigned WARPS>
__device__ void scan_large(const graph_job& job, T* shared, T* totals) {
  const unsigned lane = threadIdx.x & 31, warp = threadIdx.x / 32;
  T carried = T(0);
  for (std::uint64_t base = 0; base < job.count; base += WARPS * group_elements) {
    const std::uint64_t first = base + warp * group_elements;
    T total;
    const T before = load_group(job, first, shared, total, lane);
    if (lane == 0) totals[warp] = total;
    __syncthreads();
    T groups_before = carried;
    for (unsigned w = 0; w < WARPS; ++w) {
      if (w == warp) groups_before = carried;
      carried = plus(carried, totals[w]);
    }
    store_group(job, first, shared, plus(groups_before, before), lane);
    __syncthreads();
  }
}

/** F5: element (i, j) adds a[i][k] * b[k][j] for k from 0 up, from zero. Tiles only decide who reads what. */
template <typename T>
__device__ void matmul(const graph_job& job) {
  constexpr unsigned side = 16;
  __shared__ double memory_a[side * side], memory_b[side * (side + 1)];
  T* tile_a = reinterpret_cast<T*>(memory_a);
  T* tile_b = reinterpret_cast<T*>(memory_b);
  const T* a = reinterpret_cast<const T*>(job.a);
  const T* b = reinterpret_cast<const T*>(job.b);
  T* out = reinterpret_cast<T*>(job.out);
  const unsigned row_in = threadIdx.x / side, column_in = threadIdx.x % side;
  const std::uint64_t tiles_across = (job.columns + side - 1) / side, tiles_down = (job.count + side - 1) / side;
  for (std::uint64_t tile = blockIdx.y; tile < tiles_across * tiles_down; tile += gridDim.y) {
    const std::uint64_t row = tile / tiles_across * side + row_in, column = tile % tiles_across * side + column_in;
    T sum = T(0);
    for (std::uint32_t k = 0; k < job.inner; k += side) {
      tile_a[row_in * side + column_in] = row < job.count && k + column_in < job.inner ? a[row * job.inner + k + column_in] : T(0);
      tile_b[row_in * (side + 1) + column_in] =
          k + row_in < job.inner && column < job.columns ? b[static_cast<std::uint64_t>(k + row_in) * job.columns + column] : T(0);
      __syncthreads();
      const unsigned deep = job.inner - k < side ? job.inner - k : side;
      for (unsigned i = 0; i < deep; ++i) sum = plus(sum, times(tile_a[row_in * side + i], tile_b[i * (side + 1) + column_in]));
      __syncthreads();
    }
    if (row < job.count && column < job.columns) out[row * job.columns + column] = stored(sum);
  }
}

/** F6: counts of floor((x - bias) * scale) in f64; what falls outside, and NaN, is dropped. */
template <typename T>
__device__ void histogram(const graph_job& job) {
  __shared__ std::uint32_t near[shared_bins];
  auto* far = reinterpret_cast<std::uint32_t*>(job.out);
  std::uint32_t* bins = job.columns <= shared_bins ? near : far;
  for (std::uint32_t i = threadIdx.x; i < job.columns; i += block_threads) bins[i] = 0;
  __syncthreads();
  const T* a = reinterpret_cast<const T*>(job.a);
  for (std::uint64_t i = threadIdx.x; i < job.count; i += block_threads) {
    const double bin = floor((static_cast<double>(a[i]) - job.bias) * job.scale);
    if (bin >= 0 && bin < job.columns) atomicAdd(bins + static_cast<std::uint32_t>(bin), 1u);
  }
  __syncthreads();
  if (bins == near)
    for (std::uint32_t i = threadIdx.x; i < job.columns; i += block_threads) far[i] = near[i];
}

template <typename T>
union vector_of {
  uint4 whole;
  T part[16 / sizeof(T)];
};

template <typename T>
__device__ __forceinline__ T element(const graph_job& job, T a, T b, T scale, T bias) {
  // A copy keeps the bits, those of a NaN too.
  if (job.op == MMSB_CUDA_COPY_OP) return a;
  return stored(job.op == MMSB_CUDA_ZIP ? zipped(job.function, a, b) : mapped(job.function, a, scale, bias));
}

/** Elements `from` to `to`, `from` on 16 bytes, by a warp: 16 bytes a lane, four of them in flight. */
template <typename T>
__device__ void elementwise(const graph_job& job, std::uint64_t from, std::uint64_t to, unsigned lane) {
  constexpr unsigned width = 16 / sizeof(T), unroll = 4;
  const T scale = static_cast<T>(job.scale), bias = static_cast<T>(job.bias);
  const bool two = job.op == MMSB_CUDA_ZIP;
  const auto* a = reinterpret_cast<const uint4*>(job.a);
  const auto* b = reinterpret_cast<const uint4*>(job.b);
  auto* out = reinterpret_cast<uint4*>(job.out);
  const std::uint64_t last = to / width;
  std::uint64_t w = from / width + lane;
  for (; w + (unroll - 1) * 32 < last; w += unroll * 32) {
    vector_of<T> held[unroll], other[unroll];
#pragma unroll
    for (unsigned u = 0; u < unroll; ++u) {
      held[u].whole = a[w + u * 32];
      if (two) other[u].whole = b[w + u * 32];
    }
#pragma unroll
    for (unsigned u = 0; u < unroll; ++u) {
#pragma unroll
      for (unsigned e = 0; e < width; ++e) held[u].part[e] = element(job, held[u].part[e], other[u].part[e], scale, bias);
      __stcs(out + w + u * 32, held[u].whole);
    }
  }
  for (std::uint64_t i = w * width; i < to; i += 32 * width)
    for (std::uint64_t e = i; e < i + width && e < to; ++e)
      reinterpret_cast<T*>(job.out)[e] = element(job, reinterpret_cast<const T*>(job.a)[e], two ? reinterpret_cast<const T*>(job.b)[e] : T(0), scale, bias);
}

/** A warp a node; the blocks of a row share long ones, a part each. */
template <typename T>
__global__ void __launch_bounds__(block_threads) elementwise_kernel(const graph_job* jobs, std::uint32_t count) {
  constexpr std::uint64_t part = 16384;
  const unsigned lane = threadIdx.x & 31;
  for (std::uint32_t i = warp_index(); i < count; i += warp_count()) {
    const graph_job job = jobs[i];
    for (std::uint64_t from = blockIdx.y * part; from < job.count; from += gridDim.y * part)
      elementwise<T>(job, from, from + part < job.count ? from + part : job.count, lane);
  }
}

template <typename T>
__global__ void __launch_bounds__(block_threads) reduce_small_kernel(const graph_job* jobs, std::uint32_t count) {
  for (std::uint32_t i = warp_index(); i < count; i += warp_count()) reduce_small<T>(jobs[i], threadIdx.x & 31);
}

template <typename T>
__global__ void __launch_bounds__(block_threads) reduce_large_kernel(const graph_job* jobs, std::uint32_t count) {
  for (std::uint32_t i = blockIdx.x; i < count; i += gridDim.x) {
    reduce_large<T>(jobs[i]);
    __syncthreads();
  }
}

/** Warps of a scanning block: what fits into 48 KiB of shared memory. */
template <typename T>
constexpr unsigned scan_warps = sizeof(T) == 8 ? 4 : 8;

template <typename T>
__global__ void __launch_bounds__(scan_warps<T> * 32) scan_small_kernel(const graph_job* jobs, std::uint32_t count) {
  __shared__ T memory[scan_warps<T> * padded_group];
  const std::uint32_t warps = gridDim.x * scan_warps<T>;
  for (std::uint32_t i = (blockIdx.x * blockDim.x + threadIdx.x) / 32; i < count; i += warps)
    scan_small<T>(jobs[i], memory + threadIdx.x / 32 * padded_group, threadIdx.x & 31);
}

template <typename T>
__global__ void __launch_bounds__(scan_warps<T> * 32) scan_large_kernel(const graph_job* jobs, std::uint32_t count) {
  __shared__ T memory[scan_warps<T> * padded_group];
  __shared__ T totals[scan_warps<T>];
  for (std::uint32_t i = blockIdx.x; i < count; i += gridDim.x)
    scan_large<T, scan_warps<T>>(jobs[i], memory + threadIdx.x / 32 * padded_group, totals);
}

template <typename T>
__global__ void __launch_bounds__(block_threads) matmul_kernel(const graph_job* jobs, std::uint32_t count) {
  for (std::uint32_t i = blockIdx.x; i < count; i += gridDim.x) matmul<T>(jobs[i]);
}

template <typename T>
__global__ void __launch_bounds__(block_threads) histogram_kernel(const graph_job* jobs, std::uint32_t count) {
  for (std::uint32_t i = blockIdx.x; i < count; i += gridDim.x) {
    histogram<T>(jobs[i]);
    __syncthreads();
  }
}

unsigned blocks_each(std::uint32_t count) { return count < max_blocks ? count : max_blocks; }

template <typename T>
void launch(graph_class of, const graph_job* jobs, std::uint32_t count, std::uint32_t parts, cudaStream_t stream) {
  switch (of) {
    case graph_class::elementwise:
      elementwise_kernel<T><<<dim3(blocks_for_warps(count), parts), block_threads, 0, stream>>>(jobs, count);
      break;
    case graph_class::reduce_small: reduce_small_kernel<T><<<blocks_for_warps(count), block_threads, 0, stream>>>(jobs, count); break;
    case graph_class::reduce_large: reduce_large_kernel<T><<<blocks_each(count), block_threads, 0, stream>>>(jobs, count); break;
    case graph_class::scan_small:
      scan_small_kernel<T><<<blocks_each((count + scan_warps<T> - 1) / scan_warps<T>), scan_warps<T> * 32, 0, stream>>>(jobs, count);
      break;
    case graph_class::scan_large: scan_large_kernel<T><<<blocks_each(count), scan_warps<T> * 32, 0, stream>>>(jobs, count); break;
    case graph_class::matmul: matmul_kernel<T><<<dim3(blocks_each(count), parts), block_threads, 0, stream>>>(jobs, count); break;
    case graph_class::histogram: histogram_kernel<T><<<blocks_each(count), block_threads, 0, stream>>>(jobs, count); break;
    default: break;
  }
}

}  // namespace

graph_class class_of(std::uint16_t op, std::uint32_t elements) {
  const bool is_small = elements <= small_elements;
  switch (op) {
    case MMSB_CUDA_SUM:
    case MMSB_CUDA_MIN:
    case MMSB_CUDA_MAX: return is_small ? graph_class::reduce_small : graph_class::reduce_large;
    case MMSB_CUDA_SCAN: return is_small ? graph_class::scan_small : graph_class::scan_large;
    case MMSB_CUDA_MATMUL: return graph_class::matmul;
    case MMSB_CUDA_HISTOGRAM: return graph_class::histogram;
    default: return graph_class::elementwise;
  }
}

void graph(graph_class of, std::uint16_t type, const graph_job* jobs, std::uint32_t count, std::uint64_t widest, cudaStream_t stream) {
  // Blocks that share a node: a part of 16,384 elements, or 16 tiles of a matrix product, each.
  const std::uint64_t wanted = (widest + 16383) / 16384;
  const auto parts = static_cast<std::uint32_t>(wanted < 1 ? 1 : wanted > 4096 ? 4096 : wanted);
  if (type == MMSB_CUDA_F32) launch<float>(of, jobs, count, parts, stream);
  if (type == MMSB_CUDA_F64) launch<double>(of, jobs, count, parts, stream);
  if (type == MMSB_CUDA_I32) launch<std::int32_t>(of, jobs, count, parts, stream);
  if (type == MMSB_CUDA_U32) launch<std::uint32_t>(of, jobs, count, parts, stream);
}

}  // namespace mmsb::cuda::kernels
