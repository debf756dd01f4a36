import { fail, ok, type Result } from "../base/result.ts";
import { decodeDeltaBody } from "../deltas/delta-body.ts";
import { RunList } from "../deltas/run-list.ts";
import { DeltaBodies } from "../log/index/delta-bodies.ts";
import { NONE } from "../log/index/id-slots.ts";
import { PageDeltas } from "../log/index/page-deltas.ts";
import { leadingLsn } from "./leading-record.ts";
import type { RecordInfo } from "./record-info.ts";
import type { Recording } from "./recording.ts";

/** Bytes of a page: `[start, end)`. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/** One delta that wrote some of the bytes asked for. */
export interface Write {
  readonly lsn: number;
  /** The bytes it wrote, of those asked for. */
  readonly ranges: readonly ByteRange[];
  readonly source: string;
  readonly cause: number;
  readonly timestampNs: bigint;
  readonly epoch: number;
  readonly derived: boolean;
  readonly compensation: boolean;
}

export interface HistoryPage {
  /** Newest first. */
  readonly writes: readonly Write[];
  /** Ask for `at: nextLsn` to go on; undefined where these are all. */
  readonly nextLsn: number | undefined;
}

export interface HistoryOptions {
  readonly range?: ByteRange | undefined;
  /** The latest delta to look at; the final state where it is left out. */
  readonly at?: number | undefined;
  /** Most writes to return. Default 1000. */
  readonly limit?: number | undefined;
}

const DEFAULT_LIMIT = 1000;
/** How far a chain of causes is followed; each link is one block at most. */
const MAX_CHAIN = 10_000;

/**
 * Who wrote these bytes, newest first, back to where the page came into being. In proportion to that page's own deltas; records of
 * other pages are not looked at. Errors: PAGE_UNKNOWN where the page does not exist at `at`, DELTA_RANGE, those of `checkLsn`.
 */
export function history(
  recording: Recording,
  pageId: bigint,
  options: HistoryOptions = {},
): Result<HistoryPage> {
  const writes: Write[] = [];
  const limit = options.limit ?? DEFAULT_LIMIT;
  const walk = new HistoryWalk(recording, pageId, options);
  while (writes.length < limit) {
    const next = walk.next();
    if (!next.ok) return next;
    if (next.value === undefined) return ok({ writes, nextLsn: undefined });
    writes.push(next.value);
  }
  const last = writes.at(-1);
  return ok({ writes, nextLsn: last === undefined ? undefined : recording.nearestLsn(last.lsn - 1, -1) });
}

/** The last delta at or before `lsn` that wrote this byte; undefined where none did since the page came into being. */
export function lastWriter(
  recording: Recording,
  pageId: bigint,
  offset: number,
  lsn: number,
): Result<Write | undefined> {
  return new HistoryWalk(recording, pageId, { range: { start: offset, end: offset + 1 }, at: lsn }).next();
}

/** Deltas looked at between two chances to stop, so that a walk can be sliced. */
const LOOK_AT = 4096;

/** A history one write at a time. */
export class HistoryWalk {
  readonly #recording: Recording;
  readonly #pageId: bigint;
  readonly #start: number;
  readonly #end: number;
  readonly #at: number;
  readonly #runs = new RunList();
  #bodies: DeltaBodies;
  #place: PageDeltas | undefined;
  #beginLsn = 0;
  #sizeBytes = 0;
  #generation: number;
  /** The piece of the row in `#bodies` begins at this delta. */
  #pieceFrom = 0;
  #pieceTo = 0;
  #isDone = false;

  constructor(recording: Recording, pageId: bigint, options: HistoryOptions) {
    this.#recording = recording;
    this.#pageId = pageId;
    this.#start = options.range?.start ?? 0;
    this.#end = options.range?.end ?? Number.POSITIVE_INFINITY;
    this.#at = options.at ?? recording.committedLsn;
    this.#bodies = new DeltaBodies(recording.index);
    this.#generation = recording.generation;
  }

  /** The next older write; undefined at the end. */
  next(): Result<Write | undefined> {
    for (;;) {
      const found = this.nextWithin(LOOK_AT);
      if (!found.ok || found.value !== "more") return found as Result<Write | undefined>;
    }
  }

  /** The same, but gives up with "more" after having looked at so many deltas. */
  nextWithin(deltas: number): Result<Write | undefined | "more"> {
    if (this.#place === undefined) {
      const begun = this.#begin();
      if (!begun.ok) return begun;
    }
    const refreshed = this.#refresh();
    if (!refreshed.ok) return refreshed;
    const place = this.#place!;
    for (let looked = 0; !this.#isDone && looked < deltas; looked++) {
      if (place.lsn <= this.#beginLsn) {
        this.#isDone = true;
        break;
      }
      const isWrite = this.#looksAt(place);
      if (!isWrite.ok) return isWrite;
      const write = isWrite.value ? this.#write(place) : undefined;
      if (write !== undefined && !write.ok) return write;
      const moved = this.#previous(place);
      if (!moved.ok) return moved;
      if (write !== undefined) return write;
    }
    return { ok: true, value: this.#isDone ? undefined : "more" };
  }

  /** The recording has grown since: the same place, in the index as it is now. */
  #refresh(): Result<void> {
    if (this.#generation === this.#recording.generation) return ok();
    this.#generation = this.#recording.generation;
    const place = new PageDeltas(this.#recording.index, this.#place!.slot);
    const found = place.seek(this.#place!.lsn);
    if (!found.ok) return found;
    this.#place = place;
    this.#bodies = new DeltaBodies(this.#recording.index);
    this.#pieceTo = this.#pieceFrom;
    return ok();
  }

  #begin(): Result<void> {
    const recording = this.#recording;
    const checked = recording.checkLsn(this.#at);
    if (!checked.ok) return checked;
    const slot = recording.slotOf(this.#pageId);
    const { tables } = recording.index;
    const life = slot < 0 ? NONE : tables.lifeAt(slot, this.#at);
    if (life === NONE) {
      return fail(
        "PAGE_UNKNOWN",
        "there is no such page at this LSN",
        "See 'mmsb replay' for the pages there are",
        {
          pageId: this.#pageId,
          lsn: this.#at,
        },
      );
    }
    const size = tables.lives.sizeBytes.data[life]!;
    const isWhole = this.#end === Number.POSITIVE_INFINITY;
    if (
      !Number.isInteger(this.#start) ||
      this.#start < 0 ||
      this.#start > size ||
      (!isWhole && (this.#end < this.#start || this.#end > size))
    ) {
      return fail("DELTA_RANGE", `the page has ${size} bytes`, "Give a range inside the page", {
        pageId: this.#pageId,
      });
    }
    this.#sizeBytes = size;
    this.#beginLsn = tables.lives.fromLsn.data[life]!;
    this.#place = new PageDeltas(recording.index, slot);
    const found = this.#place.seek(this.#at);
    return found.ok ? ok() : found;
  }

  #previous(place: PageDeltas): Result<void> {
    const run = place.run;
    const moved = place.previous();
    if (!moved.ok) return moved;
    if (place.run !== run) this.#pieceTo = this.#pieceFrom;
    return ok();
  }

  /** Decodes the runs of the delta at `place`; whether they touch the bytes asked for. */
  #looksAt(place: PageDeltas): Result<boolean> {
    if (place.at < this.#pieceFrom || place.at >= this.#pieceTo) {
      const loaded = this.#bodies.loadBefore(
        place.run,
        place.columns!,
        place.columns!.rowDelta[place.row]!,
        place.at + 1,
      );
      if (!loaded.ok) return loaded;
      this.#pieceFrom = loaded.value;
      this.#pieceTo = loaded.value + this.#bodies.count;
    }
    const i = place.at - this.#pieceFrom;
    const bodies = this.#bodies;
    if (decodeDeltaBody(bodies.bytes, bodies.start(i), bodies.start(i + 1), this.#runs) < 0) {
      return fail("LOG_RECORD_CORRUPT", "a delta's body is malformed", "Run 'mmsb verify' on the recording", {
        lsn: place.lsn,
      });
    }
    const { offset, length, count } = this.#runs;
    for (let run = 0; run < count; run++) {
      const end = Math.min(this.#end, this.#sizeBytes, offset[run]! + length[run]!);
      if (Math.max(this.#start, offset[run]!) < end) return ok(true);
    }
    return ok(false);
  }

  #write(place: PageDeltas): Result<Write> {
    const info = this.#recording.record(place.lsn);
    if (!info.ok) return info;
    const limit = Math.min(this.#end, this.#sizeBytes);
    const ranges: ByteRange[] = [];
    for (let run = 0; run < this.#runs.count; run++) {
      const start = Math.max(this.#start, this.#runs.offset[run]!);
      const end = Math.min(limit, this.#runs.offset[run]! + this.#runs.length[run]!);
      if (start < end) ranges.push({ start, end });
    }
    const { lsn, source, cause, timestampNs, derived, compensation } = info.value;
    return ok({ lsn, ranges, source, cause, timestampNs, epoch: place.epoch, derived, compensation });
  }
}

export interface CauseChain {
  /** From the record asked for to the root. */
  readonly records: readonly RecordInfo[];
  /** Why it ends: at a record without a cause, at one that is lost or no longer kept, or because it was cut. */
  readonly ends: "root" | "lost" | "dropped" | "limit";
}

/** What led to a record, through recomputes to their inputs ({@link leadingLsn}). Errors: LOG_RECORD_CORRUPT where a cause does not lie before its effect, LSN_OUT_OF_RANGE. */
export function causeChain(recording: Recording, lsn: number, limit = MAX_CHAIN): Result<CauseChain> {
  const records: RecordInfo[] = [];
  for (let at = lsn; records.length < limit; ) {
    if (at < recording.source.firstLsn && records.length > 0) return ok({ records, ends: "dropped" });
    if (recording.gapAt(at) !== undefined && records.length > 0) return ok({ records, ends: "lost" });
    const info = recording.record(at);
    if (!info.ok) return info;
    records.push(info.value);
    const led = leadingLsn(recording, info.value);
    if (!led.ok) return led;
    const cause = led.value;
    if (cause === 0) return ok({ records, ends: "root" });
    if (cause >= at) {
      return fail(
        "LOG_RECORD_CORRUPT",
        `its cause ${cause} does not lie before it`,
        "Run 'mmsb verify' on the recording",
        { lsn: at },
      );
    }
    at = cause;
  }
  return ok({ records, ends: "limit" });
}
