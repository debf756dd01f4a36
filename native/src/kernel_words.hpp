// Kernels over pages of one word, the usual page of a graph of numbers: many rows at a time, without a call or a copy for a page.
#pragma once

#include <cstddef>
#include <cstdint>

#include "mmsb/kernels.hpp"

namespace mmsb {

constexpr std::size_t word_bytes = 8;

/** Slots `[from, to)` of pages that lie one behind the other, 64 bytes apart. */
struct page_row {
  std::uint32_t from;
  std::uint32_t to;
  /** Place of the first. */
  std::uint32_t place;
};

/** Words of the pages `[from, to)`, one behind the other. */
struct word_list {
  const std::uint64_t* words;
  std::uint32_t from;
  std::uint32_t to;
};

/** Rows of one level, and how far they have been run. Columns are as in `kernel_level`. */
struct word_run {
  struct memory {
    std::uint8_t* bytes;
    /** Places of words: the last 64-byte granule that holds a whole one, and one more; 0 where none does. */
    std::uint32_t granules;
  };

  /** By arena: a place has six bits for it. */
  memory arenas[64];
  const std::uint32_t* place;
  const std::uint32_t* size;
  const std::uint32_t* start;
  const std::uint32_t* count;
  const std::uint32_t* pool;
  std::size_t pool_size;
  /** Every column by slot has so many. */
  std::size_t slots;
  std::uint8_t* state;
  /** Pages wait no more, and epochs rise where pages change. */
  bool settles;
  bool raises_epochs;
  double* epoch;
  std::uint32_t* changed;
  std::uint32_t stamp;
  /** Where pages that change are written down, from row `written` on, which rises; null where they are not. */
  std::uint32_t* row_slot;
  std::uint64_t* row_now;
  std::uint64_t* row_before;
  std::size_t written;

  // The level: rows of `list` and `result`.
  const std::uint32_t* list;
  std::uint8_t* result;
  std::size_t rows;
  std::size_t row;
  std::size_t changes;
  /** Rows before this one are not worth looking at together. */
  std::size_t block_from;

  /** Where inputs have been found to lie, and how many more slots may be looked at to make that longer. */
  page_row inputs;
  std::size_t looks;
  /** What the level before has computed. */
  word_list above;
  /** By row: what is computed; null where that is not kept, or its pages' slots do not follow one another. */
  std::uint64_t* words;
};

/** Runs the rows from `run.row` on that are one-word pages with inputs of at least a word, up to the first that is not, or that wants something else to be done. */
using words_function = void (*)(const kernel& spec, word_run& run) noexcept;

/** For the processor at hand; null for kernels that have no short way. */
words_function find_words(const kernel& spec) noexcept;

namespace avx2 {
/** For processors with AVX2; call it only where `cpu().avx2`. */
words_function find_words(const kernel& spec) noexcept;
}  // namespace avx2

}  // namespace mmsb
