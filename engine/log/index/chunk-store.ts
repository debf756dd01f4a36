import { accel } from "../../accel/index.ts";
import { assert } from "../../base/assert.ts";
import { MmsbError } from "../../base/errors.ts";
import { err, ok, type Result } from "../../base/result.ts";
import type { LogFile } from "../file-system.ts";
import { U32Column } from "./growable.ts";

/** The unit of checking: reading 4 KiB of a page then checks 16 KiB, some 3 µs; the table of CRCs takes 256 KiB for a GiB. */
export const CHUNK_BYTES = 16384;
/** Full chunks gather up to this before they are written: few system calls, little memory. */
const WRITE_BYTES = 1 << 20;
/** What an index that grows beside a finished file keeps in memory before it moves to a temporary file. */
const RESIDENT_BYTES = 16 << 20;

/**
 * The bulk of an index (keyframes, clustered delta bodies, tables of runs): an append-only stretch of bytes in chunks, each with
 * its CRC32C. The first chunks may stand in a finished index file (`base`); what is appended goes to `tail`, a file of our own, or
 * stays in memory where there is none. An offset is the same whichever holds it, so a grown index keeps its references.
 */
export class ChunkStore {
  readonly #crcs: U32Column;
  #base: LogFile | undefined;
  #baseAt: number;
  #baseChunks: number;
  #tail: LogFile | undefined;
  #tailAt: number;
  readonly #spill: (() => Result<LogFile>) | undefined;
  #rebuild: (() => Result<LogFile>) | undefined;
  /** Chunks appended where there is no tail file. */
  readonly #resident: Uint8Array[] = [];
  #pending: Uint8Array;
  #pendingBytes = 0;
  /** Chunks that are in `base`, `tail` or `#resident`; the rest is pending. */
  #written: number;
  readonly #cache = new Map<number, Uint8Array>();
  readonly #cacheChunks: number;

  /**
   * `at`: where the first chunk of the file lies in it. `crcs`: one a chunk of the base. `rebuild` makes a file of the very same chunks
   * from the recording, should the base turn out to be damaged.
   */
  constructor(options: {
    base?: { file: LogFile; at: number; crcs: Uint32Array; rebuild: () => Result<LogFile> } | undefined;
    tail?: { file: LogFile; at: number } | undefined;
    cacheBytes?: number;
    /** A file to move to when what is kept in memory outgrows `RESIDENT_BYTES`; without one it stays there. */
    spill?: (() => Result<LogFile>) | undefined;
  }) {
    const { base, tail } = options;
    this.#base = base?.file;
    this.#baseAt = base?.at ?? 0;
    this.#rebuild = base?.rebuild;
    this.#crcs = U32Column.of(base?.crcs ?? new Uint32Array(0));
    this.#baseChunks = this.#crcs.length;
    this.#written = this.#baseChunks;
    this.#tail = tail?.file;
    this.#tailAt = tail?.at ?? 0;
    this.#spill = options.spill;
    this.#pending = new Uint8Array(tail === undefined ? CHUNK_BYTES : WRITE_BYTES);
    this.#cacheChunks = Math.max(4, Math.floor((options.cacheBytes ?? 4 << 20) / CHUNK_BYTES));
  }

  /** Bytes appended so far, base included. */
  get length(): number {
    return this.#written * CHUNK_BYTES + this.#pendingBytes;
  }

  /** Memory it holds. */
  get residentBytes(): number {
    return (this.#resident.length + this.#cache.size) * CHUNK_BYTES + this.#pending.length;
  }

  /** Nothing bounds what is appended but memory. */
  get isInMemory(): boolean {
    return this.#tail === undefined && this.#spill === undefined;
  }

  /** Bytes that no finished index file holds. */
  get appendedBytes(): number {
    return this.length - this.#baseChunks * CHUNK_BYTES;
  }

  get crcs(): Uint32Array {
    return this.#crcs.view();
  }

  /** Where the appended bytes begin. */
  append(bytes: Uint8Array): Result<number> {
    const at = this.length;
    let done = 0;
    while (done < bytes.length) {
      const part = Math.min(bytes.length - done, this.#pending.length - this.#pendingBytes);
      this.#pending.set(
        part === bytes.length ? bytes : bytes.subarray(done, done + part),
        this.#pendingBytes,
      );
      this.#pendingBytes += part;
      done += part;
      if (this.#pendingBytes === this.#pending.length) {
        const written = this.#write();
        if (!written.ok) return written;
      }
    }
    return ok(at);
  }

  /** Fills the last chunk with zeros: what is appended next has the same place whatever came before it was written in one go or in several. */
  pad(): Result<void> {
    const whole = Math.ceil(this.#pendingBytes / CHUNK_BYTES) * CHUNK_BYTES;
    this.#pending.fill(0, this.#pendingBytes, whole);
    this.#pendingBytes = whole;
    return whole === this.#pending.length ? this.#write() : ok();
  }

  /** The same, and writes everything. */
  flush(): Result<void> {
    const padded = this.pad();
    return padded.ok && this.#pendingBytes > 0 ? this.#write() : padded;
  }

  #write(): Result<void> {
    const chunks = this.#pendingBytes / CHUNK_BYTES;
    for (let i = 0; i < chunks; i++) {
      this.#crcs.push(accel.crc32c(this.#pending.subarray(i * CHUNK_BYTES, (i + 1) * CHUNK_BYTES)));
    }
    if (this.#tail === undefined) {
      for (let i = 0; i < chunks; i++)
        this.#resident.push(this.#pending.slice(i * CHUNK_BYTES, (i + 1) * CHUNK_BYTES));
      const spilled = this.#spillOver();
      if (!spilled.ok) return spilled;
    } else {
      const at = this.#tailAt + (this.#written - this.#baseChunks) * CHUNK_BYTES;
      const written = this.#tail.write([this.#pending.subarray(0, this.#pendingBytes)], at);
      if (!written.ok) return written;
    }
    this.#written += chunks;
    this.#pendingBytes = 0;
    return ok();
  }

  #spillOver(): Result<void> {
    if (this.#spill === undefined || this.#resident.length * CHUNK_BYTES < RESIDENT_BYTES) return ok();
    const file = this.#spill();
    if (!file.ok) return file;
    const written = file.value.write(this.#resident, 0);
    if (!written.ok) return written;
    this.#tail = file.value;
    this.#tailAt = 0;
    this.#resident.length = 0;
    const pending = new Uint8Array(WRITE_BYTES);
    pending.set(this.#pending.subarray(0, this.#pendingBytes));
    this.#pending = pending;
    return ok();
  }

  /** The tail has become a finished index file: it is read from, and what is appended from now on goes elsewhere. */
  freeze(): void {
    assert(this.#pendingBytes === 0, "everything is written");
    this.#base = this.#tail;
    this.#baseAt = this.#tailAt;
    this.#baseChunks = this.#written;
    this.#tail = undefined;
    this.#pending = new Uint8Array(CHUNK_BYTES);
  }

  /** Fills `out` (from its position `outAt`) with `length` bytes from `offset`. */
  read(offset: number, length: number, out: Uint8Array, outAt = 0): Result<void> {
    assert(offset >= 0 && offset + length <= this.length, "a read stays inside the index");
    let done = 0;
    while (done < length) {
      const at = offset + done;
      const chunk = Math.floor(at / CHUNK_BYTES);
      const inChunk = at - chunk * CHUNK_BYTES;
      const whole = Math.floor((length - done) / CHUNK_BYTES);
      if (inChunk === 0 && whole > 1 && chunk < this.#written) {
        const count = Math.min(whole, this.#stretch(chunk));
        const read = this.#readChunks(chunk, count, out, outAt + done);
        if (!read.ok) return read;
        done += count * CHUNK_BYTES;
        continue;
      }
      const part = Math.min(length - done, CHUNK_BYTES - inChunk);
      const bytes = this.#chunk(chunk);
      if (!bytes.ok) return bytes;
      const from = chunk < this.#written ? inChunk : at - this.#written * CHUNK_BYTES;
      copy(bytes.value, from, out, outAt + done, part);
      done += part;
    }
    return ok();
  }

  /** Chunks from `chunk` on that lie in the same place. */
  #stretch(chunk: number): number {
    if (chunk < this.#baseChunks) return this.#baseChunks - chunk;
    return this.#tail === undefined ? 1 : this.#written - chunk;
  }

  /** A checked chunk; for a pending one the whole pending buffer. */
  #chunk(chunk: number): Result<Uint8Array> {
    if (chunk >= this.#written) return ok(this.#pending);
    const cached = this.#cache.get(chunk);
    if (cached !== undefined) return ok(cached);
    if (chunk >= this.#baseChunks && this.#tail === undefined)
      return ok(this.#resident[chunk - this.#baseChunks]!);
    let bytes: Uint8Array;
    if (this.#cache.size >= this.#cacheChunks) {
      const oldest = this.#cache.entries().next().value as [number, Uint8Array];
      this.#cache.delete(oldest[0]);
      bytes = oldest[1];
    } else bytes = new Uint8Array(CHUNK_BYTES);
    const read = this.#readChunks(chunk, 1, bytes, 0);
    if (!read.ok) return read;
    this.#cache.set(chunk, bytes);
    return ok(bytes);
  }

  #readChunks(chunk: number, count: number, out: Uint8Array, outAt: number): Result<void> {
    const bytes = out.subarray(outAt, outAt + count * CHUNK_BYTES);
    if (chunk >= this.#baseChunks && this.#tail === undefined) {
      bytes.set(this.#resident[chunk - this.#baseChunks]!);
      return ok();
    }
    const inBase = chunk < this.#baseChunks;
    const tailAt = this.#tailAt + (chunk - this.#baseChunks) * CHUNK_BYTES;
    const at = inBase ? this.#baseAt + chunk * CHUNK_BYTES : tailAt;
    const file = inBase ? this.#base! : this.#tail!;
    if (this.#isGood(file, at, chunk, bytes)) return ok();
    const rebuild = this.#rebuild;
    this.#rebuild = undefined;
    if (inBase && rebuild !== undefined) {
      const rebuilt = rebuild();
      if (!rebuilt.ok) return rebuilt;
      file.close();
      this.#base = rebuilt.value;
      return this.#readChunks(chunk, count, out, outAt);
    }
    return err(
      new MmsbError(
        "INDEX_DAMAGED",
        "a chunk of the index fails its checksum",
        "Delete the index file; it is rebuilt from the recording",
        { path: file.path, offset: at },
      ),
    );
  }

  /** Fills `bytes` with chunks from `at`; whether they are those that were written. */
  #isGood(file: LogFile, at: number, chunk: number, bytes: Uint8Array): boolean {
    const read = file.read(bytes, at);
    if (!read.ok || read.value < bytes.length) return false;
    for (let i = 0; i < bytes.length / CHUNK_BYTES; i++) {
      const crc = accel.crc32c(bytes.subarray(i * CHUNK_BYTES, (i + 1) * CHUNK_BYTES));
      if (crc !== this.#crcs.data[chunk + i]) return false;
    }
    return true;
  }

  /** Copies every chunk into `file` from `at` on. */
  *copyTo(file: LogFile, at: number): Generator<number, Result<void>> {
    const flushed = this.flush();
    if (!flushed.ok) return flushed;
    const buffer = new Uint8Array(WRITE_BYTES);
    for (let chunk = 0; chunk < this.#written; ) {
      const count = Math.min(WRITE_BYTES / CHUNK_BYTES, this.#written - chunk, this.#stretch(chunk));
      const read = this.#readChunks(chunk, count, buffer, 0);
      if (!read.ok) return read;
      const written = file.write([buffer.subarray(0, count * CHUNK_BYTES)], at + chunk * CHUNK_BYTES);
      if (!written.ok) return written;
      chunk += count;
      yield count * CHUNK_BYTES;
    }
    return ok();
  }

  close(): void {
    this.#base?.close();
    this.#tail?.close();
    this.#base = undefined;
    this.#tail = undefined;
    this.#cache.clear();
    this.#resident.length = 0;
    this.#pending = new Uint8Array(0);
  }
}

/** Short copies without a view. */
function copy(from: Uint8Array, fromAt: number, to: Uint8Array, toAt: number, length: number): void {
  accel.copyBytes(from, fromAt, to, toAt, length);
}
