import type { MmsbError } from "../base/errors.ts";
import type { WaveRows } from "./wave-rows.ts";

/** An edge that a recompute discovered, or no longer asks for. Pages are slots. */
export interface EdgeChange {
  readonly from: number;
  readonly to: number;
  readonly added: boolean;
}

/** A page whose own recompute threw. */
export interface PageFailure {
  readonly slot: number;
  readonly error: MmsbError;
  /** Its place among the wave's members: before this row of the deltas. */
  readonly beforeRow: number;
}

/** Columns, of which the first `count` rows stand: one a level in which something happened, ascending. */
export interface LevelColumns {
  readonly count: number;
  readonly level: Uint32Array;
  /** Deltas and failures. */
  readonly members: Uint32Array;
  readonly cutOff: Uint32Array;
  readonly blocked: Uint32Array;
}

export interface WaveCounts {
  /** Recomputes that ran. */
  readonly recomputed: number;
  readonly changed: number;
  readonly cutOff: number;
  /** Recomputes that threw, and pages that did not run because something above them has failed. */
  readonly failed: number;
  readonly blocked: number;
  readonly levels: number;
}

/** What a wave did, whole: handed over at its end. Pages are slots; all lists are in (level, slot) order. */
export interface WaveRecord {
  /** What `begin` returned. */
  readonly startLsn: number;
  readonly rows: WaveRows;
  readonly failures: readonly PageFailure[];
  readonly levels: LevelColumns;
  /** Recomputed to the bytes they had: for their sake nothing below had to follow. */
  readonly cutOff: Uint32Array;
  readonly blocked: Uint32Array;
  readonly edges: readonly EdgeChange[];
  readonly counts: WaveCounts;
}

/** Where a wave is written down. Without a sink nothing is, and the wave raises epochs itself. */
export interface WaveSink {
  /** A wave begins that has so many pages to set out from. Returns the LSN of its record, or 0: it must not run. */
  begin(roots: number): number;
  /**
   * All of it; the bytes stand in the pages already, the epochs are the sink's to raise. False where it could not be logged: the wave takes its
   * writes back.
   */
  end(wave: WaveRecord): boolean;
  /** It stopped before its end, and has taken its writes back. */
  stopped(startLsn: number, outcome: "cancelled" | "budget"): void;
}
