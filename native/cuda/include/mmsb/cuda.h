/*
 * The C interface of the CUDA library (libmmsb_cuda). It is loaded at run time, so that nothing else of MMSB links CUDA; the library itself
 * links the static CUDA runtime, which looks for the driver when it is first asked: it loads on a machine without one and says so.
 *
 * Every function returns 0, or fills `error` and returns what `error.code` holds: a cudaError_t, or one of ours below zero. None throws.
 * A device is used by one thread at a time. Work is queued on one stream in the order of the calls (docs/DeviceMemoryModel.md has the
 * rules); what a caller's pointer names was read, or is written, when the call returns.
 */
#ifndef MMSB_CUDA_H
#define MMSB_CUDA_H

#include <stdint.h>

#if defined(_WIN32)
#define MMSB_CUDA_API __declspec(dllexport)
#else
#define MMSB_CUDA_API __attribute__((visibility("default")))
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* Raise it when a signature, a struct or a number below changes its meaning. */
#define MMSB_CUDA_ABI 2

/* Errors of ours. */
#define MMSB_CUDA_ARGUMENT (-1)      /* an argument makes no sense; nothing was done */
#define MMSB_CUDA_OUT_OF_MEMORY (-2) /* the pool's limit; the card's own is cudaErrorMemoryAllocation */
#define MMSB_CUDA_FAILED (-3)        /* the device failed before and stays failed; `code` of that failure is in `first_code` */
#define MMSB_CUDA_INTERNAL (-4)

typedef struct mmsb_cuda_error {
  int32_t code;
  /* 1: the context is lost. No later call on this device works; its pages live on in their host images. */
  int32_t sticky;
  int32_t first_code;
  char operation[64];
  char message[192];
} mmsb_cuda_error;

/* Where a page's memory is. The numbers are those of MMSB's page locations; REGISTERED is host memory that the device reads in place. */
enum mmsb_cuda_memory { MMSB_CUDA_DEVICE = 1, MMSB_CUDA_UNIFIED = 2, MMSB_CUDA_REGISTERED = 3 };

typedef struct mmsb_cuda_probe {
  int32_t abi;
  int32_t runtime_version; /* 13000 = 13.0 */
  int32_t driver_version;  /* 0: no driver */
  int32_t device_count;
} mmsb_cuda_probe;

typedef struct mmsb_cuda_info {
  char name[128];
  char pci_bus_id[32];
  int32_t major, minor;
  int32_t multiprocessors;
  int32_t concurrent_managed_access;
  uint64_t total_bytes;
  uint64_t l2_bytes;
} mmsb_cuda_info;

typedef struct mmsb_cuda_options {
  uint64_t arena_bytes;       /* of a pool's arena; 0 = 64 MiB */
  uint64_t max_device_bytes;  /* of the pool of device pages; 0 = the card's */
  uint64_t max_unified_bytes; /* of the pool of unified pages; 0 = 512 MiB: more managed memory than the card has free can hang it */
  uint32_t event_capacity;    /* statistics kept until they are taken; 0 = 65,536 */
  uint32_t timed;             /* 1: launches and copies carry their duration on the device (two events each) */
} mmsb_cuda_options;

typedef struct mmsb_cuda_pool_stats {
  uint64_t used_bytes, reserved_bytes, peak_used_bytes, peak_reserved_bytes, free_bytes, largest_free_bytes;
  uint32_t arenas, pages;
} mmsb_cuda_pool_stats;

typedef struct mmsb_cuda_stats {
  mmsb_cuda_pool_stats device, unified;
  uint64_t registered_bytes;
  uint64_t launches, copies, allocations, frees;
  uint64_t bytes_to_device, bytes_to_host;
  uint64_t events_dropped;
  uint64_t device_free_bytes, device_total_bytes; /* of the whole card, from the driver */
  /* From NVML; -1 where it is not there. */
  int32_t gpu_utilization_percent, memory_utilization_percent, temperature_celsius, power_milliwatts;
} mmsb_cuda_stats;

/* One row of the statistics. */
enum mmsb_cuda_event_kind { MMSB_CUDA_ALLOCATE = 1, MMSB_CUDA_FREE = 2, MMSB_CUDA_COPY = 3, MMSB_CUDA_LAUNCH = 4, MMSB_CUDA_FAILURE = 5 };

enum mmsb_cuda_operation {
  MMSB_CUDA_OP_NONE = 0,
  MMSB_CUDA_OP_TO_DEVICE = 1,
  MMSB_CUDA_OP_TO_HOST = 2,
  MMSB_CUDA_OP_PREFETCH_TO_DEVICE = 3,
  MMSB_CUDA_OP_PREFETCH_TO_HOST = 4,
  MMSB_CUDA_OP_MIGRATE = 5, /* from one kind of device memory to the other */
  MMSB_CUDA_OP_ZERO = 10,
  MMSB_CUDA_OP_CLONE = 11,
  MMSB_CUDA_OP_COPY_RANGES = 12,
  MMSB_CUDA_OP_SCATTER = 13,
  MMSB_CUDA_OP_GATHER = 14,
  MMSB_CUDA_OP_MERGE = 15,
  MMSB_CUDA_OP_APPLY = 16,
  MMSB_CUDA_OP_APPLY_DISJOINT = 17,
  MMSB_CUDA_OP_DIFF = 18,
  MMSB_CUDA_OP_CRC32C = 19,
  MMSB_CUDA_OP_SHA256 = 20,
  /* Kernels of the graph: those of a class that are ready are one launch for each element type and size. */
  MMSB_CUDA_OP_GRAPH_ELEMENTWISE = 22,
  MMSB_CUDA_OP_GRAPH_REDUCE = 23,
  MMSB_CUDA_OP_GRAPH_SCAN = 24,
  MMSB_CUDA_OP_GRAPH_MATMUL = 25,
  MMSB_CUDA_OP_GRAPH_HISTOGRAM = 26
};

typedef struct mmsb_cuda_event {
  uint64_t time_ns; /* since the Unix epoch, when it was queued */
  uint64_t bytes;   /* read and written on the device, or copied, or allocated */
  uint64_t page_id; /* of an allocation, a free, a copy, or a launch over a single page; else 0 */
  uint64_t cause;   /* what mmsb_cuda_set_cause said last */
  uint32_t duration_ns; /* 0: not timed */
  uint32_t count;       /* pages, rows or jobs */
  uint16_t kind;
  uint16_t operation;
  uint32_t stream;
  int32_t memory; /* enum mmsb_cuda_memory of an allocation or a free */
  int32_t code;   /* of a failure */
} mmsb_cuda_event;

typedef struct mmsb_cuda_device mmsb_cuda_device;

/* ---- finding and opening */

MMSB_CUDA_API int32_t mmsb_cuda_probe_driver(mmsb_cuda_probe* probe, mmsb_cuda_error* error);
MMSB_CUDA_API int32_t mmsb_cuda_describe(int32_t ordinal, mmsb_cuda_info* info, mmsb_cuda_error* error);
MMSB_CUDA_API int32_t mmsb_cuda_open(int32_t ordinal, const mmsb_cuda_options* options, mmsb_cuda_device** device, mmsb_cuda_error* error);
/* Frees everything of the device. Its pages' handles are gone. */
MMSB_CUDA_API void mmsb_cuda_close(mmsb_cuda_device* device);

/* ---- pages: a handle names one until it is freed; then it is used again */

/* `host` is the memory of a REGISTERED page (inside a registration, 16-byte aligned), else null. A new page is all zero, registered ones aside. */
MMSB_CUDA_API int32_t mmsb_cuda_page_create(mmsb_cuda_device* device, int32_t memory, uint64_t page_id, uint64_t bytes, void* host,
                                            uint32_t* handle, mmsb_cuda_error* error);
MMSB_CUDA_API int32_t mmsb_cuda_page_free(mmsb_cuda_device* device, uint32_t handle, mmsb_cuda_error* error);
/* Moves the page to other memory with its bytes and handle; where it is there already nothing happens. */
MMSB_CUDA_API int32_t mmsb_cuda_page_migrate(mmsb_cuda_device* device, uint32_t handle, int32_t memory, mmsb_cuda_error* error);
/* The one buffer of a unified or registered page, for the CPU; waits for the device first. */
MMSB_CUDA_API int32_t mmsb_cuda_page_map(mmsb_cuda_device* device, uint32_t handle, void** pointer, mmsb_cuda_error* error);
/* Hints for a unified page: where it will be used next, and how. No effect on its bytes. */
MMSB_CUDA_API int32_t mmsb_cuda_page_prefetch(mmsb_cuda_device* device, uint32_t handle, int32_t to_device, mmsb_cuda_error* error);
enum mmsb_cuda_advice { MMSB_CUDA_READ_MOSTLY = 1, MMSB_CUDA_NOT_READ_MOSTLY = 2, MMSB_CUDA_PREFER_DEVICE = 3, MMSB_CUDA_PREFER_HOST = 4, MMSB_CUDA_NO_PREFERENCE = 5 };
MMSB_CUDA_API int32_t mmsb_cuda_page_advise(mmsb_cuda_device* device, uint32_t handle, int32_t advice, mmsb_cuda_error* error);

/* Host memory that the device may reach in place, and copy from and to at the link's speed. */
MMSB_CUDA_API int32_t mmsb_cuda_register(mmsb_cuda_device* device, void* host, uint64_t bytes, mmsb_cuda_error* error);
MMSB_CUDA_API int32_t mmsb_cuda_unregister(mmsb_cuda_device* device, void* host, mmsb_cuda_error* error);
/* Pinned memory of the library's own: what is written from it, and read into it, goes over the link directly. */
MMSB_CUDA_API int32_t mmsb_cuda_pinned_allocate(mmsb_cuda_device* device, uint64_t bytes, void** host, mmsb_cuda_error* error);
MMSB_CUDA_API int32_t mmsb_cuda_pinned_free(mmsb_cuda_device* device, void* host, mmsb_cuda_error* error);

/* ---- bytes across the link */

MMSB_CUDA_API int32_t mmsb_cuda_write(mmsb_cuda_device* device, uint32_t handle, uint64_t offset, const void* host, uint64_t bytes, mmsb_cuda_error* error);
MMSB_CUDA_API int32_t mmsb_cuda_read(mmsb_cuda_device* device, uint32_t handle, uint64_t offset, void* host, uint64_t bytes, mmsb_cuda_error* error);
/* Waits for everything queued. A failure of earlier work shows here at the latest. */
MMSB_CUDA_API int32_t mmsb_cuda_synchronize(mmsb_cuda_device* device, mmsb_cuda_error* error);

/* ---- kernels: each call is one launch, whatever its number of rows. Columns have `count` rows. */

MMSB_CUDA_API int32_t mmsb_cuda_zero(mmsb_cuda_device* device, const uint32_t* handle, uint32_t count, mmsb_cuda_error* error);
/* Pages of equal size; no destination twice, none among the sources. */
MMSB_CUDA_API int32_t mmsb_cuda_clone(mmsb_cuda_device* device, const uint32_t* from, const uint32_t* to, uint32_t count, mmsb_cuda_error* error);
/* Destinations overlap neither one another nor a source: refused unless `unchecked`, where the caller knows. */
MMSB_CUDA_API int32_t mmsb_cuda_copy_ranges(mmsb_cuda_device* device, const uint32_t* from, const uint32_t* from_offset, const uint32_t* to,
                                            const uint32_t* to_offset, const uint32_t* length, uint32_t count, int32_t unchecked,
                                            mmsb_cuda_error* error);
/* Ranges of pages from, and to, the bytes of the page `buffer`, which stand there one after another from `buffer_offset` on. */
MMSB_CUDA_API int32_t mmsb_cuda_scatter(mmsb_cuda_device* device, uint32_t buffer, uint64_t buffer_offset, const uint32_t* page,
                                        const uint32_t* offset, const uint32_t* length, uint32_t count, int32_t unchecked, mmsb_cuda_error* error);
MMSB_CUDA_API int32_t mmsb_cuda_gather(mmsb_cuda_device* device, uint32_t buffer, uint64_t buffer_offset, const uint32_t* page,
                                       const uint32_t* offset, const uint32_t* length, uint32_t count, mmsb_cuda_error* error);
/*
 * page[i] = mask says i ? values[i] : page[i], for whole pages. Masks and values are pages too. `bits`: one bit a flag (bit i % 8 of byte
 * i / 8), else one byte a flag, set where it is not zero.
 */
MMSB_CUDA_API int32_t mmsb_cuda_merge(mmsb_cuda_device* device, const uint32_t* page, const uint32_t* mask, const uint32_t* values, uint32_t count,
                                      int32_t bits, mmsb_cuda_error* error);
/*
 * Runs of bytes into pages: row r writes payload[payload_at[r] .. + length[r]] at `offset[r]` of its page, cut at the page's end. Rows stand in
 * LSN order; where two overlap the later one wins. `disjoint`: the caller knows that none do, which saves the grouping by page.
 */
MMSB_CUDA_API int32_t mmsb_cuda_apply(mmsb_cuda_device* device, const uint32_t* page, const uint32_t* offset, const uint32_t* length,
                                      const uint32_t* payload_at, uint32_t count, const void* payload, uint64_t payload_bytes, int32_t disjoint,
                                      mmsb_cuda_error* error);
/*
 * The maximal runs of bytes in which pages differ, pair by pair and ascending, as far as `capacity` goes; `run_start` has count + 1 rows: pair
 * p has the runs run_start[p] .. run_start[p + 1], whose total may exceed the capacity (then call again with more room).
 */
MMSB_CUDA_API int32_t mmsb_cuda_diff(mmsb_cuda_device* device, const uint32_t* before, const uint32_t* after, uint32_t count, uint32_t* run_start,
                                     uint32_t* run_offset, uint32_t* run_length, uint32_t capacity, mmsb_cuda_error* error);
MMSB_CUDA_API int32_t mmsb_cuda_crc32c(mmsb_cuda_device* device, const uint32_t* page, uint32_t count, uint32_t* crc, mmsb_cuda_error* error);
/* 32 bytes a page. */
MMSB_CUDA_API int32_t mmsb_cuda_sha256(mmsb_cuda_device* device, const uint32_t* page, uint32_t count, uint8_t* digest, mmsb_cuda_error* error);

/* ---- recompute kernels of the graph (docs/DeviceMemoryModel.md: their order of operations) */

enum mmsb_cuda_graph_op {
  MMSB_CUDA_SUM = 1,
  MMSB_CUDA_MIN = 2,
  MMSB_CUDA_MAX = 3,
  MMSB_CUDA_MAP = 4,
  MMSB_CUDA_ZIP = 5,
  MMSB_CUDA_MATMUL = 6,
  MMSB_CUDA_SCAN = 7,
  MMSB_CUDA_HISTOGRAM = 8,
  MMSB_CUDA_COPY_OP = 9
};
/* Element functions of MAP (x, scale, bias) and ZIP (a, b). */
enum mmsb_cuda_function {
  MMSB_CUDA_ADD = 1,
  MMSB_CUDA_SUBTRACT = 2,
  MMSB_CUDA_MULTIPLY = 3,
  MMSB_CUDA_DIVIDE = 4,
  MMSB_CUDA_SMALLER = 5,
  MMSB_CUDA_LARGER = 6,
  MMSB_CUDA_AFFINE = 10, /* x * scale + bias, rounded twice */
  MMSB_CUDA_NEGATE = 11,
  MMSB_CUDA_ABSOLUTE = 12,
  MMSB_CUDA_SQUARE_ROOT = 13, /* of whole numbers cut; below zero 0 */
  MMSB_CUDA_RELU = 14,
  MMSB_CUDA_SQUARE = 15
};
enum mmsb_cuda_type { MMSB_CUDA_F32 = 1, MMSB_CUDA_F64 = 2, MMSB_CUDA_I32 = 3, MMSB_CUDA_U32 = 4 };

/* One node: reads `a` (and `b`), writes `out`; elements from each page's start. Nodes of one call are independent of one another. */
typedef struct mmsb_cuda_job {
  uint16_t op, function, type, reserved;
  uint32_t out, a, b;  /* page handles */
  uint32_t count;      /* elements; rows of MATMUL's result */
  uint32_t inner, columns; /* MATMUL: a is count x inner, b inner x columns. HISTOGRAM: `columns` bins of u32 */
  double scale, bias;  /* MAP: as its function says, values of the element type. HISTOGRAM: bin = floor((x - bias) * scale), outside = dropped */
} mmsb_cuda_job;

MMSB_CUDA_API int32_t mmsb_cuda_graph(mmsb_cuda_device* device, const mmsb_cuda_job* job, uint32_t count, mmsb_cuda_error* error);

/* ---- statistics */

MMSB_CUDA_API int32_t mmsb_cuda_set_cause(mmsb_cuda_device* device, uint64_t cause);
MMSB_CUDA_API int32_t mmsb_cuda_stats_read(mmsb_cuda_device* device, mmsb_cuda_stats* stats, mmsb_cuda_error* error);
/*
 * The arenas of a pool (MMSB_CUDA_DEVICE or _UNIFIED), in the order in which they were reserved. Numbers one after another: for each arena its number
 * (never given again), its bytes, its free runs, then offset and bytes of each run, ascending. `count` says how many there are; as many as fit are written.
 */
MMSB_CUDA_API int32_t mmsb_cuda_pool_map(mmsb_cuda_device* device, int32_t memory, uint64_t* out, uint32_t capacity, uint32_t* count,
                                         mmsb_cuda_error* error);
/* Takes up to `capacity` events, oldest first, and says how many; timed ones appear once the device is done with them. */
MMSB_CUDA_API int32_t mmsb_cuda_events_take(mmsb_cuda_device* device, mmsb_cuda_event* event, uint32_t capacity, uint32_t* taken);

/* For tests of failure: a kernel that reads where nothing is. The context is lost after it, as after any such fault. */
MMSB_CUDA_API int32_t mmsb_cuda_provoke_fault(mmsb_cuda_device* device, mmsb_cuda_error* error);

#ifdef __cplusplus
}
#endif

#endif
