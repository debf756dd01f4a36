import { accel, type PageSpans } from "../../accel/index.ts";
import { ok, type Result } from "../../base/result.ts";
import type { LogFile, LogFileSystem } from "../file-system.ts";
import { F64Column, U32Column } from "./growable.ts";
import { NONE } from "./id-slots.ts";
import { temporaryFile } from "./temporary-file.ts";

const SLAB_BYTES = 4 << 20;
/** Instead of a slab number: the page's bytes stand in the spill file. */
const SPILLED = NONE - 1;

/** Fills `out`, given zeroed, with what a page holds before the first delta that the store sees of it. */
export type InitialBytes = (slot: number, life: number, out: Uint8Array) => Result<void>;

/**
 * The current bytes of every page while an index is built. Pages that came first stay in memory up to the budget, the others live in a
 * temporary file and are read and written once for each run that touches them. (A run visits its pages in slot order, again and
 * again: a cache that drops the least recently used page would miss every time.)
 */
export class PageStore {
  /** The page that {@link open} opened last: `bytes[at .. at + size]`. */
  bytes: Uint8Array = new Uint8Array(0);
  at = 0;

  readonly #budgetBytes: number;
  readonly #initial: InitialBytes;
  readonly #files: LogFileSystem;
  readonly #slabs: Uint8Array[] = [];
  #slabUsed = 0;
  #bumpSlab = -1;
  #residentBytes = 0;
  readonly #slab = new U32Column();
  /** Where in its slab. */
  readonly #at = new U32Column();
  /** Where in the spill file. */
  readonly #spilledAt = new F64Column();
  readonly #life = new U32Column();
  readonly #size = new U32Column();
  /** Room given back, by size: slab and position of each. */
  readonly #free = new Map<number, { slab: number; at: number }[]>();
  #spill: LogFile | undefined;
  #spillBytes = 0;
  #scratch = new Uint8Array(0);

  constructor(budgetBytes: number, files: LogFileSystem, initial: InitialBytes) {
    this.#budgetBytes = budgetBytes;
    this.#files = files;
    this.#initial = initial;
  }

  get residentBytes(): number {
    return this.#residentBytes;
  }

  get spilledBytes(): number {
    return this.#spillBytes;
  }

  /** Where the pages in memory lie, by slot; those that are spilled name no slab. */
  get spans(): PageSpans {
    return { arenas: this.#slabs, arena: this.#slab.data, at: this.#at.data, size: this.#size.data };
  }

  /** The life that the bytes held are of, by slot; NONE where there are none. */
  get lives(): Uint32Array {
    return this.#life.view();
  }

  /** Makes the page's bytes stand at `bytes[at..]`. Follow with {@link close}. */
  open(slot: number, life: number, size: number): Result<void> {
    while (this.#slab.length <= slot) {
      this.#slab.push(NONE);
      this.#at.push(0);
      this.#spilledAt.push(0);
      this.#life.push(NONE);
      this.#size.push(0);
    }
    const known = this.#life.data[slot] === life;
    if (!known) {
      this.release(slot);
      this.#place(slot, size);
      this.#life.data[slot] = life;
      this.#size.data[slot] = size;
    }
    const slab = this.#slab.data[slot]!;
    if (slab === SPILLED) {
      if (this.#scratch.length < size) this.#scratch = new Uint8Array(size);
      this.bytes = this.#scratch;
      this.at = 0;
      if (known) {
        const read = this.#spill!.read(this.bytes.subarray(0, size), this.#spilledAt.data[slot]!);
        return read.ok ? ok() : read;
      }
    } else {
      this.bytes = this.#slabs[slab]!;
      this.at = this.#at.data[slot]!;
      if (known) return ok();
    }
    const out = this.bytes.subarray(this.at, this.at + size).fill(0);
    return this.#initial(slot, life, out);
  }

  /** Keeps the bytes of the page opened last. */
  close(slot: number): Result<void> {
    if (this.#slab.data[slot] !== SPILLED) return ok();
    const file = this.#spillFile();
    if (!file.ok) return file;
    const size = this.#size.data[slot]!;
    return file.value.write([this.bytes.subarray(0, size)], this.#spilledAt.data[slot]!);
  }

  /** Gives back the page's room. */
  release(slot: number): void {
    if (slot >= this.#slab.length || this.#life.data[slot] === NONE) return;
    const slab = this.#slab.data[slot]!;
    const size = this.#size.data[slot]!;
    if (slab !== NONE) {
      const free = this.#free.get(slab === SPILLED ? -size : size);
      const room = { slab, at: (slab === SPILLED ? this.#spilledAt : this.#at).data[slot]! };
      if (free === undefined) this.#free.set(slab === SPILLED ? -size : size, [room]);
      else free.push(room);
    }
    this.#slab.data[slot] = NONE;
    this.#life.data[slot] = NONE;
  }

  #place(slot: number, size: number): void {
    const reused =
      this.#free.get(size)?.pop() ?? (this.#fits(size) ? undefined : this.#free.get(-size)?.pop());
    if (reused !== undefined) {
      this.#slab.data[slot] = reused.slab;
      (reused.slab === SPILLED ? this.#spilledAt : this.#at).data[slot] = reused.at;
    } else if (this.#fits(size)) this.#allocate(slot, size);
    else {
      this.#slab.data[slot] = SPILLED;
      this.#spilledAt.data[slot] = this.#spillBytes;
      this.#spillBytes += size;
    }
  }

  #fits(size: number): boolean {
    if (this.#bumpSlab >= 0 && this.#slabUsed + size <= this.#slabs[this.#bumpSlab]!.length) return true;
    return this.#residentBytes + Math.max(size, Math.min(SLAB_BYTES, this.#budgetBytes)) <= this.#budgetBytes;
  }

  #allocate(slot: number, size: number): void {
    if (this.#bumpSlab < 0 || this.#slabUsed + size > this.#slabs[this.#bumpSlab]!.length) {
      const bytes = Math.max(size, Math.min(SLAB_BYTES, this.#budgetBytes));
      const slab = new Uint8Array(bytes);
      accel.preferLargePages(slab);
      this.#slabs.push(slab);
      this.#residentBytes += bytes;
      this.#bumpSlab = this.#slabs.length - 1;
      this.#slabUsed = 0;
    }
    this.#slab.data[slot] = this.#bumpSlab;
    this.#at.data[slot] = this.#slabUsed;
    this.#slabUsed += size;
  }

  #spillFile(): Result<LogFile> {
    if (this.#spill !== undefined) return ok(this.#spill);
    const opened = temporaryFile("mmsb-pages", this.#files);
    if (opened.ok) this.#spill = opened.value;
    return opened;
  }

  dispose(): void {
    this.#spill?.close();
    this.#spill = undefined;
    this.#slabs.length = 0;
  }
}
