/** The index file's root and what stands around it; its layout is in `index-header.ts`. */
import { accel } from "../../accel/index.ts";
import { ByteReader, ByteWriter, bytesEqual } from "../../base/bytes.ts";
import { type ErrorCode, MmsbError } from "../../base/errors.ts";
import { err, ok, type Result } from "../../base/result.ts";
import type { LogFile } from "../file-system.ts";
import { decodeScan, type SavedScan } from "../foreign/saved-scan.ts";
import { baseOf, type LsnGap, type RecordSource } from "../record-source.ts";
import { decodeDirectory, type SavedDirectory } from "../saved-directory.ts";
import { CHUNK_BYTES, type ChunkStore } from "./chunk-store.ts";
import { type ColumnsOf, columnParts, decodeColumns } from "./column-codec.ts";
import { F64Column, U8Column, U32Column } from "./growable.ts";
import { IdSlots } from "./id-slots.ts";
import {
  BASE_HASH_BYTES,
  CHUNKS_AT,
  damagedIndex as damaged,
  encodeIndexHeader,
  type IndexHeader,
  readIndexHeader,
  readIndexPart,
  staleIndex,
} from "./index-header.ts";
import type { RunHeader } from "./index-run.ts";
import { IndexTables, Names } from "./index-tables.ts";

const ROOT_SHAPE = {
  idLo: "u32",
  idHi: "u32",
  slotLife: "u32",
  slotEpoch: "f64",
  slotSinceKey: "f64",
  slotRunsSinceKey: "u32",
  slotGaps: "u32",
  slotUncertain: "u32",
  slotEntry: "u32",
  entryRun: "u32",
  entryRow: "u32",
  entryPrevious: "u32",
  lifeSlot: "u32",
  lifePrevious: "u32",
  lifeFromLsn: "f64",
  lifeUntilLsn: "f64",
  lifeSizeBytes: "f64",
  lifeEpoch: "f64",
  lifeType: "u32",
  lifeLocation: "u8",
  lifeFlags: "u8",
  lifeVersion: "u32",
  versionPrevious: "u32",
  versionLsn: "f64",
  versionKind: "u8",
  versionValue: "u8",
  edgeFromLo: "u32",
  edgeFromHi: "u32",
  edgeToLo: "u32",
  edgeToHi: "u32",
  edgeType: "u8",
  edgeFromLsn: "f64",
  edgeUntilLsn: "f64",
  uncertainSlot: "u32",
  uncertainFromLsn: "f64",
  uncertainUntilLsn: "f64",
  gapLsns: "f64",
  mendLsns: "f64",
  mendGaps: "f64",
  sourceRecords: "f64",
  kindRecords: "f64",
  /** applied, unknown, rejected, skipped, base LSN, LSN that replay stops at (0 = none). */
  totals: "f64",
  /** first and last time */
  times: "u64",
  /** from and to LSN of every gap of the recording, by turns */
  lostLsns: "f64",
  /** one line a run: first and last LSN, open transaction, blocks, block check, body bytes, tables at, tables bytes, cluster at */
  runs: "f64",
  runMaxTime: "u64",
  chunkCrc: "u32",
} as const;

const RUN_NUMBERS = 9;

export interface IndexContent {
  readonly tables: IndexTables;
  readonly headers: RunHeader[];
  readonly baseLsn: number;
}

/** What an index file says about itself, before it is believed. */
export interface LoadedIndex extends IndexContent {
  readonly fileBytes: number;
  readonly lastBlockCrc: number;
  readonly gaps: readonly LsnGap[];
  readonly chunkCrcs: Uint32Array;
}

/** Writes root, directory and header, in slices of about a millisecond; the chunks stand at `CHUNKS_AT` already. */
export function* writingIndex(
  file: LogFile,
  content: IndexContent,
  source: RecordSource,
  store: ChunkStore,
): Generator<void, Result<void>> {
  const rootAt = CHUNKS_AT + store.crcs.length * CHUNK_BYTES;
  let at = rootAt;
  let crc = 0;
  for (const part of rootParts(content, source.gaps, store.crcs)) {
    const written = file.write([part], at);
    if (!written.ok) return written;
    at += part.length;
    crc = accel.crc32c(part, crc);
    yield;
  }
  const directory = source.savedDirectory?.() ?? new Uint8Array(0);
  const written = file.write([directory], at);
  if (!written.ok) return written;
  const header = encodeIndexHeader({
    uuid: source.uuid,
    fileBytes: source.fileBytes,
    lastBlockCrc: source.lastBlockCrc,
    chunks: store.crcs.length,
    root: { at: rootAt, bytes: at - rootAt, crc },
    baseHash: baseHash(source),
    directory: { at, bytes: directory.length, crc: accel.crc32c(directory) },
  });
  return file.write([header], 0);
}

/** Reads and checks header and root. Yields now and then. Errors: INDEX_STALE (of another recording or version), INDEX_DAMAGED, LOG_IO. */
export function* readIndex(file: LogFile, source: RecordSource): Generator<void, Result<LoadedIndex>> {
  const header = readIndexHeader(file);
  if (!header.ok) return header;
  const { fileBytes, lastBlockCrc, chunks } = header.value;
  const isOwn =
    bytesEqual(header.value.uuid, source.uuid) && bytesEqual(header.value.baseHash, baseHash(source));
  if (!isOwn) return staleIndex(file.path);
  const root = yield* readIndexPart(file, header.value.root, "root");
  if (!root.ok) return root;
  const decoded = yield* decodeRoot(root.value, file.path);
  if (!decoded.ok) return decoded;
  if (decoded.value.chunkCrcs.length !== chunks) return damaged(file.path, "chunks", header.value.root.at);
  return ok({ ...decoded.value, fileBytes, lastBlockCrc });
}

/** What the index knows of where the recording's blocks stand; undefined where it was not kept. Yields now and then. Errors: as `readIndex`. */
export function readDirectory(file: LogFile): Generator<void, Result<SavedDirectory | undefined>> {
  return readKept(
    file,
    decodeDirectory,
    (directory, header) =>
      bytesEqual(directory.uuid, header.uuid) &&
      directory.lastBlock.crc === header.lastBlockCrc &&
      directory.segments.reduce((sum, segment) => sum + segment.sizeBytes, 0) === header.fileBytes,
  );
}

/** The same of a foreign log. */
export function readScan(file: LogFile): Generator<void, Result<SavedScan | undefined>> {
  return readKept(
    file,
    decodeScan,
    ({ scan, blockCrc, fileBytes }, header) =>
      bytesEqual(scan.contentHash.subarray(0, header.uuid.length), header.uuid) &&
      (blockCrc.at(-1) ?? 0) === header.lastBlockCrc &&
      fileBytes === header.fileBytes,
  );
}

/** The directory, which means something to the recording's format only. */
function* readKept<T>(
  file: LogFile,
  decode: (bytes: Uint8Array) => Result<T | undefined>,
  fits: (kept: T, header: IndexHeader) => boolean,
): Generator<void, Result<T | undefined>> {
  const header = readIndexHeader(file);
  if (!header.ok) return header;
  const { directory } = header.value;
  if (directory.bytes === 0) return ok(undefined);
  const bytes = yield* readIndexPart(file, directory, "directory");
  if (!bytes.ok) return bytes;
  const kept = decode(bytes.value);
  if (!kept.ok) return kept;
  return kept.value !== undefined && fits(kept.value, header.value)
    ? kept
    : damaged(file.path, "directory", directory.at);
}

function baseHash(source: RecordSource): Uint8Array {
  return baseOf(source)?.stateHash ?? new Uint8Array(BASE_HASH_BYTES);
}

/** The root as bytes, in parts. */
function* rootParts(
  content: IndexContent,
  gaps: readonly LsnGap[],
  chunkCrc: Uint32Array,
): Generator<Uint8Array, void> {
  const { tables, headers, baseLsn } = content;
  const { lives, versions, edges, uncertain, stop } = tables;
  const runs = new Float64Array(headers.length * RUN_NUMBERS);
  headers.forEach((header, run) => {
    const {
      firstLsn,
      lastLsn,
      openTransactionLsn,
      blockCount,
      lastBlockCheck,
      bodyBytes,
      tablesAt,
      tablesBytes,
      clusterAt,
    } = header;
    runs.set(
      [
        firstLsn,
        lastLsn,
        openTransactionLsn,
        blockCount,
        lastBlockCheck,
        bodyBytes,
        tablesAt,
        tablesBytes,
        clusterAt,
      ],
      run * RUN_NUMBERS,
    );
  });
  const columns: ColumnsOf<typeof ROOT_SHAPE> = {
    idLo: tables.ids.lo.view(),
    idHi: tables.ids.hi.view(),
    slotLife: tables.slotLife.view(),
    slotEpoch: tables.slotEpoch.view(),
    slotSinceKey: tables.slotSinceKey.view(),
    slotRunsSinceKey: tables.slotRunsSinceKey.view(),
    slotGaps: tables.slotGaps.view(),
    slotUncertain: tables.slotUncertain.view(),
    slotEntry: tables.slotEntry.view(),
    entryRun: tables.entryRun.view(),
    entryRow: tables.entryRow.view(),
    entryPrevious: tables.entryPrevious.view(),
    lifeSlot: lives.slot.view(),
    lifePrevious: lives.previous.view(),
    lifeFromLsn: lives.fromLsn.view(),
    lifeUntilLsn: lives.untilLsn.view(),
    lifeSizeBytes: lives.sizeBytes.view(),
    lifeEpoch: lives.epoch.view(),
    lifeType: lives.type.view(),
    lifeLocation: lives.location.view(),
    lifeFlags: lives.flags.view(),
    lifeVersion: lives.version.view(),
    versionPrevious: versions.previous.view(),
    versionLsn: versions.lsn.view(),
    versionKind: versions.kind.view(),
    versionValue: versions.value.view(),
    edgeFromLo: edges.fromLo.view(),
    edgeFromHi: edges.fromHi.view(),
    edgeToLo: edges.toLo.view(),
    edgeToHi: edges.toHi.view(),
    edgeType: edges.type.view(),
    edgeFromLsn: edges.fromLsn.view(),
    edgeUntilLsn: edges.untilLsn.view(),
    uncertainSlot: uncertain.slot.view(),
    uncertainFromLsn: uncertain.fromLsn.view(),
    uncertainUntilLsn: uncertain.untilLsn.view(),
    gapLsns: tables.gapLsns.view(),
    mendLsns: tables.mendLsns.view(),
    mendGaps: tables.mendGaps.view(),
    sourceRecords: tables.sourceRecords.view(),
    kindRecords: tables.kindRecords,
    totals: Float64Array.of(
      tables.applied,
      tables.unknown,
      tables.rejected,
      tables.skipped,
      baseLsn,
      stop?.lsn ?? 0,
    ),
    times: BigUint64Array.of(tables.firstTimeNs, tables.lastTimeNs),
    lostLsns: Float64Array.from(gaps.flatMap((gap) => [gap.fromLsn, gap.toLsn])),
    runs,
    runMaxTime: BigUint64Array.from(headers, (header) => header.maxTimeNs),
    chunkCrc,
  };
  const text = new ByteWriter();
  for (const names of [tables.types, tables.sources]) {
    text.varint(names.texts.length);
    for (const name of names.texts) text.text(name);
  }
  if (stop !== undefined) text.text(stop.error.code).text(stop.error.message).text(stop.error.remedy);
  yield new ByteWriter(text.length + 64).u64n(text.length).bytes(text.view()).align(8).finish();
  yield* columnParts(ROOT_SHAPE, columns);
}

function* decodeRoot(
  root: Uint8Array,
  path: string,
): Generator<void, Result<Omit<LoadedIndex, "fileBytes" | "lastBlockCrc">>> {
  const reader = new ByteReader(root);
  const textBytes = reader.u64n();
  if (reader.failed || textBytes > reader.remaining) return damaged(path, "names");
  const columnsAt = Math.ceil((8 + textBytes) / 8) * 8;
  const decoded = decodeColumns(ROOT_SHAPE, root.subarray(Math.min(columnsAt, root.length)));
  if (!decoded.ok) return decoded;
  const c = decoded.value;
  if (c.totals.length !== 6 || c.times.length !== 2 || c.kindRecords.length !== 256)
    return damaged(path, "totals");
  const names: string[][] = [];
  for (let i = 0; i < 2; i++) {
    const count = reader.varint();
    if (count > reader.remaining) return damaged(path, "names");
    names.push(Array.from({ length: count }, () => reader.text()));
  }
  const tables = new IndexTables();
  tables.ids = yield* IdSlots.over(U32Column.of(c.idLo), U32Column.of(c.idHi));
  tables.slotLife = U32Column.of(c.slotLife);
  tables.slotEpoch = F64Column.of(c.slotEpoch);
  tables.slotSinceKey = F64Column.of(c.slotSinceKey);
  tables.slotRunsSinceKey = U32Column.of(c.slotRunsSinceKey);
  tables.slotGaps = U32Column.of(c.slotGaps);
  tables.slotUncertain = U32Column.of(c.slotUncertain);
  tables.slotEntry = U32Column.of(c.slotEntry);
  tables.entryRun = U32Column.of(c.entryRun);
  tables.entryRow = U32Column.of(c.entryRow);
  tables.entryPrevious = U32Column.of(c.entryPrevious);
  const { lives, versions, edges, uncertain } = tables;
  lives.slot = U32Column.of(c.lifeSlot);
  lives.previous = U32Column.of(c.lifePrevious);
  lives.fromLsn = F64Column.of(c.lifeFromLsn);
  lives.untilLsn = F64Column.of(c.lifeUntilLsn);
  lives.sizeBytes = F64Column.of(c.lifeSizeBytes);
  lives.epoch = F64Column.of(c.lifeEpoch);
  lives.type = U32Column.of(c.lifeType);
  lives.location = U8Column.of(c.lifeLocation);
  lives.flags = U8Column.of(c.lifeFlags);
  lives.version = U32Column.of(c.lifeVersion);
  versions.previous = U32Column.of(c.versionPrevious);
  versions.lsn = F64Column.of(c.versionLsn);
  versions.kind = U8Column.of(c.versionKind);
  versions.value = U8Column.of(c.versionValue);
  edges.fromLo = U32Column.of(c.edgeFromLo);
  edges.fromHi = U32Column.of(c.edgeFromHi);
  edges.toLo = U32Column.of(c.edgeToLo);
  edges.toHi = U32Column.of(c.edgeToHi);
  edges.type = U8Column.of(c.edgeType);
  edges.fromLsn = F64Column.of(c.edgeFromLsn);
  edges.untilLsn = F64Column.of(c.edgeUntilLsn);
  uncertain.slot = U32Column.of(c.uncertainSlot);
  uncertain.fromLsn = F64Column.of(c.uncertainFromLsn);
  uncertain.untilLsn = F64Column.of(c.uncertainUntilLsn);
  tables.gapLsns = F64Column.of(c.gapLsns);
  tables.mendLsns = F64Column.of(c.mendLsns);
  tables.mendGaps = F64Column.of(c.mendGaps);
  tables.types = new Names(names[0]);
  tables.sources = new Names(names[1]);
  tables.sourceRecords = F64Column.of(c.sourceRecords);
  tables.kindRecords.set(c.kindRecords);
  [tables.applied, tables.unknown, tables.rejected, tables.skipped] = Array.from(c.totals) as [
    number,
    number,
    number,
    number,
  ];
  tables.firstTimeNs = c.times[0]!;
  tables.lastTimeNs = c.times[1]!;
  const stopLsn = c.totals[5]!;
  if (stopLsn > 0) {
    const code = reader.text() as ErrorCode;
    const message = reader.text();
    tables.stop = { lsn: stopLsn, error: new MmsbError(code, message, reader.text(), { lsn: stopLsn }) };
  }
  if (reader.failed || reader.offset !== 8 + textBytes) return damaged(path, "names");
  const gaps: LsnGap[] = [];
  for (let i = 0; i + 1 < c.lostLsns.length; i += 2)
    gaps.push({ fromLsn: c.lostLsns[i]!, toLsn: c.lostLsns[i + 1]! });
  return ok({
    tables,
    headers: decodeHeaders(c.runs, c.runMaxTime),
    baseLsn: c.totals[4]!,
    gaps,
    chunkCrcs: c.chunkCrc,
  });
}

function decodeHeaders(runs: Float64Array, maxTime: BigUint64Array): RunHeader[] {
  return Array.from(maxTime, (maxTimeNs, run) => {
    const [
      firstLsn,
      lastLsn,
      openTransactionLsn,
      blockCount,
      lastBlockCheck,
      bodyBytes,
      tablesAt,
      tablesBytes,
      clusterAt,
    ] = runs.subarray(run * RUN_NUMBERS, (run + 1) * RUN_NUMBERS) as unknown as [
      number,
      number,
      number,
      number,
      number,
      number,
      number,
      number,
      number,
    ];
    return {
      firstLsn,
      lastLsn,
      openTransactionLsn,
      maxTimeNs,
      blockCount,
      lastBlockCheck,
      bodyBytes,
      tablesAt,
      tablesBytes,
      clusterAt,
    };
  });
}

/**
 * Whether an index still belongs to the recording as it is now: untouched, or grown since. Errors: INDEX_STALE.
 * `checkBlock` gives the check of the block that holds an LSN.
 */
export function checkBinding(
  loaded: LoadedIndex,
  source: RecordSource,
  checkBlock: (lsn: number) => Result<number>,
): Result<void> {
  const stale = err(
    new MmsbError(
      "INDEX_STALE",
      "the recording is no longer the one that was indexed",
      "The index is rebuilt",
      { path: source.path },
    ),
  );
  const baseLsn = Math.max(0, source.firstLsn - 1);
  const lastLsn = loaded.headers.at(-1)?.lastLsn ?? loaded.baseLsn;
  if (loaded.baseLsn !== baseLsn || source.lastLsn < lastLsn || source.fileBytes < loaded.fileBytes)
    return stale;
  // damage found since, or mended: the gaps up to the index's end are those that it knows
  for (let i = 0; i < Math.max(loaded.gaps.length, source.gaps.length); i++) {
    const known = loaded.gaps[i];
    const gap = source.gaps[i];
    if (gap !== undefined && known === undefined && gap.fromLsn > lastLsn) break;
    if (gap?.fromLsn !== known?.fromLsn || gap?.toLsn !== known?.toLsn) return stale;
  }
  const isSame = source.fileBytes === loaded.fileBytes && source.lastBlockCrc === loaded.lastBlockCrc;
  const last = loaded.headers.at(-1);
  if (isSame || last === undefined) return ok();
  const check = checkBlock(last.lastLsn);
  return check.ok && check.value === last.lastBlockCheck ? ok() : stale;
}
