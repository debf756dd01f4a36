import type { Accel, PageSpans } from "./accel.ts";
import type { CudaFunctions } from "./cuda-functions.ts";

/** `PageSpans` as four arguments: an object would have to be taken apart by name, at 60 ns a name. */
type Spans = [
  arenas: PageSpans["arenas"],
  arena: PageSpans["arena"],
  at: PageSpans["at"],
  size: PageSpans["size"],
];

type Spread<F> = F extends (...args: [...infer A, PageSpans]) => infer R
  ? (...args: [...A, ...Spans]) => R
  : never;

/** `PageSpans` one by one, and a built-in kernel of the graph. */
type KernelOfPages = [
  ...spans: Spans,
  kind: number,
  element: number,
  operation: number,
  parameters: Float64Array,
];

type Rest<F> = F extends (pages: PageSpans, ...rest: infer R) => unknown ? R : never;

/**
 * What the addon exports (native/binding). Each function does what {@link Accel} says, whatever the size. All check their arguments and throw
 * ARGUMENT_INVALID: for a wrong type, for a range outside its array, for a detached array (which is empty), for a row that names no page or
 * bytes that are not there. A batch that throws has done the rows before the one it names.
 */
export interface NativeFunctions
  extends Omit<Accel, "name" | "applyBodies" | "applyDeltas" | "blendPages" | "replayPages" | "replayBlock"> {
  readonly interfaceVersion: number;
  /** What of the processor it uses, for people to read. */
  readonly features: string;
  /** The CUDA library, which is loaded only when it is asked for. */
  readonly cuda: CudaFunctions;
  initialize(makeError: (code: string, message: string) => Error): void;
  readonly applyBodies: Spread<Accel["applyBodies"]>;
  readonly applyDeltas: Spread<Accel["applyDeltas"]>;
  readonly blendPages: Spread<Accel["blendPages"]>;
  readonly checkDeltas: NonNullable<Accel["checkDeltas"]>;
  readonly encodeColumns: NonNullable<Accel["encodeColumns"]>;
  readonly encodeNumberRecords: NonNullable<Accel["encodeNumberRecords"]>;
  readonly encodeBodyRecords: NonNullable<Accel["encodeBodyRecords"]>;
  readonly decodeRecords: NonNullable<Accel["decodeRecords"]>;
  readonly noteDeltas: NonNullable<Accel["noteDeltas"]>;
  readonly sortDeltas: NonNullable<Accel["sortDeltas"]>;
  readonly gatherBodies: NonNullable<Accel["gatherBodies"]>;
  replayPages(...args: [...Spans, ...Rest<NonNullable<Accel["replayPages"]>>]): number;
  replayBlock(...args: [...Spans, ...Rest<NonNullable<Accel["replayBlock"]>>]): number;
  readonly stageDeltas: NonNullable<Accel["stageDeltas"]>;

  /**
   * Starts a thread that writes to an open file of the caller's (`descriptor`), in order, and at most three writes behind; it asks the system for room
   * ahead of them where that can be done. Returns its handle; -1 where there is no thread to be had.
   */
  openFile(descriptor: number): number;
  /**
   * Takes a write of `bytes` (a view of shared memory) at `offset`, and waits for its turn where three are pending. The bytes stay as they are
   * until three more writes were taken, or all are settled. Returns 0, or the errno of a write before: then it is not taken, nor is any other.
   */
  writeFile(file: number, bytes: Uint8Array, offset: number): number;
  /** Waits for all writes taken. Returns 0, or the errno of the first that failed. */
  settleFile(file: number): number;
  /** As {@link settleFile}; then room that was asked for ahead and not used is given back, and the thread ends. The descriptor stays open. */
  closeFile(file: number): number;

  /** A batch of a built-in kernel of the graph: engine/graph/kernels/native-kernels.ts says what the numbers mean. */
  readonly runKernel: (
    ...batch: [
      ...KernelOfPages,
      slot: Uint32Array,
      rows: number,
      inputStart: Uint32Array,
      inputs: Uint32Array,
      out: Uint8Array,
      outAt: Uint32Array,
      refused: Uint8Array,
    ]
  ) => void;

  /** The pages of a level that a built-in kernel of the graph computes: engine/graph/kernels/native-levels.ts says what the numbers mean. */
  readonly runKernelLevel: (
    ...level: [
      ...KernelOfPages,
      flags: number,
      place: Uint32Array,
      list: Uint32Array,
      from: number,
      to: number,
      start: Uint32Array,
      count: Uint32Array,
      pool: Uint32Array,
      result: Uint8Array,
      state: Uint8Array,
      counts: Uint32Array,
      runOffset: Uint32Array | undefined,
      runLength: Uint32Array | undefined,
      bytes: Uint8Array | undefined,
      runFrom: Uint32Array,
      runTo: Uint32Array,
      beforeAt: Uint32Array,
    ]
  ) => number;

  /** Levels of one-word pages that one kernel computes: engine/graph/kernels/native-levels.ts says what the numbers mean. */
  readonly runWordLevels: (
    ...levels: [
      ...KernelOfPages,
      flags: number,
      place: Uint32Array,
      list: Uint32Array,
      bounds: Uint32Array,
      from: number,
      to: number,
      start: Uint32Array,
      count: Uint32Array,
      pool: Uint32Array,
      result: Uint8Array,
      state: Uint8Array,
      epoch: Float64Array,
      changed: Uint32Array,
      stamp: number,
      counts: Uint32Array,
      rowSlot: Uint32Array | undefined,
      rowNow: Float64Array | undefined,
      rowBefore: Float64Array | undefined,
    ]
  ) => void;

  // `SharedPages` (engine/pages/shared-pages.ts) from C++: `memory` is all of its buffer, results are 0 or one of the codes in
  // native/include/mmsb/shared_pages.hpp; a new page's slot, generation and id go to `out`.
  allocatePage(
    memory: Uint8Array,
    owner: number,
    sizeBytes: number,
    location: number,
    out: Uint32Array,
  ): number;
  freePage(memory: Uint8Array, owner: number, slot: number, generation: number): number;
  clonePage(memory: Uint8Array, owner: number, slot: number, generation: number, out: Uint32Array): number;
  migratePage(memory: Uint8Array, owner: number, slot: number, generation: number, location: number): number;
  readPage(memory: Uint8Array, owner: number, slot: number, generation: number, out: Uint8Array): number;
  writePage(
    memory: Uint8Array,
    owner: number,
    slot: number,
    generation: number,
    offset: number,
    bytes: Uint8Array,
  ): number;
}
