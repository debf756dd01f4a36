import type { RecomputeDefinition } from "../graph/recompute.ts";
import type { Edge, PageImage, PageLocation, PageMetadata, PageSchema } from "../pages/page-types.ts";

import type { RecomputeTarget } from "./recompute-target.ts";

/** How to take back a change that is no delta. */
export type StructureUndo =
  | { readonly kind: "created"; readonly pageId: bigint }
  | {
      readonly kind: "destroyed";
      readonly image: PageImage;
      readonly definition: RecomputeDefinition | undefined;
    }
  | { readonly kind: "moved"; readonly pageId: bigint; readonly before: PageLocation }
  | { readonly kind: "metadata"; readonly pageId: bigint; readonly before: PageMetadata }
  | { readonly kind: "schema"; readonly pageId: bigint; readonly before: PageSchema | undefined }
  | {
      readonly kind: "recompute";
      readonly target: RecomputeTarget;
      readonly before: RecomputeDefinition | undefined;
    }
  | { readonly kind: "edge-added"; readonly edge: Edge }
  | { readonly kind: "edge-removed"; readonly edge: Edge };

/** Where a delta's entry keeps its runs and the bytes that stood under them. */
export interface DeltaUndo {
  readonly pageLo: number;
  readonly pageHi: number;
  readonly runFrom: number;
  readonly runTo: number;
  readonly payloadAt: number;
}

const FIRST_RUNS = 64;
const FIRST_BYTES = 4096;

/**
 * What a transaction has changed, newest last: the bytes that its deltas replaced, and how to undo the rest. Columns, because a
 * transaction may hold millions of deltas; they keep their room from one transaction to the next.
 */
export class UndoJournal {
  count = 0;
  runOffset = new Uint32Array(FIRST_RUNS);
  runLength = new Uint32Array(FIRST_RUNS);
  payload: Uint8Array = new Uint8Array(FIRST_BYTES);
  #runCount = 0;
  #payloadBytes = 0;
  /** By entry: LSN of the record, page, and where its runs and bytes begin. */
  readonly #lsn: number[] = [];
  readonly #pageLo: number[] = [];
  readonly #pageHi: number[] = [];
  readonly #runStart: number[] = [];
  readonly #payloadStart: number[] = [];
  readonly #structure = new Map<number, StructureUndo>();

  /** Keeps a copy of the runs and makes room for their `totalBytes`; returns where in `payload` the old bytes belong. */
  claim(
    runOffset: Uint32Array,
    runLength: Uint32Array,
    from: number,
    to: number,
    totalBytes: number,
    pageLo: number,
    pageHi: number,
  ): number {
    const runs = to - from;
    if (this.#runCount + runs > this.runOffset.length) {
      this.runOffset = longer(this.runOffset, this.#runCount + runs);
      this.runLength = longer(this.runLength, this.#runCount + runs);
    }
    if (this.#payloadBytes + totalBytes > this.payload.length) {
      const room = new Uint8Array(Math.max(this.#payloadBytes + totalBytes, this.payload.length * 2));
      room.set(this.payload.subarray(0, this.#payloadBytes));
      this.payload = room;
    }
    for (let i = 0; i < runs; i++) {
      this.runOffset[this.#runCount + i] = runOffset[from + i]!;
      this.runLength[this.#runCount + i] = runLength[from + i]!;
    }
    const at = this.#payloadBytes;
    this.#push(pageLo, pageHi);
    this.#runCount += runs;
    this.#payloadBytes += totalBytes;
    return at;
  }

  push(undo: StructureUndo): void {
    this.#structure.set(this.count, undo);
    this.#push(0, 0);
  }

  /** Names the record that the last entry takes back. */
  setLsn(lsn: number): void {
    this.#lsn[this.count - 1] = lsn;
  }

  lsnOf(entry: number): number {
    return this.#lsn[entry]!;
  }

  structureOf(entry: number): StructureUndo | undefined {
    return this.#structure.get(entry);
  }

  deltaOf(entry: number): DeltaUndo {
    const last = entry === this.count - 1;
    return {
      pageLo: this.#pageLo[entry]!,
      pageHi: this.#pageHi[entry]!,
      runFrom: this.#runStart[entry]!,
      runTo: last ? this.#runCount : this.#runStart[entry + 1]!,
      payloadAt: this.#payloadStart[entry]!,
    };
  }

  /** Drops the last entry. */
  pop(): void {
    const entry = --this.count;
    this.#runCount = this.#runStart.pop()!;
    this.#payloadBytes = this.#payloadStart.pop()!;
    this.#lsn.pop();
    this.#pageLo.pop();
    this.#pageHi.pop();
    this.#structure.delete(entry);
  }

  clear(): void {
    this.count = 0;
    this.#runCount = 0;
    this.#payloadBytes = 0;
    for (const column of [this.#lsn, this.#pageLo, this.#pageHi, this.#runStart, this.#payloadStart])
      column.length = 0;
    this.#structure.clear();
  }

  #push(pageLo: number, pageHi: number): void {
    this.#lsn.push(0);
    this.#pageLo.push(pageLo);
    this.#pageHi.push(pageHi);
    this.#runStart.push(this.#runCount);
    this.#payloadStart.push(this.#payloadBytes);
    this.count++;
  }
}

function longer(column: Uint32Array<ArrayBuffer>, rows: number): Uint32Array<ArrayBuffer> {
  const room = new Uint32Array(Math.max(rows, column.length * 2));
  room.set(column);
  return room;
}
