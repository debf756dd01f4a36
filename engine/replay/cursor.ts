import { fail, ok, type Result } from "../base/result.ts";
import { NONE } from "../log/index/id-slots.ts";
import { PageDeltas } from "../log/index/page-deltas.ts";
import type { PageDescriptor } from "../pages/page-types.ts";
import { HeldPage } from "./held-page.ts";
import type { Recording } from "./recording.ts";

export type Direction = 1 | -1;
/** What one step of playback is. A page's deltas need a page. */
export type StepMode =
  | { readonly by: "record" }
  | { readonly by: "transaction" }
  | { readonly by: "delta"; readonly pageId: bigint };

/** A page's bytes at the cursor: a view, valid until the cursor moves or another page is asked for. */
export interface CursorPage {
  readonly id: bigint;
  readonly bytes: Uint8Array;
  readonly epoch: number;
  /** LSN of the last delta in them; 0 where there is none in this life of the page. */
  readonly deltaLsn: number;
}

/**
 * A moment in a recording that moves. Moving costs nothing; pages are brought to it when they are asked for, and kept current from then
 * on, forward by their deltas and backward by an undo log. Forward and backward give the same bytes.
 */
export class Cursor {
  readonly recording: Recording;
  #lsn: number;
  #generation: number;
  /** Least recently asked for first. */
  readonly #held = new Map<number, HeldPage>();
  #heldBytes = 0;
  readonly #limitBytes: number;

  /** Stands at the final state. */
  constructor(recording: Recording, heldBytes = Math.floor(recording.cacheBytes / 4)) {
    this.recording = recording;
    this.#lsn = recording.committedLsn;
    this.#generation = recording.generation;
    this.#limitBytes = heldBytes;
  }

  get lsn(): number {
    return this.#lsn;
  }

  /** The cursor stands inside a transaction: the state it shows is partial. */
  get inTransaction(): boolean {
    return this.#isOpenAt(this.#lsn);
  }

  #isOpenAt(lsn: number): boolean {
    const open = this.recording.index.openTransaction(lsn);
    return open.ok && open.value !== 0;
  }

  /** Errors: LSN_OUT_OF_RANGE, LSN_DROPPED, LOG_RECORDS_LOST, and what stops replay. The cursor then stays. */
  seek(lsn: number): Result<void> {
    const checked = this.recording.checkLsn(lsn);
    if (checked.ok) this.#lsn = lsn;
    return checked;
  }

  /** To the last LSN whose running-maximum time is not later. */
  seekTime(timeNs: bigint): Result<number> {
    const lsn = this.recording.lsnAtTime(timeNs);
    if (lsn.ok) this.#lsn = lsn.value;
    return lsn;
  }

  /** Where a step would lead; undefined at the end of what there is. Lost records are passed over. */
  nextStop(mode: StepMode, direction: Direction): Result<number | undefined> {
    if (mode.by === "record") return { ok: true, value: this.#nextRecord(this.#lsn, direction) };
    if (mode.by === "transaction") return this.#nextTransaction(direction);
    return this.#nextDelta(mode.pageId, direction);
  }

  /** Moves by one; false where there is nothing further. */
  step(mode: StepMode, direction: Direction): Result<boolean> {
    const stop = this.nextStop(mode, direction);
    if (!stop.ok) return stop;
    if (stop.value === undefined) return ok(false);
    this.#lsn = stop.value;
    return ok(true);
  }

  stepRecord(direction: Direction): Result<boolean> {
    return this.step({ by: "record" }, direction);
  }

  /** To the next or the previous state of one page. */
  stepPageDelta(pageId: bigint, direction: Direction): Result<boolean> {
    return this.step({ by: "delta", pageId }, direction);
  }

  /** To the next or previous moment at which no transaction is open; a record outside any is a transaction of its own. */
  stepTransaction(direction: Direction): Result<boolean> {
    return this.step({ by: "transaction" }, direction);
  }

  #nextRecord(lsn: number, direction: Direction): number | undefined {
    const { recording } = this;
    const next = lsn + direction;
    if (next > recording.lastLsn || next < recording.firstLsn) return undefined;
    const readable = recording.nearestLsn(next, direction);
    return (readable - lsn) * direction > 0 ? readable : undefined;
  }

  #nextTransaction(direction: Direction): Result<number | undefined> {
    const { recording } = this;
    const next = this.#nextRecord(this.#lsn, direction);
    if (next === undefined || next === recording.firstLsn) return { ok: true, value: next };
    const open = recording.index.openTransaction(next);
    if (!open.ok) return open;
    if (open.value === 0) return { ok: true, value: next };
    if (direction < 0) return { ok: true, value: recording.nearestLsn(open.value - 1, -1) };
    const end = recording.index.transactionEnd(next);
    if (!end.ok) return end;
    return { ok: true, value: Math.min(end.value ?? recording.lastLsn, recording.lastLsn) };
  }

  /** Forward: the page's next delta. Backward: the one before the last applied, or the state before its first. */
  #nextDelta(pageId: bigint, direction: Direction): Result<number | undefined> {
    const { recording } = this;
    const slot = recording.slotOf(pageId);
    if (slot < 0) {
      return fail("PAGE_UNKNOWN", "the recording has no such page", "See 'mmsb info' for its pages", {
        pageId,
      });
    }
    const place = new PageDeltas(recording.index, slot);
    const found = place.seek(this.#lsn);
    if (!found.ok) return found;
    if (direction > 0) {
      const next = place.next();
      if (!next.ok) return next;
      return { ok: true, value: next.value ? place.lsn : undefined };
    }
    if (!found.value) return { ok: true, value: undefined };
    // standing behind the delta: first to the moment right before it
    const before = recording.nearestLsn(place.lsn - 1, -1);
    const previous = place.previous();
    if (!previous.ok) return previous;
    return { ok: true, value: previous.value ? place.lsn : before };
  }

  /** The page at the cursor; undefined where it does not exist there. */
  page(id: bigint): Result<CursorPage | undefined> {
    const { recording } = this;
    if (this.#generation !== recording.generation) {
      this.#generation = recording.generation;
      this.#held.clear();
      this.#heldBytes = 0;
    }
    const slot = recording.slotOf(id);
    const life = slot < 0 ? NONE : recording.index.tables.lifeAt(slot, this.#lsn);
    if (life === NONE) return { ok: true, value: undefined };
    let held = this.#held.get(slot);
    if (held !== undefined) this.#drop(held);
    if (held?.life !== life) held = new HeldPage(recording, slot, life);
    const moved = held.moveTo(this.#lsn);
    if (!moved.ok) return moved;
    this.#held.set(slot, held);
    this.#heldBytes += held.sizeBytes;
    if (this.#heldBytes > this.#limitBytes) this.#evict(held);
    return ok({ id, bytes: held.bytes, epoch: held.epoch, deltaLsn: held.deltaLsn });
  }

  #drop(page: HeldPage): void {
    this.#held.delete(page.slot);
    this.#heldBytes -= page.sizeBytes;
  }

  #evict(newest: HeldPage): void {
    for (const page of this.#held.values()) {
      if (this.#heldBytes <= this.#limitBytes || page === newest) return;
      this.#drop(page);
    }
  }

  /** The page without its bytes. */
  describe(id: bigint): Result<PageDescriptor | undefined> {
    return this.recording.descriptorAt(id, this.#lsn);
  }
}
