import { fail, ok, type Result } from "../base/result.ts";
import { applyDeltaBody, decodeDeltaBody } from "../deltas/delta-body.ts";
import { RunList } from "../deltas/run-list.ts";
import { lastAtMost } from "../log/index/growable.ts";
import { PageDeltas } from "../log/index/page-deltas.ts";
import type { Recording } from "./recording.ts";
import { UndoLog } from "./undo-log.ts";

/**
 * A rebuild because of a step back fetches so many deltas before it: few at first, for most pages are stepped back over once or twice, and
 * twice as many each time until, on a long way back, one step in 512 has to rebuild.
 */
const FIRST_UNDO_DELTAS = 16;
const UNDO_DELTAS = 512;
const MIN_UNDO_BYTES = 1 << 16;
/** Going forward over more of the page's deltas than this, the way through the last keyframe may be shorter. */
const FAR_DELTAS = 64;

const runs = new RunList();

/**
 * One life of one page, kept at the cursor: forward by applying the page's own deltas, backward by taking them back. Its place among
 * those deltas is all that moves; records of other pages cost nothing.
 */
export class HeldPage {
  readonly slot: number;
  readonly life: number;
  readonly bytes: Uint8Array;
  readonly #recording: Recording;
  readonly #place: PageDeltas;
  readonly #undo: UndoLog;
  readonly #beginLsn: number;
  #ahead: PageDeltas;
  #undoDeltas = FIRST_UNDO_DELTAS;
  /** The cursor position that it was last brought to. */
  #lsn = Number.NaN;
  epoch = 0;

  constructor(recording: Recording, slot: number, life: number) {
    const { lives } = recording.index.tables;
    this.#recording = recording;
    this.slot = slot;
    this.life = life;
    this.bytes = new Uint8Array(lives.sizeBytes.data[life]!);
    this.#beginLsn = lives.fromLsn.data[life]!;
    this.#place = new PageDeltas(recording.index, slot);
    this.#ahead = new PageDeltas(recording.index, slot);
    this.#undo = new UndoLog(
      Math.max(MIN_UNDO_BYTES, Math.min(this.bytes.length * 2 * UNDO_DELTAS, recording.cacheBytes >> 4)),
    );
  }

  get sizeBytes(): number {
    return this.bytes.length + this.#undo.sizeBytes;
  }

  /** LSN of the last delta in `bytes`; 0 where they are as the page's life began. */
  get deltaLsn(): number {
    return this.#place.lsn > this.#beginLsn ? this.#place.lsn : 0;
  }

  /** Brings the bytes to what they were after `lsn`, within the page's life. */
  moveTo(lsn: number): Result<void> {
    if (this.#lsn === lsn) return ok();
    const moved = Number.isNaN(this.#lsn)
      ? this.#load(lsn, 0)
      : lsn > this.#lsn
        ? this.#forward(lsn)
        : this.#backward(lsn);
    if (!moved.ok) {
      this.#lsn = Number.NaN;
      return moved;
    }
    this.#lsn = lsn;
    this.epoch =
      this.deltaLsn === 0 ? this.#recording.index.tables.lives.epoch.data[this.life]! : this.#place.epoch;
    return ok();
  }

  #forward(lsn: number): Result<void> {
    const ahead = this.#ahead;
    ahead.copyFrom(this.#place);
    for (let steps = 0; ; steps++) {
      const next = ahead.next();
      if (!next.ok) return next;
      if (!next.value || ahead.lsn > lsn) return ok();
      // deltas of an earlier life lie behind the place at the beginning of this one
      if (ahead.lsn > this.#beginLsn) {
        if (steps === FAR_DELTAS && this.#isFar(lsn)) return this.#load(lsn, 0);
        const applied = this.#apply(ahead, 1);
        if (!applied.ok) return applied;
      }
      this.#place.copyFrom(ahead);
    }
  }

  /** Whether a keyframe lies between here and `lsn`, a good way on. */
  #isFar(lsn: number): boolean {
    const { columns, run, row, at } = this.#place;
    if (columns === undefined) return true;
    const index = this.#recording.index;
    if (index.findRun(lsn) !== run) return true;
    const offset = lsn - index.header(run).firstLsn;
    const key = lastAtMost(columns.keyOffset, columns.rowKey[row]!, columns.rowKey[row + 1]!, offset);
    return key >= columns.rowKey[row]! && columns.keyOffset[key]! > columns.deltaOffset[at]!;
  }

  #backward(lsn: number): Result<void> {
    while (this.#place.lsn > lsn && this.#place.lsn > this.#beginLsn) {
      if (this.#undo.count === 0) {
        const undoDeltas = this.#undoDeltas;
        this.#undoDeltas = Math.min(UNDO_DELTAS, undoDeltas * 2);
        return this.#load(lsn, undoDeltas);
      }
      this.#undo.pop(this.bytes);
      const moved = this.#place.previous();
      if (!moved.ok) return moved;
    }
    return ok();
  }

  /** Rebuilds the bytes at `lsn`, with the means to take back up to `undoDeltas` of the page's latest deltas. */
  #load(lsn: number, undoDeltas: number): Result<void> {
    this.#undo.clear();
    const place = this.#place;
    const found = place.seek(lsn);
    if (!found.ok) return found;
    const { reader } = this.#recording;
    if (undoDeltas === 0 || place.lsn <= this.#beginLsn) {
      const read = reader.readAt(place, this.life, this.bytes);
      return read.ok ? ok() : read;
    }
    const start = this.#ahead;
    start.copyFrom(place);
    const back = this.#goBack(start, undoDeltas);
    if (!back.ok) return back;
    if (start.lsn < this.#beginLsn) {
      const clamped = start.seek(this.#beginLsn);
      if (!clamped.ok) return clamped;
    }
    const read = reader.readAt(start, this.life, this.bytes);
    if (!read.ok) return read;
    return this.#replayTo(start, place.lsn);
  }

  /** Moves a place back over the deltas that can be made undoable: so many, and no more bytes than half of the undo log. */
  #goBack(start: PageDeltas, deltas: number): Result<void> {
    let bytesLeft = this.#undo.limitBytes / 2;
    for (let left = deltas; left > 0 && bytesLeft > 0 && start.lsn > this.#beginLsn; ) {
      const { columns, row, at } = start;
      const { deltaBody } = columns!;
      const first = columns!.rowDelta[row]!;
      let hop = Math.min(at - first, left);
      if (deltaBody.length > 0 && hop > 0) {
        const end = deltaBody[at + 1]!;
        while (hop > 1 && end - deltaBody[at + 1 - hop]! > bytesLeft) hop >>>= 1;
        bytesLeft -= end - deltaBody[at + 1 - hop]!;
      }
      const moved = hop > 0 ? start.back(hop) : start.previous();
      if (!moved.ok) return moved;
      left -= Math.max(1, hop);
    }
    return ok();
  }

  /** Applies the deltas after `from` up to the one at `lsn`, a row's piece at a time, keeping what they overwrite. */
  #replayTo(from: PageDeltas, lsn: number): Result<void> {
    for (;;) {
      const next = from.next();
      if (!next.ok) return next;
      if (!next.value || from.lsn > lsn) return ok();
      const { columns, row, run } = from;
      const firstLsn = this.#recording.index.header(run).firstLsn;
      const last = lastAtMost(columns!.deltaOffset, from.at, columns!.rowDelta[row + 1]!, lsn - firstLsn);
      const count = last + 1 - from.at;
      const applied = this.#apply(from, count);
      if (!applied.ok) return applied;
      if (count > 1) {
        const moved = from.back(1 - count);
        if (!moved.ok) return moved;
      }
    }
  }

  /** Applies `count` deltas from `place` on, all of one row, keeping what they overwrite. */
  #apply(place: PageDeltas, count: number): Result<void> {
    const { bodies } = this.#recording.reader;
    const columns = place.columns!;
    const to = place.at + count;
    for (let at = place.at; at < to; at += bodies.count) {
      const loaded = bodies.load(place.run, columns, at, to);
      if (!loaded.ok) return loaded;
      for (let i = 0; i < bodies.count; i++) {
        const start = bodies.start(i);
        const end = bodies.start(i + 1);
        if (decodeDeltaBody(bodies.bytes, start, end, runs) < 0) {
          return fail(
            "LOG_RECORD_CORRUPT",
            "a delta's body is malformed",
            "Run 'mmsb verify' on the recording",
            {
              lsn: place.lsn,
            },
          );
        }
        this.#undo.push(runs, this.bytes);
        applyDeltaBody(bodies.bytes, start, end, this.bytes, 0, this.bytes.length);
      }
    }
    return ok();
  }
}
