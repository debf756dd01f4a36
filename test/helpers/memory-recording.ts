// A recording that never touches a disk: records as objects, served in blocks. For tests of everything that reads recordings.
import { createHash } from "node:crypto";
import { accel } from "../../engine/accel/index.ts";
import { EMPTY_BYTES, utf8Encode } from "../../engine/base/bytes.ts";
import { fail, ok, type Result, unwrap } from "../../engine/base/result.ts";
import { highOf, highOfNumber, lowOf } from "../../engine/base/u64.ts";
import { deltaBodyBound, encodeDeltaBody } from "../../engine/deltas/delta-body.ts";
import type { RecordBatch } from "../../engine/log/record-batch.ts";
import { RecordKind } from "../../engine/log/record-kinds.ts";
import type {
  CheckpointImage,
  CheckpointRef,
  Damage,
  LsnGap,
  RecordingFormat,
  RecordSource,
} from "../../engine/log/record-source.ts";
import type { Edge, PageImage } from "../../engine/pages/page-types.ts";
import { hashPageBytes, stateHashOf, structureHash } from "../../engine/pages/state-hash.ts";

export interface TestRecord {
  readonly kind: number;
  readonly page?: bigint;
  readonly epoch?: number;
  readonly timeNs?: bigint;
  readonly source?: string;
  readonly cause?: number;
  readonly flags?: number;
  readonly body?: Uint8Array;
}

/** A delta's body from ranges and bytes given as `[offset, bytes]`, ascending and apart. */
export function deltaBody(
  ...runs: readonly (readonly [offset: number, bytes: Uint8Array | readonly number[]])[]
): Uint8Array {
  const payload = Uint8Array.from(runs.flatMap(([, bytes]) => [...bytes]));
  const out = new Uint8Array(deltaBodyBound(runs.length, payload.length));
  const end = encodeDeltaBody(
    Uint32Array.from(runs, ([offset]) => offset),
    Uint32Array.from(runs, ([, bytes]) => bytes.length),
    0,
    runs.length,
    payload,
    0,
    out,
    0,
  );
  return out.slice(0, end);
}

export interface MemoryState {
  readonly lsn: number;
  readonly pages: readonly PageImage[];
  readonly edges: readonly Edge[];
}

/** A checkpoint image over pages in memory; ids in order. */
export function imageOf(state: MemoryState, recordLsn = 0): CheckpointImage {
  const rows = state.pages.map((page) => ({ ...page, sha256: hashPageBytes(page.bytes) }));
  const ref: CheckpointRef = {
    lsn: state.lsn,
    kind: "full",
    baseLsn: 0,
    recordLsn,
    stateHash: stateHashOf(rows),
    structureHash: structureHash(state.pages, state.edges),
    sizeBytes: state.pages.reduce((sum, page) => sum + page.sizeBytes, 0),
  };
  return {
    ref,
    pages: state.pages,
    destroyed: [],
    edges: state.edges,
    registrations: [],
    readPage(index, out) {
      out.set(state.pages[index]!.bytes);
      return ok();
    },
  };
}

export class MemorySource implements RecordSource {
  path = "/nowhere/test.tlog";
  readonly format: RecordingFormat = "mmsb";
  readonly formatVersion = 1;
  uuid = new Uint8Array(16).fill(7);
  complete = true;
  closed = true;
  firstLsn = 1;
  damage: readonly Damage[] = [];
  gaps: LsnGap[] = [];
  committed: number | undefined;
  readonly images: CheckpointImage[] = [];
  readonly records: TestRecord[] = [];
  /** Records that can be seen: less than all where the recording is still being written. */
  visible = Number.POSITIVE_INFINITY;
  readonly #blocks: { first: number; count: number; openLsn: number }[] = [];
  #laidOut = -1;
  readonly #blockRecords: number;
  isClosed = false;
  blocksRead = 0;

  constructor(blockRecords = 100, genesis: MemoryState = { lsn: 0, pages: [], edges: [] }) {
    this.#blockRecords = blockRecords;
    this.firstLsn = genesis.lsn + 1;
    this.images.push(imageOf(genesis));
  }

  get fileBytes(): number {
    return 64 + this.#count * 100;
  }

  get lastBlockCrc(): number {
    const last = this.records[Math.min(this.records.length, this.visible) - 1];
    return last === undefined ? 0 : accel.crc32c(last.body ?? EMPTY_BYTES, this.#count);
  }

  get #count(): number {
    return Math.min(this.records.length, this.visible);
  }

  get lastLsn(): number {
    return this.firstLsn - 1 + this.#count;
  }

  get committedLsn(): number {
    return Math.min(this.committed ?? this.lastLsn, this.lastLsn);
  }

  get checkpoints(): readonly CheckpointRef[] {
    return this.images.map((image) => image.ref).filter((ref) => ref.lsn <= this.lastLsn);
  }

  /** Appends a record and returns its LSN. */
  add(record: TestRecord): number {
    this.records.push(record);
    return this.firstLsn + this.records.length - 1;
  }

  /** Makes records unreadable, as damage in the middle of a file does. */
  lose(fromLsn: number, toLsn: number): void {
    this.gaps.push({ fromLsn, toLsn });
    this.gaps.sort((a, b) => a.fromLsn - b.fromLsn);
    this.#laidOut = -1;
  }

  #layOut(): { first: number; count: number; openLsn: number }[] {
    if (this.#laidOut === this.#count) return this.#blocks;
    this.#laidOut = this.#count;
    this.#blocks.length = 0;
    let openLsn = 0;
    let block: { first: number; count: number; openLsn: number } | undefined;
    for (let i = 0; i < this.#count; i++) {
      const lsn = this.firstLsn + i;
      const isLost = this.gaps.some((gap) => gap.fromLsn <= lsn && lsn <= gap.toLsn);
      if (isLost) block = undefined;
      else if (block === undefined || block.count === this.#blockRecords) {
        block = { first: lsn, count: 1, openLsn };
        this.#blocks.push(block);
      } else block.count++;
      const kind = this.records[i]!.kind;
      if (kind === RecordKind.TransactionBegin) openLsn = lsn;
      else if (kind === RecordKind.TransactionCommit || kind === RecordKind.TransactionAbort) openLsn = 0;
    }
    return this.#blocks;
  }

  get blockCount(): number {
    return this.#count === 0 ? 0 : this.#layOut().length;
  }

  blockFirstLsn(block: number): number {
    return this.#layOut()[block]!.first;
  }

  blockRecordCount(block: number): number {
    return this.#layOut()[block]!.count;
  }

  findBlock(lsn: number): number {
    const blocks = this.#layOut();
    let low = 0;
    let high = this.#count === 0 ? 0 : blocks.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (blocks[middle]!.first <= lsn) low = middle + 1;
      else high = middle;
    }
    const found = blocks[low - 1];
    return found !== undefined && lsn < found.first + found.count ? low - 1 : -1;
  }

  readBlock(block: number, into: RecordBatch): Result<void> {
    this.blocksRead++;
    const { first, count, openLsn } = this.#layOut()[block]!;
    into.firstLsn = first;
    into.count = count;
    into.openTransactionLsn = openLsn;
    const strings = new Map<string, number>();
    let bodyBytes = 0;
    for (let row = 0; row < count; row++) {
      const lsn = first + row;
      const record = this.records[lsn - this.firstLsn]!;
      const { page = 0n, timeNs = BigInt(lsn) * 1000n, source = "test", body = EMPTY_BYTES } = record;
      if (!strings.has(source)) strings.set(source, strings.size);
      into.kind[row] = record.kind;
      into.flags[row] = record.flags ?? 0;
      into.timeLo[row] = lowOf(timeNs);
      into.timeHi[row] = highOf(timeNs);
      into.pageLo[row] = lowOf(page);
      into.pageHi[row] = highOf(page);
      into.epoch[row] = record.epoch ?? 0;
      into.deltaIdLo[row] = lsn >>> 0;
      into.deltaIdHi[row] = highOfNumber(lsn);
      into.source[row] = strings.get(source)!;
      into.cause[row] = record.cause ?? 0;
      into.maskLength[row] = 0;
      into.bodyStart[row] = bodyBytes;
      into.bodyLength[row] = body.length;
      into.metaLength[row] = 0;
      bodyBytes += body.length;
    }
    into.strings = [...strings.keys()];
    into.bytes = new Uint8Array(bodyBytes);
    for (let row = 0; row < count; row++) {
      into.bytes.set(this.records[first + row - this.firstLsn]!.body ?? EMPTY_BYTES, into.bodyStart[row]!);
    }
    return ok();
  }

  loadCheckpoint(ref: CheckpointRef): Result<CheckpointImage> {
    const image = this.images.find((candidate) => candidate.ref.lsn === ref.lsn);
    return image === undefined
      ? fail("CHECKPOINT_NOT_FOUND", "no such checkpoint", "Ask for another")
      : ok(image);
  }

  refresh(): Result<boolean> {
    const before = this.#count;
    this.visible = Number.POSITIVE_INFINITY;
    return ok(this.#count > before);
  }

  close(): void {
    this.isClosed = true;
  }
}

export function sha256Hex(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

export { unwrap, utf8Encode };
