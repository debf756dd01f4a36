import { createHash } from "node:crypto";
import { MmsbError } from "../../base/errors.ts";
import { err, ok, type Result } from "../../base/result.ts";
import { u64FromPair } from "../../base/u64.ts";
import type { LogFile } from "../file-system.ts";
import type { Damage } from "../record-source.ts";
import { FileWindow, readU32 } from "./file-window.ts";
import { FRAME_HEAD_BYTES, FRAME_TAIL_BYTES, MAGIC_BYTES, MMSBLOG1_HEADER_BYTES } from "./mmsblog1-frame.ts";

/** Frames are read in blocks of at most this many, which is also what the columns of a reader hold at least. */
export const MAX_BLOCK_FRAMES = 1024;
/** A block holds at most this many bytes of frames, unless a single frame is larger. */
export const MAX_BLOCK_BYTES = 64 * 1024;

/** What one pass over a log finds out. */
export interface MmsbLog1Scan {
  /** Parallel: file offset and first LSN of each block. A block ends where the next begins, the last at `endOffset`. */
  readonly blockOffset: readonly number[];
  readonly blockFirstLsn: readonly number[];
  /** File offset after the last good frame. */
  readonly endOffset: number;
  readonly lastLsn: number;
  readonly damage: Damage | undefined;
  /** The length that the damaged frame claims for the part that is cut; 0 where there is none. */
  readonly damagedLength: number;
  /** Longest mask of each page, in flags = bytes. Frames that will be refused count too. */
  readonly largestMask: ReadonlyMap<bigint, number>;
  /** LSN of the last frame before `boundaryOffset`; undefined where no frame ends there. */
  readonly boundaryLsn: number | undefined;
  /** SHA-256 of the whole file. */
  readonly contentHash: Uint8Array;
}

/** Ids below 2^53 are cheaper keys as numbers. */
class LargestMasks {
  readonly #byId = new Map<number | bigint, number>();

  note(pageLo: number, pageHi: number, maskLength: number): void {
    const id = pageHi < 0x20_0000 ? pageHi * 4294967296 + pageLo : u64FromPair(pageLo, pageHi);
    const known = this.#byId.get(id);
    if (known === undefined || known < maskLength) this.#byId.set(id, maskLength);
  }

  entries(): Map<bigint, number> {
    return new Map([...this.#byId].map(([id, length]) => [BigInt(id), length]));
  }
}

/** A frame that the file does not hold to its end. */
interface CutFrame {
  readonly part: string;
  readonly length: number;
}

class FrameScanner {
  readonly #window: FileWindow;
  readonly #version: number;
  #cut: CutFrame | undefined;
  pageLo = 0;
  pageHi = 0;
  maskLength = 0;

  constructor(window: FileWindow, version: number) {
    this.#window = window;
    this.#version = version;
  }

  get cut(): CutFrame | undefined {
    return this.#cut;
  }

  /** Goes over one frame; false where it is cut. */
  next(): boolean {
    const window = this.#window;
    if (!this.#has(FRAME_HEAD_BYTES, "head")) return false;
    this.pageLo = readU32(window.bytes, window.at + 8);
    this.pageHi = readU32(window.bytes, window.at + 12);
    this.maskLength = readU32(window.bytes, window.at + 20);
    window.at += FRAME_HEAD_BYTES;
    if (!this.#skip(this.maskLength, "mask") || !this.#skipSized("payload")) return false;
    if (!this.#has(FRAME_TAIL_BYTES, "time and source length")) return false;
    window.at += FRAME_TAIL_BYTES - 4;
    return this.#skipSized("source") && (this.#version < 2 || this.#skipSized("metadata"));
  }

  #skipSized(part: string): boolean {
    const window = this.#window;
    if (!this.#has(4, `${part} length`)) return false;
    const length = readU32(window.bytes, window.at);
    window.at += 4;
    return this.#skip(length, part);
  }

  #has(count: number, part: string): boolean {
    return this.#window.has(count) || this.#fail(part, count);
  }

  #skip(count: number, part: string): boolean {
    return this.#window.skip(count) || this.#fail(part, count);
  }

  #fail(part: string, length: number): false {
    this.#cut = { part, length };
    return false;
  }
}

/**
 * Finds every frame of a log whose header was checked, in bounded memory: one window of bytes, and a few numbers for each block and
 * page. Only a failing device is an error; a log that is cut is `damage`. With `boundaryOffset`, a block begins there.
 */
export function scanMmsbLog1(
  file: LogFile,
  sizeBytes: number,
  version: number,
  boundaryOffset: number,
): Result<MmsbLog1Scan> {
  const hash = createHash("sha256");
  const window = new FileWindow(file, sizeBytes, (chunk) => hash.update(chunk));
  const scanner = new FrameScanner(window, version);
  const masks = new LargestMasks();
  const blockOffset: number[] = [];
  const blockFirstLsn: number[] = [];
  let boundaryLsn = boundaryOffset === MMSBLOG1_HEADER_BYTES ? 0 : undefined;
  let lsn = 0;
  let frameOffset = Math.min(MMSBLOG1_HEADER_BYTES, sizeBytes);
  let blockStart = -1;
  let blockFrames = 0;
  let damage = sizeBytes < MMSBLOG1_HEADER_BYTES ? cutHeader(file.path, sizeBytes) : undefined;
  let damagedLength = 0;

  window.skip(frameOffset);
  while (window.remaining > 0 && window.error === undefined) {
    if (!scanner.next()) {
      if (window.error !== undefined) break;
      const { part, length } = scanner.cut!;
      damage = cutFrame(file.path, frameOffset, sizeBytes, lsn, part, length);
      damagedLength = length;
      window.skip(window.remaining);
      break;
    }
    const frameEnd = window.offset;
    if (
      blockStart < 0 ||
      blockFrames === MAX_BLOCK_FRAMES ||
      frameEnd - blockStart > MAX_BLOCK_BYTES ||
      frameOffset === boundaryOffset
    ) {
      blockOffset.push(frameOffset);
      blockFirstLsn.push(lsn + 1);
      blockStart = frameOffset;
      blockFrames = 0;
    }
    blockFrames++;
    lsn++;
    masks.note(scanner.pageLo, scanner.pageHi, scanner.maskLength);
    frameOffset = frameEnd;
    if (frameEnd === boundaryOffset) boundaryLsn = lsn;
  }
  if (window.error !== undefined) return err(window.error);
  return ok({
    blockOffset,
    blockFirstLsn,
    endOffset: frameOffset,
    lastLsn: lsn,
    damage,
    damagedLength,
    largestMask: masks.entries(),
    boundaryLsn,
    contentHash: hash.digest(),
  });
}

function cutHeader(path: string, sizeBytes: number): Damage {
  const offset = MAGIC_BYTES;
  const error = new MmsbError(
    "FOREIGN_TRUNCATED",
    `the header ends after ${sizeBytes} of ${MMSBLOG1_HEADER_BYTES} bytes`,
    "Nothing of the log is left",
    { path, offset },
  );
  return { error, offset, path, lostBytes: sizeBytes - offset, afterLsn: 0 };
}

function cutFrame(
  path: string,
  offset: number,
  sizeBytes: number,
  afterLsn: number,
  part: string,
  length: number,
): Damage {
  const error = new MmsbError(
    "FOREIGN_TRUNCATED",
    `frame ${afterLsn + 1} is cut or malformed: its ${part} of ${length} bytes goes beyond the end of the file`,
    "Everything before it is readable; 'mmsb convert' keeps it",
    { path, offset, lsn: afterLsn + 1 },
  );
  return { error, offset, path, lostBytes: sizeBytes - offset, afterLsn };
}
