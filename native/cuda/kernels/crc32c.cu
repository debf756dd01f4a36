// CRC-32C (Castagnoli, reflected 0x82f63b78) of pages, a warp a page. A CRC is linear over the message, so each lane runs Horner's rule over
// its own 16-byte blocks, every 512 bytes: state = state * x^4096 + crc(block). The lanes' states are then joined in a tree, each shifted by
// the bytes that follow it. Table lookups in shared memory are the bound: 20 for 16 bytes.
#include "grid.cuh"
#include "kernels.hpp"

namespace mmsb::cuda::kernels {
namespace {

constexpr unsigned full = 0xffffffffu;
constexpr std::uint32_t polynomial = 0x82f63b78u;

__host__ __device__ inline std::uint32_t shift_byte(std::uint32_t state, const std::uint32_t* bytewise) {
  return state >> 8 ^ bytewise[state & 0xff];
}

/** Columns of the maps "append 2^k blocks of 16 zero bytes", k = 0 .. 4. */
struct shifts {
  std::uint32_t column[5][32];
};
__constant__ shifts block_shifts;

__device__ __forceinline__ std::uint32_t shift_blocks(std::uint32_t state, unsigned k) {
  std::uint32_t result = 0;
#pragma unroll
  for (unsigned i = 0; i < 32; ++i) result ^= block_shifts.column[k][i] & (0u - (state >> i & 1));
  return result;
}

/** CRC of 16 bytes whose first four are already joined with the state. Table t is for a byte that t bytes follow. */
__device__ __forceinline__ std::uint32_t of_block(const uint4& block, const std::uint32_t* table) {
  const unsigned words[4] = {block.x, block.y, block.z, block.w};
  std::uint32_t crc = 0;
#pragma unroll
  for (unsigned i = 0; i < 16; ++i) crc ^= table[(15 - i) * 256 + (words[i / 4] >> (i % 4 * 8) & 0xff)];
  return crc;
}

/** Appends 512 zero bytes. */
__device__ __forceinline__ std::uint32_t shift_step(std::uint32_t state, const std::uint32_t* table) {
  return table[state & 0xff] ^ table[256 + (state >> 8 & 0xff)] ^ table[512 + (state >> 16 & 0xff)] ^ table[768 + (state >> 24)];
}

__global__ void __launch_bounds__(block_threads)
    crc_kernel(const segment* pages, std::uint32_t count, std::uint32_t* result, const std::uint32_t* tables) {
  __shared__ std::uint32_t table[crc32c_table_words];
  for (unsigned i = threadIdx.x; i < crc32c_table_words; i += block_threads) table[i] = tables[i];
  __syncthreads();
  const std::uint32_t* stepwise = table + 16 * 256;
  const unsigned lane = threadIdx.x & 31;
  for (std::uint32_t p = warp_index(); p < count; p += warp_count()) {
    const auto* bytes = reinterpret_cast<const std::uint8_t*>(pages[p].from);
    const std::uint64_t length = pages[p].bytes;
    const std::uint64_t steps = length / 512;
    const auto* blocks = reinterpret_cast<const uint4*>(bytes);
    std::uint32_t state = 0;
    for (std::uint64_t s = 0; s < steps; ++s) {
      uint4 block = __ldcs(blocks + s * 32 + lane);
      if (s == 0 && lane == 0) block.x ^= full;  // the CRC begins with all ones: the same as the first four bytes inverted
      state = shift_step(state, stepwise) ^ of_block(block, table);
    }
#pragma unroll
    for (unsigned k = 0; k < 5; ++k) {
      const std::uint32_t right = __shfl_down_sync(full, state, 1u << k);
      if (lane % (2u << k) == 0) state = shift_blocks(state, k) ^ right;
    }
    if (lane == 0) {
      if (steps == 0) state = full;
      std::uint64_t at = steps * 512;
      for (; at + 16 <= length; at += 16) {
        uint4 block = blocks[at / 16];
        block.x ^= state;
        state = of_block(block, table);
      }
      for (; at < length; ++at) state = shift_byte(state ^ bytes[at], table);
      result[p] = ~state;
    }
  }
}

std::uint32_t append_zeros(std::uint32_t state, unsigned bytes, const std::uint32_t* bytewise) {
  for (unsigned i = 0; i < bytes; ++i) state = shift_byte(state, bytewise);
  return state;
}

}  // namespace

void crc32c_fill_tables(std::uint32_t* host) {
  for (std::uint32_t b = 0; b < 256; ++b) {
    std::uint32_t crc = b;
    for (unsigned bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ (polynomial & (0u - (crc & 1)));
    host[b] = crc;
  }
  for (unsigned t = 1; t < 16; ++t)
    for (std::uint32_t b = 0; b < 256; ++b) host[t * 256 + b] = shift_byte(host[(t - 1) * 256 + b], host);
  for (unsigned byte = 0; byte < 4; ++byte)
    for (std::uint32_t b = 0; b < 256; ++b) host[(16 + byte) * 256 + b] = append_zeros(b << (byte * 8), 512, host);
  shifts columns;
  for (unsigned k = 0; k < 5; ++k)
    for (unsigned i = 0; i < 32; ++i) columns.column[k][i] = append_zeros(1u << i, 16u << k, host);
  cudaMemcpyToSymbol(block_shifts, &columns, sizeof columns);
}

void crc32c(const segment* pages, std::uint32_t count, std::uint32_t* crc, const std::uint32_t* tables, cudaStream_t stream) {
  // Few blocks that stay: each fills 20 KiB of shared memory first.
  const unsigned blocks = blocks_for_warps(count);
  crc_kernel<<<blocks < 2048 ? blocks : 2048, block_threads, 0, stream>>>(pages, count, crc, tables);
}

}  // namespace mmsb::cuda::kernels
