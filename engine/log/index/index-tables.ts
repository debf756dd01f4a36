import type { MmsbError } from "../../base/errors.ts";
import { F64Column, lastAtMost, U32Column } from "./growable.ts";
import { IdSlots, NONE } from "./id-slots.ts";
import { EdgeLives, Lifetimes, Uncertainties, Versions } from "./structure.ts";

/** Where replay cannot go on: the record there is corrupt, or of a critical kind that this version does not know. */
export interface ReplayStop {
  readonly lsn: number;
  readonly error: MmsbError;
}

/** Text ↔ small number. */
export class Names {
  readonly texts: string[];
  readonly #numbers: Map<string, number>;

  constructor(texts: readonly string[] = []) {
    this.texts = [...texts];
    this.#numbers = new Map(this.texts.map((text, at) => [text, at]));
  }

  number(text: string): number {
    const known = this.#numbers.get(text);
    if (known !== undefined) return known;
    this.texts.push(text);
    this.#numbers.set(text, this.texts.length - 1);
    return this.texts.length - 1;
  }

  find(text: string): number {
    return this.#numbers.get(text) ?? -1;
  }
}

/** What stands once for a whole recording, always in memory: its pages' lives, edges, names and totals. One row a slot in `slot…`. */
export class IndexTables {
  ids = IdSlots.empty();
  /** The page's newest life, a row of `lives`, or NONE. */
  slotLife = new U32Column();
  /** Epoch after the last record indexed. */
  slotEpoch = new F64Column();
  /** Bytes of delta bodies since the page's last keyframe. */
  slotSinceKey = new F64Column();
  /** Runs that touched the page since its last keyframe. */
  slotRunsSinceKey = new U32Column();
  /** Gaps that had been passed when the page's epoch was last confirmed. */
  slotGaps = new U32Column();
  /** The row of `uncertain` that is open, or NONE. */
  slotUncertain = new U32Column();
  /** Newest of the page's entries: which run, which row there; linked, newest first. */
  slotEntry = new U32Column();
  entryRun = new U32Column();
  entryRow = new U32Column();
  entryPrevious = new U32Column();

  lives = new Lifetimes();
  versions = new Versions();
  edges = new EdgeLives();
  uncertain = new Uncertainties();
  types = new Names();
  sources = new Names();
  /** Records by source and by kind. */
  sourceRecords = new F64Column();
  kindRecords = new Float64Array(256);
  /** Deltas applied; deltas and changes for a page that is not there; foreign frames refused; records of unknown kinds skipped. */
  applied = 0;
  unknown = 0;
  rejected = 0;
  skipped = 0;
  /** Time of the first record in LSN order; valid once there is one. */
  firstTimeNs = 0n;
  lastTimeNs = 0n;
  /** One a gap passed: the LSN from which on something may be missing. */
  gapLsns = new F64Column();
  /** The full checkpoints that made up for lost records, and how many gaps lie before each. */
  mendLsns = new F64Column();
  mendGaps = new F64Column();
  stop: ReplayStop | undefined;

  /** Gaps passed so far, those that a recovered log records included. */
  get gapsPassed(): number {
    return this.gapLsns.length;
  }

  /** Gaps were passed that no checkpoint has made up for. */
  get hasUnmendedGap(): boolean {
    return this.gapLsns.length > (this.mendGaps.data[this.mendGaps.length - 1] ?? 0);
  }

  /** The number of a source's name, made where it is new. */
  addSource(text: string): number {
    const number = this.sources.number(text);
    if (number === this.sourceRecords.length) this.sourceRecords.push(0);
    return number;
  }

  /** The slot of a page, made with its row where it is new. */
  addSlot(lo: number, hi: number): number {
    const slot = this.ids.findOrAdd(lo, hi);
    if (slot === this.slotLife.length) {
      this.slotLife.push(NONE);
      this.slotEpoch.push(0);
      this.slotSinceKey.push(0);
      this.slotRunsSinceKey.push(0);
      this.slotGaps.push(this.gapsPassed);
      this.slotUncertain.push(NONE);
      this.slotEntry.push(NONE);
    }
    return slot;
  }

  /** The life that a slot's page has at `lsn`, or NONE. */
  lifeAt(slot: number, lsn: number): number {
    let life = this.slotLife.data[slot]!;
    while (life !== NONE && this.lives.fromLsn.data[life]! > lsn) life = this.lives.previous.data[life]!;
    return life !== NONE && lsn < this.lives.untilLsn.data[life]! ? life : NONE;
  }

  /** Whether records before `lsn` were lost that no full checkpoint up to then makes up for. */
  isAfterGap(lsn: number): boolean {
    const passed = lastAtMost(this.gapLsns.data, 0, this.gapLsns.length, lsn) + 1;
    const mended = lastAtMost(this.mendLsns.data, 0, this.mendLsns.length, lsn);
    return passed > (mended < 0 ? 0 : this.mendGaps.data[mended]!);
  }

  isLive(slot: number): boolean {
    const life = this.slotLife.data[slot]!;
    return life !== NONE && this.lives.untilLsn.data[life] === Number.POSITIVE_INFINITY;
  }
}
