import type { JsonValue } from "../base/json.ts";
import type { IdColumn } from "./id-column.ts";

/**
 * What can happen, and what is told of it. Every event is a record of the log as it was written, or a part of one (the members of a wave):
 * so a recording tells the same events again. Sizes are bytes, durations nanoseconds, LSNs and epochs plain numbers below 2^53.
 *
 * *Stored* types have a record of kind event of their own; *derived* ones follow from the other records, and nothing is written twice.
 */
export interface EventFields {
  // stored
  /** A user mark. */
  readonly mark: { readonly name: string; readonly data?: JsonValue };
  readonly log: { readonly level: LogLevel; readonly message: string; readonly data?: JsonValue };
  readonly "wave-start": WaveStart;
  readonly "wave-end": WaveEnd;
  /** Memory that was asked for or given back; the page concerned stands in the head. */
  readonly allocation: MemoryUse & { readonly action: AllocationAction };
  /** `count`: pages, rows or jobs of the launch. */
  readonly "kernel-launch": DeviceWork & { readonly kernel: string; readonly count?: number };
  /** Bytes that moved between host and device. `isPrefetch`: the driver was asked to move a unified page ahead of its use. */
  readonly copy: DeviceWork & { readonly direction: CopyDirection; readonly isPrefetch?: boolean };
  /** How the device's memory stood. */
  readonly "device-sample": DeviceSample;
  /** The session lets its device go. */
  readonly "device-stop": DeviceStop;

  // derived from page records
  readonly "page-create": {
    readonly sizeBytes: number;
    readonly location: EventLocation;
    readonly pageType: string;
  };
  readonly "page-destroy": NoFields;
  /** A migration; `location` is where the page lives from now on. */
  readonly "page-migrate": { readonly location: EventLocation };
  readonly "page-schema": NoFields;
  readonly "page-metadata": NoFields;
  readonly delta: DeltaFields;
  readonly "edge-add": EdgeFields;
  readonly "edge-remove": EdgeFields;
  // derived from the log's own records
  readonly "transaction-begin": NoFields;
  readonly "transaction-commit": { readonly beginLsn: number };
  readonly "transaction-abort": { readonly beginLsn: number };
  readonly checkpoint: {
    readonly kind: "full" | "dirty";
    readonly stateLsn: number;
    readonly baseLsn: number;
  };
  readonly "session-start": { readonly writer: string };
  readonly "session-stop": NoFields;
  /** What failed outside of a wave. */
  readonly failure: FailureFields;
  // derived from the members of a wave; `waveLsn` is that of its wave-start
  readonly "recompute-start": { readonly waveLsn: number };
  readonly "recompute-end": { readonly waveLsn: number };
  readonly "recompute-failed": FailureFields & { readonly waveLsn: number };
  /** Recomputed to the bytes that stood there: nothing below had to follow. */
  readonly "recompute-cut-off": { readonly waveLsn: number; readonly level: number };
  /** Not recomputed, because something above it failed. */
  readonly "recompute-blocked": { readonly waveLsn: number; readonly level: number };

  /** A type, or a version of one, that this program does not know: kept as it stands. */
  readonly unknown: { readonly code: number; readonly payload: Uint8Array };
}

/** No fields besides the head. */
export type NoFields = Readonly<Record<never, never>>;

export const LOG_LEVELS = ["debug", "info", "warning", "error"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];
export const EVENT_LOCATIONS = ["cpu", "gpu", "unified"] as const;
export type EventLocation = (typeof EVENT_LOCATIONS)[number];
/** `reserve` and `release` are a pool's dealings with the system, `allocate` and `free` a page's with the pool. */
export const ALLOCATION_ACTIONS = ["allocate", "free", "reserve", "release"] as const;
export type AllocationAction = (typeof ALLOCATION_ACTIONS)[number];
export const COPY_DIRECTIONS = [
  "host-to-device",
  "device-to-host",
  "device-to-device",
  "host-to-host",
] as const;
export type CopyDirection = (typeof COPY_DIRECTIONS)[number];
/** What made a wave run: a call of `propagate`, the end of a transaction, or the read of a lazy page. */
export const WAVE_TRIGGERS = ["propagate", "transaction", "pull"] as const;
export type WaveTrigger = (typeof WAVE_TRIGGERS)[number];
export const WAVE_OUTCOMES = ["complete", "cancelled", "budget"] as const;
export type WaveOutcome = (typeof WAVE_OUTCOMES)[number];
export const EDGE_KINDS = ["data", "control"] as const;
export type EdgeKind = (typeof EDGE_KINDS)[number];
export const CHECKPOINT_KINDS = ["full", "dirty"] as const;

export interface DeltaFields {
  readonly sizeBytes: number;
  readonly runs: number;
  /** The stretch of the page that its runs lie in: from the first byte up to the one behind the last. */
  readonly start: number;
  readonly end: number;
  readonly derived: boolean;
  readonly compensation: boolean;
}

export interface EdgeFields {
  readonly to: bigint;
  readonly edgeType: EdgeKind;
}

export interface FailureFields {
  readonly code: string;
  readonly message: string;
}

export interface MemoryUse {
  readonly location: EventLocation;
  readonly sizeBytes: number;
  /** Empty where there is but one. */
  readonly pool: string;
  /** In use in this pool after it. */
  readonly usedBytes: number;
  readonly durationNs: number;
  readonly timeNs?: bigint;
}

export interface DeviceWork {
  readonly sizeBytes: number;
  readonly stream: number;
  readonly durationNs: number;
  /** When it was queued: before its record was written. Events of the first recordings tell none. */
  readonly timeNs?: bigint;
}

/** How a device's memory stood at a moment. */
export interface DeviceSample {
  readonly timeNs: bigint;
  /** Rows of statistics that gave way to later ones before anybody took them, from the beginning on. */
  readonly droppedRows: number;
  readonly card: CardUse;
  readonly pools: readonly PoolUse[];
}

/** The whole card, whoever uses it; sizes are 0 where there is none, the rest where the driver tells it. */
export interface CardUse {
  readonly freeBytes: number;
  readonly totalBytes: number;
  readonly utilizationPercent: number | undefined;
  readonly temperatureCelsius: number | undefined;
  readonly powerMilliwatts: number | undefined;
}

/** A pool of page memory. Free is what is reserved and not used. */
export interface PoolUse {
  /** `device` or `unified`. */
  readonly pool: string;
  readonly usedBytes: number;
  readonly reservedBytes: number;
  readonly peakUsedBytes: number;
  readonly peakReservedBytes: number;
  readonly largestFreeBytes: number;
  readonly pages: number;
  /** Used runs closer to each other than this are told as one; 0: all are told. */
  readonly gapBytes: number;
  readonly arenas: readonly ArenaUse[];
}

/** An arena of a pool, and the runs of it that are in use: ascending, apart, multiples of 256 bytes. */
export interface ArenaUse {
  readonly arena: number;
  readonly sizeBytes: number;
  readonly used: readonly { readonly offset: number; readonly sizeBytes: number }[];
}

export interface DeviceStop {
  readonly droppedRows: number;
  /** Pages that were on the device to the end: nobody had destroyed them, or moved them home. */
  readonly leakedPages: number;
  readonly leakedBytes: number;
  /** The largest of them, at most 4096. */
  readonly leaks: readonly DeviceLeak[];
}

export interface DeviceLeak {
  readonly pageId: bigint;
  readonly location: EventLocation;
  readonly sizeBytes: number;
}

/** Its record's cause is the record that led to it. The wave's members follow with consecutive LSNs in (level, slot) order. */
export interface WaveStart {
  readonly trigger: WaveTrigger;
  /** Pages from which it sets out. */
  readonly roots: number;
}

/** Its record's cause is the wave-start. */
export interface WaveEnd {
  readonly outcome: WaveOutcome;
  readonly levels: WaveLevels;
  /** Pages recomputed to the bytes that they had, in (level, slot) order: level by level as many as `levels` says. */
  readonly cutOff: IdColumn;
  /** Pages not recomputed because something above them failed, in the same order. */
  readonly blocked: IdColumn;
}

/** The levels in which something happened, ascending: columns of `count` rows. */
export interface WaveLevels {
  readonly count: number;
  readonly level: Uint32Array;
  /** Records between wave-start and wave-end that are of this level: deltas and failures. */
  readonly members: Uint32Array;
  /** How many of `cutOff` and of `blocked` are of this level. */
  readonly cutOff: Uint32Array;
  readonly blocked: Uint32Array;
}

export type EventType = keyof EventFields;

/** Where and when, whatever it is. */
export interface EventHead {
  /** The record that tells it. */
  readonly lsn: number;
  /** Its place among the events of that record, from 0. */
  readonly ordinal: number;
  readonly timestampNs: bigint;
  /** The page concerned (an edge's `from`). */
  readonly pageId?: bigint;
  /** The page's epoch after it; 0 where none is told. */
  readonly epoch: number;
  /** Who did it. */
  readonly source: string;
  /** LSN of the record that led to it; 0 = none. */
  readonly cause: number;
}

/** An event as a handler gets it; narrow it by `type`. */
export type MmsbEvent<T extends EventType = EventType> = T extends EventType
  ? EventHead & { readonly type: T } & EventFields[T]
  : never;

/**
 * Numbers of the types, on disk for stored ones and in every serialized event: never give one away again. Programs use numbers of their own from
 * {@link FIRST_PROGRAM_CODE} on. A type's payload may gain a version; a type that changes meaning gets a new number.
 */
export const EVENT_CODE = {
  mark: 1,
  log: 2,
  "wave-start": 3,
  "wave-end": 4,
  allocation: 5,
  "kernel-launch": 6,
  copy: 7,
  "device-sample": 8,
  "device-stop": 9,
  "page-create": 64,
  "page-destroy": 65,
  "page-migrate": 66,
  "page-schema": 67,
  "page-metadata": 68,
  delta: 69,
  "edge-add": 70,
  "edge-remove": 71,
  "transaction-begin": 72,
  "transaction-commit": 73,
  "transaction-abort": 74,
  checkpoint: 75,
  "session-start": 76,
  "session-stop": 77,
  failure: 78,
  "recompute-start": 79,
  "recompute-end": 80,
  "recompute-failed": 81,
  "recompute-cut-off": 82,
  "recompute-blocked": 83,
} as const satisfies Record<Exclude<EventType, "unknown">, number>;

export type KnownEventType = keyof typeof EVENT_CODE;

/** Codes below are MMSB's own. */
export const FIRST_PROGRAM_CODE = 65_536;

/** Row 0 of what is kept by type stands for every unknown code. */
export const EVENT_TYPE_LIMIT = 128;

const TYPES: (KnownEventType | undefined)[] = Array.from({ length: EVENT_TYPE_LIMIT });
for (const [type, code] of Object.entries(EVENT_CODE)) TYPES[code] = type as KnownEventType;

/** The type that a code stands for; undefined for one of a later version, or of a program's own. */
export function eventTypeOf(code: number): KnownEventType | undefined {
  return TYPES[code];
}

/** Every type, `unknown` last. */
export const EVENT_TYPES: readonly EventType[] = [
  ...(Object.keys(EVENT_CODE) as KnownEventType[]),
  "unknown",
];
