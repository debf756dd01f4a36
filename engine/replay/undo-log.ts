import { accel } from "../accel/index.ts";
import type { RunList } from "../deltas/run-list.ts";

const FIRST_BYTES = 4096;

/**
 * What a page's latest deltas overwrote, so that they can be taken back, newest first. Bounded: beyond `limitBytes` the oldest half
 * goes, but never the newest entry.
 */
export class UndoLog {
  readonly limitBytes: number;
  #bytes = new Uint8Array(FIRST_BYTES);
  #byteCount = 0;
  #offset = new Uint32Array(64);
  #length = new Uint32Array(64);
  #runCount = 0;
  /** Where each entry's runs and bytes begin. */
  #entryRun = new Uint32Array(64);
  #entryByte = new Uint32Array(64);
  #entries = 0;

  constructor(limitBytes: number) {
    this.limitBytes = limitBytes;
  }

  get count(): number {
    return this.#entries;
  }

  /** Memory that it takes. */
  get sizeBytes(): number {
    return this.#bytes.length + (this.#offset.length + this.#entryRun.length) * 8;
  }

  clear(): void {
    this.#entries = 0;
    this.#runCount = 0;
    this.#byteCount = 0;
  }

  /** Keeps what the runs are about to overwrite; they are cut at the page's end. */
  push(runs: RunList, page: Uint8Array): void {
    let bytes = 0;
    for (let i = 0; i < runs.count; i++) bytes += inside(runs, i, page.length);
    this.#makeRoom(runs.count, bytes);
    this.#entryRun[this.#entries] = this.#runCount;
    this.#entryByte[this.#entries++] = this.#byteCount;
    for (let i = 0; i < runs.count; i++) {
      const length = inside(runs, i, page.length);
      const offset = runs.offset[i]!;
      this.#offset[this.#runCount] = offset;
      this.#length[this.#runCount++] = length;
      accel.copyBytes(page, offset, this.#bytes, this.#byteCount, length);
      this.#byteCount += length;
    }
  }

  /** Takes the newest delta back. There must be one. */
  pop(page: Uint8Array): void {
    const runFrom = this.#entryRun[--this.#entries]!;
    let at = this.#entryByte[this.#entries]!;
    this.#byteCount = at;
    for (let i = runFrom; i < this.#runCount; i++) {
      accel.copyBytes(this.#bytes, at, page, this.#offset[i]!, this.#length[i]!);
      at += this.#length[i]!;
    }
    this.#runCount = runFrom;
  }

  #makeRoom(runs: number, bytes: number): void {
    const wanted = this.#byteCount + bytes + (this.#runCount + runs) * 8 + this.#entries * 8;
    if (wanted > this.limitBytes && this.#entries > 0) this.#dropOldest();
    if (this.#byteCount + bytes > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(this.#byteCount + bytes, this.#bytes.length * 2));
      grown.set(this.#bytes.subarray(0, this.#byteCount));
      this.#bytes = grown;
    }
    if (this.#runCount + runs > this.#offset.length) {
      this.#offset = longer(this.#offset, this.#runCount + runs);
      this.#length = longer(this.#length, this.#runCount + runs);
    }
    if (this.#entries === this.#entryRun.length) {
      this.#entryRun = longer(this.#entryRun, this.#entries + 1);
      this.#entryByte = longer(this.#entryByte, this.#entries + 1);
    }
  }

  #dropOldest(): void {
    const dropped = Math.ceil(this.#entries / 2);
    const isAll = dropped === this.#entries;
    const run = isAll ? this.#runCount : this.#entryRun[dropped]!;
    const byte = isAll ? this.#byteCount : this.#entryByte[dropped]!;
    this.#bytes.copyWithin(0, byte, this.#byteCount);
    this.#offset.copyWithin(0, run, this.#runCount);
    this.#length.copyWithin(0, run, this.#runCount);
    for (let i = dropped; i < this.#entries; i++) {
      this.#entryRun[i - dropped] = this.#entryRun[i]! - run;
      this.#entryByte[i - dropped] = this.#entryByte[i]! - byte;
    }
    this.#entries -= dropped;
    this.#runCount -= run;
    this.#byteCount -= byte;
  }
}

function inside(runs: RunList, i: number, pageSize: number): number {
  const offset = runs.offset[i]!;
  return Math.max(0, Math.min(runs.length[i]!, pageSize - offset));
}

function longer(from: Uint32Array, count: number): Uint32Array<ArrayBuffer> {
  const to = new Uint32Array(Math.max(count, from.length * 2));
  to.set(from);
  return to;
}
