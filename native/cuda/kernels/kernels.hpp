// The kernels from the host's side: what they are given, and one function each that queues one launch (two where it says so).
// Pointers are the device's. Page memory starts on 16 bytes and may be read up to the next 16-byte boundary past its end.
#pragma once

#include <cuda_runtime_api.h>

#include <cstdint>

#include "mmsb/cuda.h"

namespace mmsb::cuda::kernels {

/** `bytes` from `from` to `to`, at any alignment. Long ranges are cut: one warp copies one segment. */
struct segment {
  std::uint64_t to, from;
  std::uint64_t bytes;
};
constexpr std::uint32_t segment_bytes = 16384;

struct merge_job {
  std::uint64_t page, mask, values;
  std::uint64_t bytes;
};

/** Where page `handle` lies; `bytes` is 0 where there is none. */
struct page_entry {
  std::uint64_t at;
  std::uint64_t bytes;
};

/** One run of a delta: `length` bytes of the payload at `payload_at` to `offset` of page `page`. */
struct apply_row {
  std::uint32_t page, offset, length, payload_at;
};

struct page_pair {
  std::uint64_t before, after;
  std::uint64_t bytes;
  /** Where the pair's change bits go: u16 words from the start of the bitmap. */
  std::uint64_t bits_at;
};

struct graph_job {
  std::uint16_t op, function, type, reserved;
  std::uint32_t count, inner, columns;
  std::uint64_t out, a, b;
  double scale, bias;
};

void zero(const segment* segments, std::uint32_t count, cudaStream_t stream);
void copy(const segment* segments, std::uint32_t count, cudaStream_t stream);
void merge(const merge_job* jobs, std::uint32_t count, bool bits, cudaStream_t stream);

/** No byte is written by two rows. */
void apply_disjoint(const apply_row* rows, std::uint32_t count, const page_entry* pages, const std::uint8_t* payload, cudaStream_t stream);
/** Rows grouped by page, in order within each; group g is rows group[g] .. group[g + 1]. */
void apply_ordered(const apply_row* rows, const std::uint32_t* group, std::uint32_t groups, const page_entry* pages, const std::uint8_t* payload,
                   cudaStream_t stream);

/** Change bits of the pairs to `bits`, and how many runs each has to `run_start[1 ..]`, summed up: run_start[p] = runs of the pairs before p. Two launches. */
void diff_count(const page_pair* pairs, std::uint32_t count, std::uint16_t* bits, std::uint32_t* run_start, cudaStream_t stream);
void diff_emit(const page_pair* pairs, std::uint32_t count, const std::uint16_t* bits, const std::uint32_t* run_start, std::uint32_t* run_offset,
               std::uint32_t* run_length, std::uint32_t capacity, cudaStream_t stream);

void crc32c(const segment* pages, std::uint32_t count, std::uint32_t* crc, const std::uint32_t* tables, cudaStream_t stream);
/** The tables that `crc32c` reads: u32 words. */
constexpr std::uint32_t crc32c_table_words = 20 * 256;
void crc32c_fill_tables(std::uint32_t* host);

void sha256(const segment* pages, std::uint32_t count, std::uint8_t* digests, cudaStream_t stream);

/** Nodes of one class and element type are one launch. */
enum class graph_class { elementwise, reduce_small, reduce_large, scan_small, scan_large, matmul, histogram, count };
graph_class class_of(std::uint16_t op, std::uint32_t elements);
/** Independent nodes; `widest`: elements of the longest, of a product 1,024 for each 16 x 16 of its result. */
void graph(graph_class of, std::uint16_t type, const graph_job* jobs, std::uint32_t count, std::uint64_t widest, cudaStream_t stream);

void fault(cudaStream_t stream);

}  // namespace mmsb::cuda::kernels
