/**
 * What a walk over all blocks of an undamaged recording tells, as bytes: kept in the index file, so that the next reader need not walk.
 * A set of columns (`index/column-codec.ts`); rows: segments, blocks, overflow blocks, checkpoints, chunks of checkpoints; then totals.
 * It is only kept of a recording without damage or gaps, so it holds no findings. Layout: docs/SerializationSpec.md, I8; its version is
 * the index's.
 */
import { ok, type Result } from "../base/result.ts";
import type { CheckpointChunks } from "./block-directory.ts";
import { GrowableF64 } from "./growable-f64.ts";
import { decodeColumns, encodeColumns } from "./index/column-codec.ts";
import type { LogScan } from "./log-scan.ts";
import type { LogSegment } from "./log-segment.ts";
import type { CheckpointRef } from "./record-source.ts";

const HASH_BYTES = 32;
const UUID_BYTES = 16;

const SHAPE = {
  uuid: "u8",
  segmentNumber: "f64",
  segmentBytes: "f64",
  segmentEnd: "f64",
  segmentNextSequence: "f64",
  /** 1 born, 2 ended */
  segmentFlags: "u8",
  blockSegment: "u32",
  blockOffset: "f64",
  blockBytes: "u32",
  blockFirstLsn: "f64",
  blockRecords: "u32",
  overflowSequence: "f64",
  overflowSegment: "u32",
  overflowOffset: "f64",
  checkpointLsn: "f64",
  checkpointBaseLsn: "f64",
  checkpointRecordLsn: "f64",
  checkpointBytes: "f64",
  /** 0 full, 1 dirty */
  checkpointKind: "u8",
  /** state hash and structure hash, by turns */
  checkpointHashes: "u8",
  /** where its chunks begin below; one more entry ends the last */
  checkpointChunk: "u32",
  chunkSegment: "u32",
  chunkOffset: "f64",
  /** first LSN, last LSN, committed LSN, open transaction, next sequence, closed by its writer, last block's segment, offset and CRC */
  totals: "f64",
  lastTime: "u64",
} as const;

const TOTALS = 9;

/** A recording as it was when it was walked. */
export interface SavedDirectory {
  readonly uuid: Uint8Array;
  readonly segments: readonly Omit<LogSegment, "path" | "file" | "tailDamage">[];
  readonly lastBlock: LogScan["lastBlock"];
  /** Makes a fresh scan, whose segments are open already, one that has walked all blocks. */
  restore(scan: LogScan): void;
}

/** Undefined where the recording is damaged or a checkpoint is being written: such a one is walked each time. */
export function encodeDirectory(scan: LogScan): Uint8Array | undefined {
  const { segments, directory, checkpoints, chunks, lastBlock } = scan;
  if (scan.damage.length > 0 || scan.gaps.length > 0 || scan.isInCheckpoint) return undefined;
  const f64 = (column: GrowableF64) => column.values();
  const u32 = (column: GrowableF64) => Uint32Array.from(column.values());
  const streams = checkpoints.map((ref) => chunks.get(ref)!);
  const starts = new Uint32Array(streams.length + 1);
  streams.forEach((stream, i) => {
    starts[i + 1] = starts[i]! + stream.offsets.length;
  });
  return encodeColumns(SHAPE, {
    uuid: scan.uuid,
    segmentNumber: Float64Array.from(segments, (segment) => segment.number),
    segmentBytes: Float64Array.from(segments, (segment) => segment.sizeBytes),
    segmentEnd: Float64Array.from(segments, (segment) => segment.endOffset),
    segmentNextSequence: Float64Array.from(segments, (segment) => segment.nextSequence),
    segmentFlags: Uint8Array.from(segments, ({ born, ended }) => (born ? 1 : 0) + (ended ? 2 : 0)),
    blockSegment: u32(directory.segment),
    blockOffset: f64(directory.offset),
    blockBytes: u32(directory.lengthBytes),
    blockFirstLsn: f64(directory.firstLsn),
    blockRecords: u32(directory.recordCount),
    overflowSequence: f64(directory.overflowSequence),
    overflowSegment: u32(directory.overflowSegment),
    overflowOffset: f64(directory.overflowOffset),
    checkpointLsn: Float64Array.from(checkpoints, (ref) => ref.lsn),
    checkpointBaseLsn: Float64Array.from(checkpoints, (ref) => ref.baseLsn),
    checkpointRecordLsn: Float64Array.from(checkpoints, (ref) => ref.recordLsn),
    checkpointBytes: Float64Array.from(checkpoints, (ref) => ref.sizeBytes),
    checkpointKind: Uint8Array.from(checkpoints, (ref) => (ref.kind === "full" ? 0 : 1)),
    checkpointHashes: joined(checkpoints.flatMap((ref) => [ref.stateHash, ref.structureHash])),
    checkpointChunk: starts,
    chunkSegment: Uint32Array.from(streams.flatMap((stream) => stream.segments)),
    chunkOffset: Float64Array.from(streams.flatMap((stream) => stream.offsets)),
    totals: Float64Array.of(
      scan.firstLsn,
      scan.lastLsn,
      scan.committedLsn,
      scan.openTransactionLsn,
      scan.nextSequence,
      scan.closedByWriter ? 1 : 0,
      lastBlock.segment,
      lastBlock.offset,
      lastBlock.crc,
    ),
    lastTime: BigUint64Array.of(scan.lastTimestampNs),
  });
}

/** `bytes` must start at a multiple of 8 of its buffer. Errors: INDEX_DAMAGED. */
export function decodeDirectory(bytes: Uint8Array): Result<SavedDirectory | undefined> {
  const decoded = decodeColumns(SHAPE, bytes);
  if (!decoded.ok) return decoded;
  const c = decoded.value;
  const blocks = [c.blockSegment, c.blockBytes, c.blockFirstLsn, c.blockRecords];
  const checkpoints = c.checkpointLsn.length;
  const isWhole =
    c.uuid.length === UUID_BYTES &&
    c.totals.length === TOTALS &&
    c.lastTime.length === 1 &&
    c.segmentNumber.length > 0 &&
    c.segmentBytes.length === c.segmentNumber.length &&
    blocks.every((column) => column.length === c.blockOffset.length) &&
    c.checkpointHashes.length === checkpoints * 2 * HASH_BYTES &&
    c.checkpointChunk.length === checkpoints + 1 &&
    c.chunkOffset.length === c.chunkSegment.length &&
    c.checkpointChunk[checkpoints] === c.chunkOffset.length;
  if (!isWhole) return { ok: true, value: undefined };
  const [firstLsn, lastLsn, committedLsn, openTransactionLsn, nextSequence, closed, segment, offset, crc] =
    c.totals as unknown as [number, number, number, number, number, number, number, number, number];
  const lastBlock = { segment, offset, crc };
  return ok({
    uuid: c.uuid,
    lastBlock,
    segments: Array.from(c.segmentNumber, (number, i) => ({
      number,
      sizeBytes: c.segmentBytes[i]!,
      endOffset: c.segmentEnd[i]!,
      nextSequence: c.segmentNextSequence[i]!,
      born: (c.segmentFlags[i]! & 1) !== 0,
      ended: (c.segmentFlags[i]! & 2) !== 0,
    })),
    restore(scan) {
      const { directory } = scan;
      scan.uuid = c.uuid.slice();
      scan.started = true;
      scan.lastBlock = lastBlock;
      scan.closedByWriter = closed === 1;
      scan.firstLsn = firstLsn;
      scan.lastLsn = lastLsn;
      scan.committedLsn = committedLsn;
      scan.openTransactionLsn = openTransactionLsn;
      scan.nextSequence = nextSequence;
      scan.lastTimestampNs = c.lastTime[0]!;
      directory.segment = GrowableF64.of(c.blockSegment);
      directory.offset = GrowableF64.of(c.blockOffset);
      directory.lengthBytes = GrowableF64.of(c.blockBytes);
      directory.firstLsn = GrowableF64.of(c.blockFirstLsn);
      directory.recordCount = GrowableF64.of(c.blockRecords);
      directory.overflowSequence = GrowableF64.of(c.overflowSequence);
      directory.overflowSegment = GrowableF64.of(c.overflowSegment);
      directory.overflowOffset = GrowableF64.of(c.overflowOffset);
      for (let i = 0; i < checkpoints; i++) {
        const hash = (at: number) => c.checkpointHashes.slice(at * HASH_BYTES, (at + 1) * HASH_BYTES);
        const ref: CheckpointRef = {
          lsn: c.checkpointLsn[i]!,
          kind: c.checkpointKind[i] === 0 ? "full" : "dirty",
          baseLsn: c.checkpointBaseLsn[i]!,
          recordLsn: c.checkpointRecordLsn[i]!,
          stateHash: hash(2 * i),
          structureHash: hash(2 * i + 1),
          sizeBytes: c.checkpointBytes[i]!,
        };
        const [from, to] = [c.checkpointChunk[i]!, c.checkpointChunk[i + 1]!];
        const chunks: CheckpointChunks = {
          segments: Array.from(c.chunkSegment.subarray(from, to)),
          offsets: Array.from(c.chunkOffset.subarray(from, to)),
        };
        scan.checkpoints.push(ref);
        scan.chunks.set(ref, chunks);
      }
    },
  });
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.length * HASH_BYTES);
  parts.forEach((part, i) => {
    out.set(part, i * HASH_BYTES);
  });
  return out;
}
