import { accel } from "../../accel/index.ts";
import { fail, ok, type Result } from "../../base/result.ts";
import { type LogFile, type LogFileSystem, nodeFileSystem } from "../file-system.ts";
import type { RecordBatch } from "../record-batch.ts";
import type {
  CheckpointImage,
  CheckpointRef,
  Damage,
  Known,
  LsnGap,
  RecordSource,
} from "../record-source.ts";
import { isBincodeLog } from "./bincode-log.ts";
import { readU32, WINDOW_BYTES } from "./file-window.ts";
import { FrameDecoder } from "./frame-decoder.ts";
import { buildGenesis, checkPageSizes, MAX_PAGE_BYTES } from "./genesis.ts";
import { MAGIC_BYTES, MMSBLOG1_HEADER_BYTES, MMSBLOG1_MAGIC } from "./mmsblog1-frame.ts";
import { type MmsbLog1Scan, scanMmsbLog1 } from "./mmsblog1-scan.ts";
import type { MmsbSnap } from "./mmsbsnap.ts";
import { encodeScan, type SavedScan } from "./saved-scan.ts";

/** The largest frame that is decoded: a densely written page of 256 MiB. */
export const MAX_FRAME_BYTES = 2 ** 29;

export interface MmsbLog1Options {
  /**
   * Pages that exist at the start, zeroed, with their sizes in bytes; deltas for others have no page. Without sizes and snapshot, each
   * page is as long as its longest mask (0 bytes where all are empty).
   */
  readonly pageSizes?: ReadonlyMap<bigint, number>;
  /** The state to start from: its pages, at the frame that its log offset names. Stays the caller's to close, after the source. */
  readonly snapshot?: MmsbSnap;
  readonly fileSystem?: LogFileSystem;
  /** What an index at hand says of the log: where it still fits, and there is no snapshot, the file is not gone over. */
  readonly known?: Known<SavedScan> | undefined;
}

/** Not read yet, so its checksum is not known. */
const UNKNOWN_CRC = -1;

/**
 * A log of the older Rust MMSB (layout: `mmsblog1-frame.ts`) as a recording: frame k is LSN k, and its pages stand in a genesis
 * checkpoint. It is read as it stood when it was opened. With a snapshot, the recording begins after the frames that are in it.
 */
export class MmsbLog1Source implements RecordSource {
  readonly format = "mmsblog1" as const;
  readonly path: string;
  /** 1 or 2; 0 where the file is cut before it says. */
  readonly formatVersion: number;
  readonly uuid: Uint8Array;
  readonly fileBytes: number;
  readonly lastBlockCrc: number;
  readonly complete: boolean;
  readonly closed = true;
  readonly firstLsn: number;
  readonly lastLsn: number;
  readonly committedLsn: number;
  readonly damage: readonly Damage[];
  readonly gaps: readonly LsnGap[] = [];
  readonly checkpoints: readonly CheckpointRef[];
  readonly blockCount: number;
  readonly #file: LogFile;
  readonly #scan: MmsbLog1Scan;
  readonly #genesis: CheckpointImage;
  /** Blocks before this one hold frames that the snapshot includes. */
  readonly #firstBlock: number;
  readonly #decoder: FrameDecoder;
  /** When the file was last written to before it was gone over; undefined where that is not known, or not all of it was of interest. */
  readonly #modifiedNs: bigint | undefined;
  /** CRC32C of each block as it was first read, or as the index says. */
  readonly #blockCrc: Float64Array;
  #known: Known<SavedScan> | undefined;

  private constructor(
    file: LogFile,
    { version, fileBytes, modifiedNs, scan, known }: Identified,
    genesis: CheckpointImage,
    lastBlockCrc: number,
  ) {
    this.#file = file;
    this.#scan = scan;
    this.#genesis = genesis;
    this.#decoder = new FrameDecoder(version);
    this.#modifiedNs = modifiedNs;
    this.#known = known;
    const { length } = scan.blockOffset;
    this.#blockCrc =
      known === undefined
        ? new Float64Array(length).fill(UNKNOWN_CRC)
        : Float64Array.from(known.found.blockCrc);
    if (length > 0) this.#blockCrc[length - 1] = lastBlockCrc;
    this.path = file.path;
    this.formatVersion = version;
    this.uuid = scan.contentHash.slice(0, 16);
    this.fileBytes = fileBytes;
    this.lastBlockCrc = lastBlockCrc;
    this.damage = scan.damage === undefined ? [] : [scan.damage];
    this.complete = scan.damage === undefined;
    this.firstLsn = genesis.ref.lsn + 1;
    this.lastLsn = scan.lastLsn;
    this.committedLsn = scan.lastLsn;
    this.checkpoints = [genesis.ref];
    const { blockFirstLsn } = scan;
    this.#firstBlock = lowerBound(blockFirstLsn, this.firstLsn);
    this.blockCount = blockFirstLsn.length - this.#firstBlock;
  }

  /**
   * Reads the file once, in bounded memory; with a known scan that fits, two blocks of it. A log that is cut or damaged opens to its last good frame. Errors: LOG_NOT_A_LOG,
   * LOG_VERSION, FOREIGN_BINCODE, FOREIGN_FORMAT (the snapshot is of another log), PAGE_SIZE_INVALID, I/O.
   */
  static open(path: string, options: MmsbLog1Options = {}): Result<MmsbLog1Source> {
    const file = (options.fileSystem ?? nodeFileSystem).open(path, "read");
    if (!file.ok) return file;
    const source = MmsbLog1Source.#open(file.value, options);
    if (!source.ok) file.value.close();
    return source;
  }

  static #open(file: LogFile, options: MmsbLog1Options): Result<MmsbLog1Source> {
    const size = file.size();
    if (!size.ok) return size;
    const version = readVersion(file);
    if (!version.ok) return version;
    const { pageSizes, snapshot } = options;
    if (pageSizes !== undefined) {
      const checked = checkPageSizes(pageSizes);
      if (!checked.ok) return checked;
    }
    const { logOffset = 0n } = snapshot ?? {};
    const boundary = logOffset === 0n ? MMSBLOG1_HEADER_BYTES : Number(logOffset);
    const modified = file.modifiedNs();
    const modifiedNs = snapshot === undefined && modified.ok ? modified.value : undefined;
    const found = { version: version.value, fileBytes: size.value, modifiedNs };
    const known = options.known !== undefined && fits(file, options.known, found) ? options.known : undefined;
    const scanned =
      known === undefined ? scanMmsbLog1(file, size.value, version.value, boundary) : ok(known.found.scan);
    if (!scanned.ok) return scanned;
    const scan = scanned.value;
    if (scan.damage !== undefined && isBincodeLog(file, size.value, scan.lastLsn, scan.damagedLength)) {
      return fail(
        "FOREIGN_BINCODE",
        "this log holds bincode entries under the name of MMSBLOG1, not frames",
        "A later program wrote it; MMSB reads the frames of versions 1 and 2 only",
        { path: file.path, offset: MMSBLOG1_HEADER_BYTES },
      );
    }
    if (scan.boundaryLsn === undefined) {
      return fail(
        "FOREIGN_FORMAT",
        `the snapshot continues at byte ${logOffset} of the log, where no frame begins`,
        scan.damage === undefined
          ? "Give the snapshot that was taken of this log"
          : "The log is damaged before that place; replay it without the snapshot",
        { path: file.path, offset: boundary },
      );
    }
    const sizes = pageSizes ?? (snapshot === undefined ? derivedSizes(scan) : NO_SIZES);
    const genesis = buildGenesis(scan.boundaryLsn, sizes, snapshot);
    if (!genesis.ok) return genesis;
    const crc = crcOfBlock(file, scan, scan.blockOffset.length - 1);
    if (!crc.ok) return crc;
    return ok(new MmsbLog1Source(file, { ...found, scan, known }, genesis.value, crc.value));
  }

  blockFirstLsn(block: number): number {
    return this.#scan.blockFirstLsn[this.#firstBlock + block]!;
  }

  blockRecordCount(block: number): number {
    const next = this.#scan.blockFirstLsn[this.#firstBlock + block + 1] ?? this.lastLsn + 1;
    return next - this.blockFirstLsn(block);
  }

  findBlock(lsn: number): number {
    if (lsn < this.firstLsn || lsn > this.lastLsn) return -1;
    return lowerBound(this.#scan.blockFirstLsn, lsn + 1) - 1 - this.#firstBlock;
  }

  readBlock(block: number, into: RecordBatch): Result<void> {
    const index = this.#firstBlock + block;
    const { blockOffset, endOffset } = this.#scan;
    const offset = blockOffset[index]!;
    const lengthBytes = (blockOffset[index + 1] ?? endOffset) - offset;
    const firstLsn = this.blockFirstLsn(block);
    const place = { path: this.path, offset, lsn: firstLsn };
    if (lengthBytes > MAX_FRAME_BYTES) {
      const remedy = `Frames of at most ${MAX_FRAME_BYTES} bytes are read`;
      return fail("LIMIT_EXCEEDED", `the frame has ${lengthBytes} bytes`, remedy, place);
    }
    const bytes = this.#decoder.buffer(lengthBytes);
    const read = this.#file.read(bytes, offset);
    if (!read.ok) return read;
    if (read.value !== lengthBytes) return changed(this.path, offset);
    const crc = accel.crc32c(bytes.subarray(0, lengthBytes));
    if (this.#blockCrc[index] === UNKNOWN_CRC) this.#blockCrc[index] = crc;
    if (this.#blockCrc[index] !== crc) {
      this.#known?.refuted();
      this.#known = undefined;
      const remedy = "The file has changed since it was opened; open it again";
      return fail("LOG_BLOCK_DAMAGED", "a block is no longer what it was", remedy, place);
    }
    return this.#decoder.decode(bytes, firstLsn, this.blockRecordCount(block), into, place);
  }

  loadCheckpoint(ref: CheckpointRef): Result<CheckpointImage> {
    if (ref.lsn === this.#genesis.ref.lsn && ref.kind === "full") return ok(this.#genesis);
    const message = `there is no checkpoint at LSN ${ref.lsn}`;
    return fail("CHECKPOINT_NOT_FOUND", message, "Use one of the recording's own", {
      path: this.path,
      lsn: ref.lsn,
    });
  }

  /** Never: sizes and identity of a foreign log follow from the whole file as it was opened. */
  refresh(): Result<boolean> {
    return ok(false);
  }

  savedDirectory(): Uint8Array | undefined {
    if (this.#modifiedNs === undefined || this.damage.length > 0) return undefined;
    for (let block = 0; block < this.#blockCrc.length; block++) {
      if (this.#blockCrc[block] !== UNKNOWN_CRC) continue;
      const crc = crcOfBlock(this.#file, this.#scan, block);
      if (!crc.ok) return undefined;
      this.#blockCrc[block] = crc.value;
    }
    return encodeScan({
      version: this.formatVersion,
      fileBytes: this.fileBytes,
      modifiedNs: this.#modifiedNs,
      scan: this.#scan,
      blockCrc: Uint32Array.from(this.#blockCrc),
    });
  }

  close(): void {
    this.#file.close();
  }
}

const NO_SIZES: ReadonlyMap<bigint, number> = new Map();

/** 0 where the file ends within the version number. */
function readVersion(file: LogFile): Result<number> {
  const header = new Uint8Array(MMSBLOG1_HEADER_BYTES);
  const read = file.read(header, 0);
  if (!read.ok) return read;
  const { path } = file;
  if (MMSBLOG1_MAGIC.some((byte, i) => i >= read.value || header[i] !== byte)) {
    return fail("LOG_NOT_A_LOG", "this is no MMSBLOG1 file", "Check the path", { path, offset: 0 });
  }
  if (read.value < MMSBLOG1_HEADER_BYTES) return ok(0);
  const version = readU32(header, MAGIC_BYTES);
  if (version === 1 || version === 2) return ok(version);
  const remedy = "Versions 1 and 2 are read; convert it with the program that wrote it";
  return fail("LOG_VERSION", `MMSBLOG1 version ${version} is unknown`, remedy, {
    path,
    offset: MAGIC_BYTES,
  });
}

function derivedSizes(scan: MmsbLog1Scan): ReadonlyMap<bigint, number> {
  return new Map([...scan.largestMask].map(([id, length]) => [id, Math.min(length, MAX_PAGE_BYTES)]));
}

/** What the constructor is told of the file. */
interface Identified {
  readonly version: number;
  readonly fileBytes: number;
  readonly modifiedNs: bigint | undefined;
  readonly scan: MmsbLog1Scan;
  readonly known: Known<SavedScan> | undefined;
}

/**
 * Whether the log is still the one that was gone over: as long, last written to at the same time and before the index was, and with the
 * same last block.
 */
function fits(file: LogFile, known: Known<SavedScan>, found: Omit<Identified, "scan" | "known">): boolean {
  const { found: saved, writtenNs } = known;
  if (saved.version !== found.version || saved.fileBytes !== found.fileBytes) return false;
  if (saved.modifiedNs !== found.modifiedNs || saved.modifiedNs >= writtenNs) return false;
  const last = saved.blockCrc.length - 1;
  const crc = crcOfBlock(file, saved.scan, last);
  return last < 0 || (crc.ok && crc.value === saved.blockCrc[last]);
}

/** CRC32C of a block, in bounded memory; 0 of one that is not there. */
function crcOfBlock(file: LogFile, { blockOffset, endOffset }: MmsbLog1Scan, block: number): Result<number> {
  let offset = blockOffset[block] ?? endOffset;
  const end = blockOffset[block + 1] ?? endOffset;
  const chunk = new Uint8Array(Math.min(WINDOW_BYTES, end - offset));
  let crc = 0;
  while (offset < end) {
    const part = chunk.subarray(0, Math.min(chunk.length, end - offset));
    const read = file.read(part, offset);
    if (!read.ok) return read;
    if (read.value !== part.length) return changed(file.path, offset);
    crc = accel.crc32c(part, crc);
    offset += part.length;
  }
  return ok(crc);
}

function changed(path: string, offset: number): ReturnType<typeof fail> {
  return fail("FOREIGN_TRUNCATED", "the log became shorter while it was open", "Open it again", {
    path,
    offset,
  });
}

/** Index of the first value that is not below `wanted`. */
function lowerBound(values: readonly number[], wanted: number): number {
  let low = 0;
  let high = values.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (values[middle]! < wanted) low = middle + 1;
    else high = middle;
  }
  return low;
}
