/** What holds a device between calls: the addon's own. */
export type CudaDevice = object;

/** Answers of the driver; `code` is 0 or a CUDA error. */
export interface CudaProbe {
  readonly code: number;
  /** 13000 = 13.0. */
  readonly runtimeVersion: number;
  /** 0: no driver. */
  readonly driverVersion: number;
  readonly deviceCount: number;
}

export interface CudaDescription {
  readonly code: number;
  readonly name: string;
  readonly pciBusId: string;
  readonly computeMajor: number;
  readonly computeMinor: number;
  readonly multiprocessors: number;
  readonly totalBytes: number;
  readonly l2Bytes: number;
  readonly concurrentManagedAccess: number;
}

export interface CudaError {
  /** A cudaError_t, or one of the library's own below zero (native/cuda/include/mmsb/cuda.h). */
  readonly code: number;
  /** 1: the context is lost, no later call works. */
  readonly sticky: number;
  readonly firstCode: number;
  readonly operation: string;
  readonly message: string;
}

/**
 * The CUDA library through the addon (native/binding/cuda_functions.cpp): mmsb/cuda.h says what each function does. Those that return a number
 * return 0, or an error's code that `lastError` explains; a wrong argument throws ARGUMENT_INVALID. Columns have at least `count` rows.
 */
export interface CudaFunctions {
  /** Loads the library: "" or why it cannot be. */
  load(path: string): string;
  lastError(): CudaError;
  probe(): CudaProbe;
  describe(ordinal: number): CudaDescription;
  open(
    ordinal: number,
    arenaBytes: number,
    maxDeviceBytes: number,
    maxUnifiedBytes: number,
    eventCapacity: number,
    timed: number,
  ): CudaDevice | undefined;
  close(device: CudaDevice): void;
  /** A handle, or -1. */
  pageCreate(
    device: CudaDevice,
    memory: number,
    idLo: number,
    idHi: number,
    bytes: number,
    host?: Uint8Array,
  ): number;
  pageFree(device: CudaDevice, handle: number): number;
  pageMigrate(device: CudaDevice, handle: number, memory: number): number;
  /** A unified page's own memory; undefined where this program may not see memory that is not JavaScript's (Electron). */
  pageView(device: CudaDevice, handle: number, bytes: number): ArrayBuffer | undefined;
  detach(view: ArrayBuffer): void;
  pagePrefetch(device: CudaDevice, handle: number, toDevice: number): number;
  pageAdvise(device: CudaDevice, handle: number, advice: number): number;
  register(device: CudaDevice, host: Uint8Array): number;
  unregister(device: CudaDevice, host: Uint8Array): number;
  write(
    device: CudaDevice,
    handle: number,
    offset: number,
    bytes: Uint8Array,
    bytesAt: number,
    length: number,
  ): number;
  read(
    device: CudaDevice,
    handle: number,
    offset: number,
    bytes: Uint8Array,
    bytesAt: number,
    length: number,
  ): number;
  synchronize(device: CudaDevice): number;
  zero(device: CudaDevice, page: Uint32Array, count: number): number;
  clone(device: CudaDevice, from: Uint32Array, to: Uint32Array, count: number): number;
  copyRanges(
    device: CudaDevice,
    from: Uint32Array,
    fromOffset: Uint32Array,
    to: Uint32Array,
    toOffset: Uint32Array,
    length: Uint32Array,
    count: number,
  ): number;
  scatter(
    device: CudaDevice,
    buffer: number,
    bufferOffset: number,
    page: Uint32Array,
    offset: Uint32Array,
    length: Uint32Array,
    count: number,
  ): number;
  gather(
    device: CudaDevice,
    buffer: number,
    bufferOffset: number,
    page: Uint32Array,
    offset: Uint32Array,
    length: Uint32Array,
    count: number,
  ): number;
  merge(
    device: CudaDevice,
    page: Uint32Array,
    mask: Uint32Array,
    values: Uint32Array,
    count: number,
    bits: number,
  ): number;
  apply(
    device: CudaDevice,
    page: Uint32Array,
    offset: Uint32Array,
    length: Uint32Array,
    payloadAt: Uint32Array,
    count: number,
    payload: Uint8Array,
    payloadBytes: number,
    disjoint: number,
  ): number;
  diff(
    device: CudaDevice,
    before: Uint32Array,
    after: Uint32Array,
    count: number,
    runStart: Uint32Array,
    runOffset: Uint32Array,
    runLength: Uint32Array,
  ): number;
  crc32c(device: CudaDevice, page: Uint32Array, count: number, crc: Uint32Array): number;
  sha256(device: CudaDevice, page: Uint32Array, count: number, digest: Uint8Array): number;
  graph(device: CudaDevice, words: Uint32Array, numbers: Float64Array, count: number): number;
  setCause(device: CudaDevice, causeLo: number, causeHi: number): number;
  /**
   * 29 numbers. Twice, for device and unified memory: used, reserved, peak used, peak reserved, free, largest free (bytes), arenas, pages. Then:
   * registered bytes; launches, copies, allocations, frees; bytes to the device, to the host; events dropped; the card's free and total bytes;
   * its use in percent, temperature in degrees, power in milliwatts (-1: not known).
   */
  stats(device: CudaDevice, out: Float64Array): number;
  /** The numbers of `mmsb_cuda_pool_map`, as many as fit; returns how many there are, or -1. */
  poolMap(device: CudaDevice, memory: number, out: Float64Array): number;
  /**
   * Rows of 13: kind, operation, seconds and nanoseconds of the time, bytes, duration in ns, count, page id lo, hi, cause, memory, code, stream. Returns the
   * rows.
   */
  events(device: CudaDevice, out: Float64Array): number;
  provokeFault(device: CudaDevice): number;
}
