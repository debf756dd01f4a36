import { type Accel, accel } from "../accel/index.ts";
import { assert } from "../base/assert.ts";
import { utf8Encode, varintSize, writeVarint } from "../base/bytes.ts";
import type { DeltaBatch } from "../deltas/delta-batch.ts";
import type { BlockBuffer } from "./block-buffer.ts";
import {
  alignColumn,
  ColumnPlan,
  planNumbers,
  planPairs,
  planU8,
  planU32,
  writeDescriptor,
  writeNumberColumn,
  writePairColumn,
  writeU32Column,
} from "./block-columns.ts";
import {
  BLOCK_HEADER_BYTES,
  type BlockFields,
  BlockType,
  MAX_BLOCK_BYTES,
  MAX_PAYLOAD_BYTES,
  sealBlock,
} from "./block-format.ts";
import { type BodyRecords, bodiesThatFit } from "./body-records.ts";
import { MAX_BLOCK_RECORDS } from "./record-batch.ts";
import { RecordKind } from "./record-kinds.ts";

/**
 * Payload of a records block:
 *
 *   varint n, then n texts (varint length, UTF-8)     the sources named in this block
 *   11 column descriptors                              kind, flags, time, page, epoch, delta id - LSN (modulo 2^64), source,
 *                                                      LSN - cause (0 = no cause), mask length, body length, metadata length
 *   the columns                                        see block-columns.ts
 *   bodies                                             each record's body, then its intent metadata
 */
export const COLUMN_COUNT = 11;

/** A body or metadata above this stands in overflow blocks: so one record always fits a block beside its dictionary. */
export const MAX_INLINE_BYTES = 16384;
/** Bytes of source names that one block may hold: 40 KiB + 16 KiB body + columns < 64 KiB. */
const MAX_DICTIONARY_BYTES = 40960;
/** What a record typically costs in columns; a block that comes out larger all the same is split. */
const COLUMN_BYTES_ESTIMATE = 24;
/** Rows of a batch that are staged at once. */
const STAGED_ROWS = 1024;
/** Fewer are staged before the addon is called. */
const NATIVE_FROM_ROWS = 8;
/** Columns of fewer rows are written before the addon has taken its arguments in. */
const NATIVE_FROM_COLUMN_ROWS = 64;
const FIXED_BYTES = BLOCK_HEADER_BYTES + 8 + COLUMN_COUNT * 17;
/** The longest source name kept in a dictionary. A longer one stands in overflow blocks. */
export const MAX_INLINE_SOURCE_BYTES = 32768;

/** The block under construction: columns that the writer fills in place, sealed into bytes when full. */
export class BlockBuilder {
  firstLsn = 1;
  count = 0;
  bodyBytes = 0;
  readonly kind = new Uint8Array(MAX_BLOCK_RECORDS);
  readonly flags = new Uint8Array(MAX_BLOCK_RECORDS);
  readonly timeLo = new Uint32Array(MAX_BLOCK_RECORDS);
  readonly timeHi = new Uint32Array(MAX_BLOCK_RECORDS);
  readonly pageLo = new Uint32Array(MAX_BLOCK_RECORDS);
  readonly pageHi = new Uint32Array(MAX_BLOCK_RECORDS);
  readonly epoch = new Float64Array(MAX_BLOCK_RECORDS);
  /** Delta id - LSN, modulo 2^64. */
  readonly idDiffLo = new Uint32Array(MAX_BLOCK_RECORDS);
  readonly idDiffHi = new Uint32Array(MAX_BLOCK_RECORDS);
  readonly source = new Uint32Array(MAX_BLOCK_RECORDS);
  readonly causeDistance = new Float64Array(MAX_BLOCK_RECORDS);
  readonly maskLength = new Uint32Array(MAX_BLOCK_RECORDS);
  readonly bodyLength = new Uint32Array(MAX_BLOCK_RECORDS);
  readonly metaLength = new Uint32Array(MAX_BLOCK_RECORDS);
  /** Whether any staged row has something in these columns; else they are all zero and cost nothing. */
  usesFlags = false;
  usesCause = false;
  usesMetadata = false;
  /** Delta id and mask length. */
  usesForeign = false;
  readonly bodies = new Uint8Array(MAX_BLOCK_BYTES + 2 * MAX_INLINE_BYTES);

  #strings: Uint8Array[] = [];
  #stringIndex = new Map<string, number>();
  #stringBytes = 0;
  #lastString: string | undefined;
  #lastIndex = 0;
  /** Where the sources of a batch stand in the block's dictionary: pairs of stamp and index, valid where the stamp is the present one. */
  #dictionary = new Uint32Array(16);
  #dictionaryStamp = 0;
  readonly #numbers = new Float64Array(13);
  /** The columns of a batch, and those of the block, as `Accel.stageDeltas` takes them. */
  readonly #batch: (Uint8Array | Uint32Array | Float64Array)[] = [];
  readonly #staged = [
    ...[this.kind, this.flags, this.timeLo, this.timeHi, this.pageLo, this.pageHi, this.epoch, this.source],
    ...[this.causeDistance, this.bodyLength, this.bodies],
  ];
  /** Two entries a column. */
  readonly #encoded: (Uint8Array | Uint32Array | Float64Array | undefined)[] = [
    ...[this.kind, undefined, undefined, undefined, this.timeLo, this.timeHi, this.pageLo, this.pageHi],
    ...[this.epoch, undefined, undefined, undefined, this.source, undefined, undefined, undefined],
    ...[undefined, undefined, this.bodyLength, undefined, undefined, undefined],
  ];
  readonly #plans = Array.from({ length: COLUMN_COUNT }, () => new ColumnPlan());
  readonly #accel: Accel;

  constructor(implementation: Accel = accel) {
    this.#accel = implementation;
  }

  /** Whether a record with this many body bytes should rather begin the next block. */
  isFullFor(bodyBytes: number): boolean {
    return (
      this.count === MAX_BLOCK_RECORDS ||
      (this.count > 0 &&
        FIXED_BYTES +
          this.#stringBytes +
          (this.count + 1) * COLUMN_BYTES_ESTIMATE +
          this.bodyBytes +
          bodyBytes >
          MAX_BLOCK_BYTES)
    );
  }

  /** Writes the body, then the metadata, of the row that is being made; there is room for both. */
  addBody(body: Uint8Array, metadata: Uint8Array): void {
    const { bodies, bodyBytes } = this;
    if (body.length > 0) bodies.set(body, bodyBytes);
    if (metadata.length > 0) bodies.set(metadata, bodyBytes + body.length);
  }

  /** How many rows of these bodies, at least one, fit beside what is staged: the row behind them. `isFullFor` says that there is room for one. */
  bodiesThatFit({ lengths, row }: BodyRecords): number {
    const used = FIXED_BYTES + this.#stringBytes + this.count * COLUMN_BYTES_ESTIMATE + this.bodyBytes;
    const rows = MAX_BLOCK_RECORDS - this.count;
    return bodiesThatFit(lengths, row, rows, MAX_BLOCK_BYTES - used, COLUMN_BYTES_ESTIMATE);
  }

  /** Stages rows up to `to`, for which there is room, and takes them from the records. */
  stageBodies(records: BodyRecords, to: number, time: { readonly lo: number; readonly hi: number }): void {
    const { kind, bytes, lengths, source, cause, row: from, bytesAt } = records;
    const first = this.count;
    const last = first + to - from;
    this.bodyLength.set(lengths.subarray(from, to), first);
    for (; records.row < to; records.row++) records.bytesAt += lengths[records.row]!;
    const size = records.bytesAt - bytesAt;
    this.bodies.set(bytes.subarray(bytesAt, records.bytesAt), this.bodyBytes);
    this.kind.fill(kind, first, last);
    this.flags.fill(0, first, last);
    this.timeLo.fill(time.lo, first, last);
    this.timeHi.fill(time.hi, first, last);
    this.pageLo.fill(0, first, last);
    this.pageHi.fill(0, first, last);
    this.epoch.fill(0, first, last);
    this.source.fill(this.sourceIndex(source), first, last);
    if (cause !== 0) {
      this.usesCause = true;
      for (let row = first; row < last; row++) this.causeDistance[row] = this.firstLsn + row - cause;
    }
    this.bodyBytes += size;
    this.count = last;
  }

  /**
   * Stages rows `[from, to)` of a batch as deltas, as many as fit: their pages' ids stand in `idLo[slot]`, `idHi[slot]`, their epochs in
   * `epoch[row]`. Returns the row it stopped at; a row with intent metadata is never taken.
   */
  stageDeltas(
    batch: DeltaBatch,
    from: number,
    to: number,
    idLo: Uint32Array,
    idHi: Uint32Array,
    epoch: Float64Array,
    sources: readonly string[],
    flagMask: number,
    time: { readonly lo: number; readonly hi: number },
  ): number {
    const first = this.count;
    // Rows after the first are taken to be as large as it is. Where they are not, the block takes fewer, or the next call the rest.
    const used = FIXED_BYTES + first * COLUMN_BYTES_ESTIMATE + this.bodyBytes;
    const room = MAX_BLOCK_BYTES - used - this.#stringBytes;
    const rowBytes = COLUMN_BYTES_ESTIMATE + batch.bodyEstimate(from);
    const rows = Math.min(STAGED_ROWS, MAX_BLOCK_RECORDS - first, Math.floor(room / rowBytes));
    const most = Math.min(to, from + Math.max(0, rows));
    if (this.#accel.stageDeltas !== undefined && most - from >= NATIVE_FROM_ROWS) {
      const names = { idLo, idHi, epoch, sources };
      return this.#stageAtOnce(this.#accel.stageDeltas, batch, from, most, names, flagMask, time, used);
    }
    const end = this.#stageSources(batch, from, most, sources);
    if (end === from) return from;
    // Anew, because the sources may have brought names.
    const roomBytes = MAX_BLOCK_BYTES - used - this.#stringBytes - (end - from) * COLUMN_BYTES_ESTIMATE;
    const limit = this.bodyBytes + Math.max(0, roomBytes);
    const encoded = batch.encode(from, end, this.bodies, this.bodyBytes, limit, this.bodyLength, first);
    const last = this.#keepInline(first, first + encoded - from);
    const stop = from + last - first;
    this.kind.fill(RecordKind.Delta, first, last);
    this.timeLo.fill(time.lo, first, last);
    this.timeHi.fill(time.hi, first, last);
    this.epoch.set(epoch.subarray(from, stop), first);
    gather(idLo, batch.slot, from, stop, this.pageLo, first);
    gather(idHi, batch.slot, from, stop, this.pageHi, first);
    if (copyFlags(batch.flags, flagMask, from, stop, this.flags, first)) this.usesFlags = true;
    const { cause } = batch;
    for (let row = from, at = first; row < stop; row++, at++) {
      if (cause[row] === 0) continue;
      this.usesCause = true;
      this.causeDistance[at] = this.firstLsn + at - cause[row]!;
    }
    this.count = last;
    return stop;
  }

  /** What is left of `stageDeltas`, in one call of the addon's, or one more for each new source: the rows, the names and the bytes are the same. */
  #stageAtOnce(
    stage: NonNullable<Accel["stageDeltas"]>,
    batch: DeltaBatch,
    from: number,
    to: number,
    names: StagedNames,
    flagMask: number,
    time: { readonly lo: number; readonly hi: number },
    used: number,
  ): number {
    const columns = this.#batch;
    columns[0] = batch.slot;
    columns[1] = batch.source;
    columns[2] = batch.cause;
    columns[3] = batch.flags;
    columns[4] = batch.metaLength;
    columns[5] = batch.runStart;
    columns[6] = batch.runOffset;
    columns[7] = batch.runLength;
    columns[8] = batch.payloadStart;
    columns[9] = batch.payload;
    const numbers = this.#numbers;
    const { epoch, idLo, idHi, sources } = names;
    // Anew each time: the caller may have changed its list.
    this.#dictionaryStamp++;
    if (this.#dictionary.length < 2 * sources.length) this.#dictionary = new Uint32Array(4 * sources.length);
    let end = this.#nameSources(batch, from, from + 1, sources) > from ? to : from;
    while (end > from) {
      numbers[0] = from;
      numbers[1] = end;
      numbers[2] = flagMask;
      numbers[3] = RecordKind.Delta;
      numbers[4] = this.count;
      numbers[5] = this.bodyBytes;
      numbers[6] = Math.max(0, MAX_BLOCK_BYTES - used - this.#stringBytes);
      numbers[7] = COLUMN_BYTES_ESTIMATE;
      numbers[8] = MAX_INLINE_BYTES;
      numbers[9] = this.firstLsn;
      numbers[10] = time.lo;
      numbers[11] = time.hi;
      numbers[12] = this.#dictionaryStamp;
      const stopped = stage(columns, this.#staged, epoch, idLo, idHi, this.#dictionary, numbers);
      if (stopped >= 0) {
        this.bodyBytes += numbers[0]!;
        if (numbers[1] !== 0) this.usesFlags = true;
        if (numbers[2] !== 0) this.usesCause = true;
        this.count += stopped - from;
        return stopped;
      }
      end = this.#nameSources(batch, -stopped - 1, end, sources);
    }
    return from;
  }

  /** Brings the sources of rows `[from, to)` into `#dictionary`, as `#stageSources` does into the column, and stops where it stops. */
  #nameSources(batch: DeltaBatch, from: number, to: number, sources: readonly string[]): number {
    const { source, metaLength } = batch;
    const dictionary = this.#dictionary;
    for (let row = from; row < to; row++) {
      if (metaLength[row] !== 0) return row;
      const entry = 2 * source[row]!;
      if (dictionary[entry] === this.#dictionaryStamp) continue;
      const name = sources[source[row]!] ?? "";
      const index = name.length * 3 > MAX_INLINE_SOURCE_BYTES ? -1 : this.sourceIndex(name);
      if (index < 0) return row;
      dictionary[entry] = this.#dictionaryStamp;
      dictionary[entry + 1] = index;
    }
    return to;
  }

  /** Takes the bodies of rows `[first, end)` as far as they may stand in the block; returns the row it stopped at. */
  #keepInline(first: number, end: number): number {
    const { bodyLength } = this;
    let total = this.bodyBytes;
    let row = first;
    for (; row < end && bodyLength[row]! <= MAX_INLINE_BYTES; row++) total += bodyLength[row]!;
    this.bodyBytes = total;
    return row;
  }

  /** Writes the source column of the rows to come; returns the first row that has metadata, or a source that the dictionary does not take. */
  #stageSources(batch: DeltaBatch, from: number, limit: number, sources: readonly string[]): number {
    const { source, metaLength } = batch;
    const column = this.source;
    let lastSource = -1;
    let index = 0;
    let at = this.count;
    for (let row = from; row < limit; row++, at++) {
      if (metaLength[row] !== 0) return row;
      if (source[row] !== lastSource) {
        lastSource = source[row]!;
        const name = sources[lastSource] ?? "";
        index = name.length * 3 > MAX_INLINE_SOURCE_BYTES ? -1 : this.sourceIndex(name);
        if (index < 0) return row;
      }
      column[at] = index;
    }
    return limit;
  }

  /** The dictionary index of a source, or -1 where the block has no room for another name: seal it first. */
  sourceIndex(text: string): number {
    if (text === this.#lastString) return this.#lastIndex;
    let index = this.#stringIndex.get(text);
    if (index === undefined) {
      const encoded = utf8Encode(text);
      const cost = encoded.length + varintSize(encoded.length);
      if (this.#strings.length > 0 && this.#stringBytes + cost > MAX_DICTIONARY_BYTES) return -1;
      index = this.#strings.length;
      this.#strings.push(encoded);
      this.#stringIndex.set(text, index);
      this.#stringBytes += cost;
    }
    this.#lastString = text;
    this.#lastIndex = index;
    return index;
  }

  /** Writes everything staged as one block (two or more where the estimate was wrong) into `out` at `at`; returns the end. */
  seal(out: BlockBuffer, at: number, fields: SealFields): number {
    let end = at;
    let from = 0;
    let bodyFrom = 0;
    while (from < this.count) {
      let to = this.count;
      let payload = -1;
      for (;;) {
        payload = this.#writePayload(out, end, from, to, bodyFrom);
        if (payload >= 0) break;
        assert(to - from > 1, "one record fits a block");
        to = from + ((to - from) >>> 1);
      }
      end += sealBlock(out.u8, end, {
        type: BlockType.Records,
        flags: 0,
        count: to - from,
        uuid: fields.uuid,
        firstLsn: this.firstLsn + from,
        sequence: fields.nextSequence(),
        openTransactionLsn: fields.openTransactionLsn < this.firstLsn + from ? fields.openTransactionLsn : 0,
        segment: fields.segment,
        payloadBytes: payload,
      });
      bodyFrom = this.#bodyEnd(from, to, bodyFrom);
      from = to;
    }
    this.#reset();
    return end;
  }

  #reset(): void {
    // The columns that a row leaves alone stay zero from block to block.
    if (this.usesCause) this.causeDistance.fill(0, 0, this.count);
    if (this.usesMetadata) this.metaLength.fill(0, 0, this.count);
    if (this.usesForeign) {
      this.idDiffLo.fill(0, 0, this.count);
      this.idDiffHi.fill(0, 0, this.count);
      this.maskLength.fill(0, 0, this.count);
    }
    this.usesFlags = false;
    this.usesCause = false;
    this.usesMetadata = false;
    this.usesForeign = false;
    this.firstLsn += this.count;
    this.count = 0;
    this.bodyBytes = 0;
    if (this.#strings.length > 0) {
      this.#strings = [];
      this.#stringIndex.clear();
      this.#stringBytes = 0;
      this.#lastString = undefined;
    }
  }

  /** Where the bodies of rows `[from, to)` end that begin at `bodyFrom`. */
  #bodyEnd(from: number, to: number, bodyFrom: number): number {
    if (to === this.count) return this.bodyBytes;
    let end = bodyFrom;
    for (let i = from; i < to; i++) end += this.bodyLength[i]! + this.metaLength[i]!;
    return end;
  }

  /** Payload of rows [from, to); -1 where it does not fit one block. */
  #writePayload(buffer: BlockBuffer, blockAt: number, from: number, to: number, bodyFrom: number): number {
    const out = buffer.u8;
    const bodyTo = this.#bodyEnd(from, to, bodyFrom);
    const room =
      MAX_PAYLOAD_BYTES - varintSize(this.#strings.length) - this.#stringBytes - (bodyTo - bodyFrom);
    if (room < 0) return -1;
    const payloadAt = blockAt + BLOCK_HEADER_BYTES;
    let at = writeVarint(out, payloadAt, this.#strings.length);
    for (const text of this.#strings) {
      at = writeVarint(out, at, text.length);
      out.set(text, at);
      at += text.length;
    }
    const encode = this.#accel.encodeColumns;
    if (encode !== undefined && to - from >= NATIVE_FROM_COLUMN_ROWS) {
      at = encode(this.#columns(), from, to, out, blockAt, at, room, this.bodies, bodyFrom, bodyTo);
      return at < 0 ? -1 : at - payloadAt;
    }
    at = this.#encodeColumns(from, to, buffer, blockAt, at, room);
    if (at < 0) return -1;
    out.set(this.bodies.subarray(bodyFrom, bodyTo), at);
    return at + (bodyTo - bodyFrom) - payloadAt;
  }

  /** Every column, as `Accel.encodeColumns` takes them: always the same list, with those that are used. */
  #columns(): readonly (Uint8Array | Uint32Array | Float64Array | undefined)[] {
    const columns = this.#encoded;
    columns[2] = this.usesFlags ? this.flags : undefined;
    columns[10] = this.usesForeign ? this.idDiffLo : undefined;
    columns[11] = this.usesForeign ? this.idDiffHi : undefined;
    columns[14] = this.usesCause ? this.causeDistance : undefined;
    columns[16] = this.usesForeign ? this.maskLength : undefined;
    columns[20] = this.usesMetadata ? this.metaLength : undefined;
    return columns;
  }

  /** The columns of `Accel.encodeColumns` in TypeScript. */
  #encodeColumns(
    from: number,
    to: number,
    buffer: BlockBuffer,
    blockAt: number,
    at: number,
    room: number,
  ): number {
    const out = buffer.u8;
    const plans = this.#plans;
    planU8(this.kind, from, to, plans[0]!);
    if (this.usesFlags) planU8(this.flags, from, to, plans[1]!);
    else plans[1]!.setZero();
    planPairs(this.timeLo, this.timeHi, from, to, plans[2]!);
    planPairs(this.pageLo, this.pageHi, from, to, plans[3]!);
    planNumbers(this.epoch, from, to, plans[4]!);
    planU32(this.source, from, to, plans[6]!);
    planU32(this.bodyLength, from, to, plans[9]!);
    if (this.usesForeign) {
      planPairs(this.idDiffLo, this.idDiffHi, from, to, plans[5]!);
      planU32(this.maskLength, from, to, plans[8]!);
    } else {
      plans[5]!.setZero();
      plans[8]!.setZero();
    }
    if (this.usesCause) planNumbers(this.causeDistance, from, to, plans[7]!);
    else plans[7]!.setZero();
    if (this.usesMetadata) planU32(this.metaLength, from, to, plans[10]!);
    else plans[10]!.setZero();

    let size = 0;
    for (const plan of plans) size += 1 + plan.baseBytes + (to - from) * plan.width + plan.width;
    if (size > room) return -1;
    for (const plan of plans) at = writeDescriptor(out, at, plan);
    const u32 = (index: number, values: Uint8Array | Uint32Array) => {
      at = writeU32Column(buffer, this.#align(out, at, blockAt, index), values, from, to, plans[index]!);
    };
    const pairs = (index: number, lo: Uint32Array, hi: Uint32Array) => {
      at = writePairColumn(buffer, this.#align(out, at, blockAt, index), lo, hi, from, to, plans[index]!);
    };
    const numbers = (index: number, values: Float64Array) => {
      at = writeNumberColumn(buffer, this.#align(out, at, blockAt, index), values, from, to, plans[index]!);
    };
    u32(0, this.kind);
    u32(1, this.flags);
    pairs(2, this.timeLo, this.timeHi);
    pairs(3, this.pageLo, this.pageHi);
    numbers(4, this.epoch);
    pairs(5, this.idDiffLo, this.idDiffHi);
    u32(6, this.source);
    numbers(7, this.causeDistance);
    u32(8, this.maskLength);
    u32(9, this.bodyLength);
    u32(10, this.metaLength);
    return at;
  }

  /** Zeroes the gap before an aligned column. */
  #align(out: Uint8Array, at: number, blockAt: number, index: number): number {
    const aligned = alignColumn(at, blockAt, this.#plans[index]!.width);
    if (aligned !== at) out.fill(0, at, aligned);
    return aligned;
  }
}

// One plain loop a column.
function gather(
  from: Uint32Array,
  index: Uint32Array,
  start: number,
  end: number,
  out: Uint32Array,
  at: number,
): void {
  for (let i = start; i < end; i++) out[at++] = from[index[i]!]!;
}

/** Whether any flag is left. */
function copyFlags(
  from: Uint8Array,
  mask: number,
  start: number,
  end: number,
  out: Uint8Array,
  at: number,
): boolean {
  let any = 0;
  for (let i = start; i < end; i++) {
    const flags = from[i]! & mask;
    out[at++] = flags;
    any |= flags;
  }
  return any !== 0;
}

/** What the rows of a batch name: ids by slot, epochs by row, sources by index. */
interface StagedNames {
  readonly idLo: Uint32Array;
  readonly idHi: Uint32Array;
  readonly epoch: Float64Array;
  readonly sources: readonly string[];
}

/** What the builder does not know about the block's surroundings. */
export interface SealFields extends Pick<BlockFields, "uuid" | "segment" | "openTransactionLsn"> {
  nextSequence(): number;
}
