// The older program's formats and rules once more, written straight from their description and sharing nothing with the engine:
// what the tests compare it with.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll } from "vitest";

export interface NaiveFrame {
  deltaId: bigint;
  pageId: bigint;
  epoch: number;
  mask: Uint8Array;
  payload: Uint8Array;
  sparse: number;
  timestamp: bigint;
  source: Uint8Array;
  metadata: Uint8Array;
}

export const text = (value: string) => new Uint8Array(Buffer.from(value, "utf8"));

export function naiveFrame(fields: Partial<NaiveFrame> = {}): NaiveFrame {
  const none = new Uint8Array(0);
  return {
    deltaId: 1n,
    pageId: 1n,
    epoch: 1,
    mask: Uint8Array.of(1, 0, 1),
    payload: Uint8Array.of(7, 8, 9),
    sparse: 0,
    timestamp: 5n,
    source: text("test"),
    metadata: none,
    ...fields,
  };
}

export function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

export function u64(value: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(value);
  return bytes;
}

export function encodeFrame(version: number, frame: NaiveFrame): Buffer {
  return Buffer.concat([
    u64(frame.deltaId),
    u64(frame.pageId),
    u32(frame.epoch),
    u32(frame.mask.length),
    frame.mask,
    u32(frame.payload.length),
    frame.payload,
    Uint8Array.of(frame.sparse),
    u64(frame.timestamp),
    u32(frame.source.length),
    frame.source,
    ...(version === 1 ? [] : [u32(frame.metadata.length), frame.metadata]),
  ]);
}

export function encodeLog(version: number, frames: readonly NaiveFrame[]): Buffer {
  return Buffer.concat([
    Buffer.from("MMSBLOG1"),
    u32(version),
    ...frames.map((frame) => encodeFrame(version, frame)),
  ]);
}

/** Reads a log that is known to be whole. */
export function decodeLog(bytes: Buffer): { version: number; frames: NaiveFrame[] } {
  const version = bytes.readUInt32LE(8);
  const frames: NaiveFrame[] = [];
  let at = 12;
  const take = (count: number) => {
    const part = new Uint8Array(bytes.subarray(at, at + count));
    at += count;
    return part;
  };
  const takeU32 = () => Buffer.from(take(4)).readUInt32LE();
  const takeU64 = () => Buffer.from(take(8)).readBigUInt64LE();
  while (at < bytes.length) {
    frames.push({
      deltaId: takeU64(),
      pageId: takeU64(),
      epoch: takeU32(),
      mask: take(takeU32()),
      payload: take(takeU32()),
      sparse: take(1)[0]!,
      timestamp: takeU64(),
      source: take(takeU32()),
      metadata: version === 1 ? new Uint8Array(0) : take(takeU32()),
    });
  }
  return { version, frames };
}

export function setFlags(frame: NaiveFrame): number {
  return frame.mask.filter((flag) => flag !== 0).length;
}

export function isRefused(frame: NaiveFrame): boolean {
  return frame.payload.length !== (frame.sparse === 0 ? frame.mask.length : setFlags(frame));
}

/** A frame as it may come back: flags are 0 or 1, hidden payload bytes are zero. Refused frames come back as they were. */
export function normalized(frame: NaiveFrame): NaiveFrame {
  if (isRefused(frame)) return frame;
  const mask = frame.mask.map((flag) => (flag === 0 ? 0 : 1));
  const payload =
    frame.sparse !== 0 ? frame.payload : frame.payload.map((byte, i) => (mask[i] === 1 ? byte : 0));
  return { ...frame, mask, payload, sparse: frame.sparse === 0 ? 0 : 1 };
}

export interface NaivePage {
  bytes: Uint8Array;
  epoch: number;
}

export interface NaiveReplay {
  pages: Map<bigint, NaivePage>;
  applied: number;
  rejected: number;
  unknown: number;
}

/** The older program's rules: refuse what disagrees, pass over pages that are not there, cut at the page's end. */
export function naiveReplay(frames: readonly NaiveFrame[], pages: Map<bigint, NaivePage>): NaiveReplay {
  let applied = 0;
  let rejected = 0;
  let unknown = 0;
  for (const frame of frames) {
    const page = pages.get(frame.pageId);
    if (isRefused(frame)) {
      rejected++;
    } else if (page === undefined) {
      unknown++;
    } else {
      let next = 0;
      frame.mask.forEach((flag, i) => {
        if (flag === 0) return;
        const byte = frame.sparse === 0 ? frame.payload[i]! : frame.payload[next++]!;
        if (i < page.bytes.length) page.bytes[i] = byte;
      });
      page.epoch = frame.epoch;
      applied++;
    }
  }
  return { pages, applied, rejected, unknown };
}

export function largestMasks(frames: readonly NaiveFrame[]): Map<bigint, number> {
  const sizes = new Map<bigint, number>();
  for (const { pageId, mask } of frames) sizes.set(pageId, Math.max(sizes.get(pageId) ?? 0, mask.length));
  return sizes;
}

export interface NaiveSnapPage {
  id: bigint;
  epoch: number;
  location: number;
  /** Absent: the bare layout. */
  blob?: Uint8Array;
  data: Uint8Array;
}

export function encodeSnap(version: number, logOffset: bigint, pages: readonly NaiveSnapPage[]): Buffer {
  return Buffer.concat([
    Buffer.from("MMSBSNAP"),
    u32(version),
    u32(pages.length),
    u64(logOffset),
    ...pages.flatMap(({ id, epoch, location, blob, data }) => [
      u64(id),
      u64(BigInt(data.length)),
      u32(epoch),
      u32(location),
      ...(blob === undefined ? [] : [u32(blob.length), blob]),
      u32(data.length),
      data,
    ]),
  ]);
}

export function encodeBlob(entries: readonly (readonly [Uint8Array, Uint8Array])[]): Buffer {
  return Buffer.concat([
    u32(entries.length),
    ...entries.flatMap(([key, value]) => [u32(key.length), key, u32(value.length), value]),
  ]);
}

/** A folder of the test file's own, gone when it is done. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(path.join(tmpdir(), "mmsb-foreign-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
