import { ok, type Result } from "../../base/result.ts";
import type { Recording } from "../../replay/recording.ts";
import type { ReportProgress } from "../service.ts";
import type { Sliced } from "../slice-scheduler.ts";
import { lifeOf } from "./page-life.ts";
import { PageWalk } from "./page-walk.ts";

/** Deltas looked at between two chances to stop. */
const DELTAS_A_STEP = 128;
/** Ranges remembered: one a Page panel, and the ones before it. */
const KEPT = 4;
const UNKNOWN = -1;

interface Known {
  readonly life: number;
  readonly lsn: number;
  readonly writers: Float64Array<ArrayBuffer>;
}

/** Who wrote each byte last. What was found for one LSN makes the next one near it cheap, in either direction. */
export class PageAges {
  readonly #recording: Recording;
  readonly #known = new Map<string, Known>();

  constructor(recording: Recording) {
    this.#recording = recording;
  }

  /**
   * For each byte of a range, the LSN of its last writer; 0 = never written. Goes backward from `lsn` until every byte has one, so a byte
   * that nobody writes makes it look at all of the page's deltas: the first time.
   */
  *lastWriters(
    pageId: bigint,
    lsn: number,
    offset: number,
    length: number,
    progress: ReportProgress,
  ): Sliced<Result<Float64Array<ArrayBuffer>>> {
    const alive = lifeOf(this.#recording, pageId, lsn);
    if (!alive.ok) return alive;
    const { slot, life } = alive.value;
    const key = `${slot}:${offset}:${length}`;
    const known = this.#known.get(key);
    const usable = known?.life === life ? known : undefined;
    const writers = new Float64Array(length).fill(UNKNOWN);
    let left = length;
    // Standing later: whoever wrote last at or before `lsn` then is still the last. Standing earlier: only what came since is new.
    const stopAt = usable !== undefined && usable.lsn <= lsn ? usable.lsn : 0;
    if (usable !== undefined && usable.lsn > lsn) left = keep(writers, usable.writers, lsn, left);
    const walk = new PageWalk(this.#recording, slot, life, lsn);
    for (let looked = 1; left > 0; looked++) {
      const moved = walk.previous();
      if (!moved.ok) return moved;
      if (!moved.value || walk.lsn <= stopAt) break;
      left = note(walk, writers, offset, left);
      if (looked % DELTAS_A_STEP === 0) {
        progress("ages", lsn - walk.lsn, lsn);
        yield;
      }
    }
    for (let byte = 0; byte < length; byte++) {
      if (writers[byte] === UNKNOWN) writers[byte] = stopAt > 0 ? usable!.writers[byte]! : 0;
    }
    this.#known.delete(key);
    if (this.#known.size >= KEPT) this.#known.delete(this.#known.keys().next().value as string);
    this.#known.set(key, { life, lsn, writers });
    return ok(writers);
  }
}

/** Takes over the writers at or before `lsn`, those that never wrote included. Returns how many bytes are still open. */
function keep(writers: Float64Array, known: Float64Array, lsn: number, left: number): number {
  for (let byte = 0; byte < writers.length; byte++) {
    if (known[byte]! > lsn) continue;
    writers[byte] = known[byte]!;
    left--;
  }
  return left;
}

/** The delta stood at is the last writer of the bytes that have none yet. Returns how many are still open. */
function note(walk: PageWalk, writers: Float64Array, offset: number, left: number): number {
  const { runs } = walk;
  for (let run = 0; run < runs.count; run++) {
    const from = Math.max(0, runs.offset[run]! - offset);
    const to = Math.min(writers.length, runs.offset[run]! + runs.length[run]! - offset);
    for (let byte = from; byte < to; byte++) {
      if (writers[byte] !== UNKNOWN) continue;
      writers[byte] = walk.lsn;
      left--;
    }
  }
  return left;
}
