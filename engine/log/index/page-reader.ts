import { fail, ok, type Result } from "../../base/result.ts";
import { applyDeltaBody } from "../../deltas/delta-body.ts";
import { DeltaBodies } from "./delta-bodies.ts";
import { lastAtMost } from "./growable.ts";
import type { RunColumns } from "./index-run.ts";
import { LogIndex } from "./log-index.ts";
import { PageDeltas } from "./page-deltas.ts";
import { LifetimeFlag } from "./structure.ts";

interface Stretch {
  readonly run: number;
  readonly columns: RunColumns;
  readonly from: number;
  readonly to: number;
}

/** Rebuilds one page from its last keyframe and its own deltas since. */
export class PageReader {
  readonly #index: LogIndex;
  readonly bodies: DeltaBodies;

  constructor(index: LogIndex) {
    this.#index = index;
    this.bodies = new DeltaBodies(index);
  }

  /**
   * Fills `out` (exactly the page's size) with what the page holds in this life after `lsn`. Returns its epoch.
   * O(log n) and the page's own deltas since its last keyframe.
   */
  read(slot: number, life: number, lsn: number, out: Uint8Array): Result<number> {
    const place = new PageDeltas(this.#index, slot);
    const found = place.seek(lsn);
    if (!found.ok) return found;
    return this.readAt(place, life, out);
  }

  /** The same, up to and with the delta at `place`, which stays. */
  readAt(place: PageDeltas, life: number, out: Uint8Array): Result<number> {
    const { lives } = this.#index.tables;
    const begin = lives.fromLsn.data[life]!;
    if (place.lsn <= begin) {
      const base = this.#base(life, out);
      return base.ok ? ok(lives.epoch.data[life]!) : base;
    }
    const stretches: Stretch[] = [];
    const back = new PageDeltas(this.#index, place.slot);
    back.copyFrom(place);
    let based = false;
    while (!based && back.lsn > begin) {
      const columns = back.columns!;
      const firstLsn = this.#index.header(back.run).firstLsn;
      let from = columns.rowDelta[back.row]!;
      const key = lastAtMost(
        columns.keyOffset,
        columns.rowKey[back.row]!,
        columns.rowKey[back.row + 1]!,
        back.lsn - firstLsn,
      );
      if (key >= columns.rowKey[back.row]! && firstLsn + columns.keyOffset[key]! > begin) {
        const keyed = this.#keyframe(columns, key, out);
        if (!keyed.ok) return keyed;
        based = true;
        const at = lastAtMost(columns.deltaOffset, from, back.at + 1, columns.keyOffset[key]!);
        // a delta that overwrites the whole page is its own keyframe: it is applied over whatever stands there
        from = columns.keyAt[key]! < 0 ? at : at + 1;
      } else if (firstLsn <= begin) {
        from = lastAtMost(columns.deltaOffset, from, back.at + 1, begin - firstLsn) + 1;
      }
      if (from <= back.at) stretches.push({ run: back.run, columns, from, to: back.at + 1 });
      if (based) break;
      const moved = back.seek(firstLsn - 1);
      if (!moved.ok) return moved;
    }
    if (!based) {
      const base = this.#base(life, out);
      if (!base.ok) return base;
    }
    for (let i = stretches.length - 1; i >= 0; i--) {
      const applied = this.apply(
        stretches[i]!.run,
        stretches[i]!.columns,
        stretches[i]!.from,
        stretches[i]!.to,
        out,
      );
      if (!applied.ok) return applied;
    }
    return ok(place.epoch);
  }

  /** Applies deltas `[from, to)` of one row to the page in `out`. */
  apply(run: number, columns: RunColumns, from: number, to: number, out: Uint8Array): Result<void> {
    const { bodies } = this;
    for (let at = from; at < to; at += bodies.count) {
      const loaded = bodies.load(run, columns, at, to);
      if (!loaded.ok) return loaded;
      for (let i = 0; i < bodies.count; i++) {
        if (applyDeltaBody(bodies.bytes, bodies.start(i), bodies.start(i + 1), out, 0, out.length) < 0) {
          return fail(
            "LOG_RECORD_CORRUPT",
            "a delta's body is malformed",
            "Run 'mmsb verify' on the recording",
            {
              lsn: this.#index.header(run).firstLsn + columns.deltaOffset[at + i]!,
            },
          );
        }
      }
    }
    return ok();
  }

  #keyframe(columns: RunColumns, key: number, out: Uint8Array): Result<void> {
    const at = columns.keyAt[key]!;
    if (at < 0) {
      out.fill(0);
      return ok();
    }
    if (at + out.length > this.#index.store.length)
      return LogIndex.damaged("a keyframe lies beyond the end of the index");
    return this.#index.store.read(at, out.length, out);
  }

  /** What the page holds where this life begins. */
  #base(life: number, out: Uint8Array): Result<void> {
    const { lives, ids } = this.#index.tables;
    if ((lives.flags.data[life]! & LifetimeFlag.FromCheckpoint) === 0) {
      out.fill(0);
      return ok();
    }
    const image = this.#index.image(lives.fromLsn.data[life]!);
    if (!image.ok) return image;
    const page = LogIndex.pageOf(image.value, ids.id(lives.slot.data[life]!));
    if (page < 0 || image.value.pages[page]!.sizeBytes !== out.length)
      return LogIndex.damaged("a page is not in its checkpoint");
    return image.value.readPage(page, out);
  }
}
