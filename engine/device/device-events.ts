import type { DeviceMemory } from "./device-memory.ts";

/** What a row of statistics tells of; the numbers are those of mmsb/cuda.h. */
export const DeviceEventKind = { Allocate: 1, Free: 2, Copy: 3, Launch: 4, Failure: 5 } as const;
export type DeviceEventKind = (typeof DeviceEventKind)[keyof typeof DeviceEventKind];

/** What was done. */
export const DeviceOperation = {
  None: 0,
  ToDevice: 1,
  ToHost: 2,
  PrefetchToDevice: 3,
  PrefetchToHost: 4,
  /** From one kind of device memory to the other. */
  Migrate: 5,
  Zero: 10,
  Clone: 11,
  CopyRanges: 12,
  Scatter: 13,
  Gather: 14,
  Merge: 15,
  Apply: 16,
  ApplyDisjoint: 17,
  Diff: 18,
  Crc32c: 19,
  Sha256: 20,
  GraphElementwise: 22,
  GraphReduce: 23,
  GraphScan: 24,
  GraphMatmul: 25,
  GraphHistogram: 26,
} as const;
export type DeviceOperation = (typeof DeviceOperation)[keyof typeof DeviceOperation];

const OPERATION_NAMES = new Map<number, string>(
  Object.entries(DeviceOperation).map(([name, code]) => [
    code,
    name.replace(/(?!^)[A-Z]/g, (letter) => `-${letter.toLowerCase()}`).toLowerCase(),
  ]),
);

/** `apply`, `copy-ranges`, … */
export function operationName(operation: number): string {
  return OPERATION_NAMES.get(operation) ?? `operation-${operation}`;
}

/** One allocation, free, copy, launch or failure. */
export interface DeviceEventRow {
  readonly kind: DeviceEventKind;
  readonly operation: DeviceOperation;
  /** When it was queued. */
  readonly timeNs: bigint;
  /** Allocated, copied, or read and written by a kernel. */
  readonly bytes: number;
  /** On the device; 0 where it was not timed. */
  readonly durationNs: number;
  /** Pages, rows or jobs. */
  readonly count: number;
  readonly stream: number;
  /** Of an allocation, a free, a copy, or a launch over a single page; else 0. */
  readonly pageId: bigint;
  /** The LSN that led to it, or 0. */
  readonly cause: number;
  /** Of an allocation or a free; else 0. */
  readonly memory: DeviceMemory | 0;
  /** Of a failure: the device's own code. */
  readonly code: number;
}
