import { MmsbError } from "../base/errors.ts";
import { ok, type Result } from "../base/result.ts";
import {
  BLOCK_MAGIC,
  BlockCheck,
  BlockHeader,
  blockLengthAt,
  MAX_BLOCK_BYTES,
  parseBlock,
} from "./block-format.ts";
import type { LogFile } from "./file-system.ts";
import type { Damage } from "./record-source.ts";

/** Read ahead by this much; a block never spans more than two reads. */
const WINDOW_BYTES = 1 << 20;

/** What a search for the next sound block may cost: bytes checksummed in vain, free and for each byte looked at. */
const SEARCH_FREE_BYTES = 1 << 26;
const SEARCH_FACTOR = 32;

export interface ScanVisitor {
  /** A sound block; `bytes[at..]` holds it. `after` = LSN of the last record before it, kept by the visitor. */
  block(header: BlockHeader, offset: number, bytes: Uint8Array, at: number): void;
  /** `isTail`: no sound block follows. */
  damage(damage: Omit<Damage, "afterLsn">, isTail: boolean): void;
}

export interface ScanEnd {
  /** Where the next block would be appended: behind the last sound one. */
  readonly endOffset: number;
  /** Bytes behind it that are neither a block nor preallocated zeros. */
  readonly tornBytes: number;
  readonly fileBytes: number;
}

/**
 * Walks the blocks of one file from `from`. Whatever stands between two sound blocks is damage; the search for the next sound block looks at
 * every byte position that holds the magic number. Zeros up to the end are preallocation. Memory: one window. Yields how far it is
 * whenever a window is full, about once a millisecond.
 */
export function* scanBlocks(
  file: LogFile,
  uuid: Uint8Array | undefined,
  from: number,
  visitor: ScanVisitor,
): Generator<number, Result<ScanEnd>> {
  const size = file.size();
  if (!size.ok) return size;
  const fileBytes = size.value;
  const window = new Window(file, fileBytes);
  const header = new BlockHeader();
  let expected = uuid;
  let offset = from;
  while (offset < fileBytes) {
    const start = window.start;
    const loaded = window.load(offset);
    if (!loaded.ok) return loaded;
    if (window.start !== start) yield offset;
    const check = parseBlock(window.bytes, offset - window.start, window.length, expected, header);
    if (check === BlockCheck.Valid) {
      const at = offset - window.start;
      expected ??= window.bytes.slice(at + 16, at + 32);
      visitor.block(header, offset, window.bytes, at);
      offset += header.lengthBytes;
      continue;
    }
    // Before the search: a recording that is being written ends with as much as a megabyte of them, and whoever follows it comes by often.
    const zeros = yield* allZeros(window, offset);
    if (!zeros.ok) return zeros;
    if (zeros.value) return ok({ endOffset: offset, tornBytes: 0, fileBytes });
    const next = yield* findNext(window, offset + 1, expected, header);
    if (!next.ok) return next;
    if (next.value < 0) {
      visitor.damage(describe(check, file.path, offset, fileBytes - offset, true), true);
      return ok({ endOffset: offset, tornBytes: fileBytes - offset, fileBytes });
    }
    visitor.damage(describe(check, file.path, offset, next.value - offset, false), false);
    offset = next.value;
  }
  return ok({ endOffset: offset, tornBytes: 0, fileBytes });
}

class Window {
  readonly #file: LogFile;
  readonly #fileBytes: number;
  readonly #buffer: Uint8Array;
  start = 0;
  length = 0;

  constructor(file: LogFile, fileBytes: number) {
    this.#file = file;
    this.#fileBytes = fileBytes;
    this.#buffer = new Uint8Array(Math.min(fileBytes, WINDOW_BYTES + MAX_BLOCK_BYTES));
  }

  get bytes(): Uint8Array {
    return this.#buffer;
  }

  get fileBytes(): number {
    return this.#fileBytes;
  }

  /** Makes sure that a whole block at `offset` (or the rest of the file) is in the window. */
  load(offset: number): Result<void> {
    const wanted = Math.min(MAX_BLOCK_BYTES, this.#fileBytes - offset);
    if (offset >= this.start && offset + wanted <= this.start + this.length) return ok();
    const count = Math.min(this.#buffer.length, this.#fileBytes - offset);
    const read = this.#file.read(this.#buffer.subarray(0, count), offset);
    if (!read.ok) return read;
    this.start = offset;
    this.length = read.value;
    return ok();
  }
}

/**
 * Offset of the next sound block at or after `from`, or -1. A forged file may hold the beginning of a block every few bytes, each with 64 KiB to
 * check: once that has cost `SEARCH_FACTOR` times the bytes looked at, what a false block claims for itself is passed over whole.
 */
function* findNext(
  window: Window,
  from: number,
  uuid: Uint8Array | undefined,
  header: BlockHeader,
): Generator<number, Result<number>> {
  let offset = from;
  let checkedBytes = 0;
  while (offset < window.fileBytes) {
    const loaded = window.load(offset);
    if (!loaded.ok) return loaded;
    if (window.length === 0) break;
    yield offset;
    const { bytes } = window;
    const end = window.start + window.length;
    // The last bytes of the window are looked at again with the next one, so that a magic number across its edge is seen.
    const stop = end >= window.fileBytes ? end - 3 : end - MAX_BLOCK_BYTES + 1;
    let reached = offset;
    for (let at = offset; at < stop; at++) {
      const i = at - window.start;
      if (bytes[i] !== (BLOCK_MAGIC & 255) || bytes[i + 1] !== ((BLOCK_MAGIC >>> 8) & 255)) continue;
      const check = parseBlock(bytes, i, window.length, uuid, header);
      if (check === BlockCheck.Valid) return ok(at);
      if (check !== BlockCheck.BadChecksum) continue;
      const claimed = blockLengthAt(bytes, i);
      checkedBytes += claimed;
      if (checkedBytes > SEARCH_FREE_BYTES + SEARCH_FACTOR * (at - from)) at += claimed - 1;
      reached = at + 1;
    }
    offset = Math.max(stop, reached, offset + 1);
    if (end >= window.fileBytes) break;
  }
  return ok(-1);
}

function* allZeros(window: Window, from: number): Generator<number, Result<boolean>> {
  let offset = from;
  while (offset < window.fileBytes) {
    const loaded = window.load(offset);
    if (!loaded.ok) return loaded;
    const end = window.start + window.length;
    if (end <= offset) return ok(true);
    yield offset;
    for (let i = offset - window.start; i < window.length; i++) if (window.bytes[i] !== 0) return ok(false);
    offset = end;
  }
  return ok(true);
}

function describe(
  check: BlockCheck,
  path: string,
  offset: number,
  lostBytes: number,
  atEnd: boolean,
): Omit<Damage, "afterLsn"> {
  const recover = "'mmsb recover' writes a copy of everything that is readable";
  const place = { path, offset };
  let error: MmsbError;
  if (check === BlockCheck.NewerVersion) {
    error = new MmsbError(
      "LOG_VERSION",
      "a block was written by a later version of MMSB",
      "Open it with that version",
      place,
    );
  } else if (atEnd && check === BlockCheck.Incomplete) {
    error = new MmsbError(
      "LOG_TRUNCATED",
      `the file ends inside a block (${lostBytes} bytes of it)`,
      offset === 0
        ? "Nothing was completely written to it: copy it again if it was whole elsewhere"
        : "Everything before it is whole",
      place,
    );
  } else if (check === BlockCheck.BadChecksum) {
    error = new MmsbError(
      "LOG_BLOCK_DAMAGED",
      "a block does not have the bytes that were written",
      recover,
      place,
    );
  } else if (check === BlockCheck.OtherRecording) {
    error = new MmsbError("LOG_BLOCK_DAMAGED", "a block of another recording stands here", recover, place);
  } else {
    error = new MmsbError("LOG_BLOCK_DAMAGED", `${lostBytes} bytes are not a block`, recover, place);
  }
  return { error, offset, path, lostBytes };
}
