import { assert } from "../base/assert.ts";
import { ByteWriter, EMPTY_BYTES, utf8Encode } from "../base/bytes.ts";
import { highOf, highOfNumber, lowOf } from "../base/u64.ts";
import type { DeltaBatch } from "../deltas/delta-batch.ts";
import { deltaBodyBound, encodeDeltaBody } from "../deltas/delta-body.ts";
import { type BlockBuilder, MAX_INLINE_BYTES, MAX_INLINE_SOURCE_BYTES } from "./block-builder.ts";
import { BlockType, MAX_PAYLOAD_BYTES } from "./block-format.ts";
import type { BlockOutput } from "./block-output.ts";
import type { RecordFields } from "./log-options.ts";
import { numberRecordsOf } from "./number-block.ts";
import type { RecordBatch } from "./record-batch.ts";
import { RecordFlag, RecordKind } from "./record-kinds.ts";
import type { RecordStamp } from "./record-stamp.ts";

/** Rows of `#room` that are none: the writer has failed; the record is too large for its block and overflows. */
const REFUSED = -1;
const TOO_LARGE = -2;

/**
 * Records into the columns of the block under construction, one by one and many at once; what is too large for them goes into overflow blocks. Methods that append
 * return the record's LSN, or 0 where the writer has failed.
 */
export abstract class RecordAppender {
  /** The time of the last record. */
  readonly time: RecordStamp;
  protected readonly output: BlockOutput;
  protected readonly builder: BlockBuilder;

  constructor(output: BlockOutput, time: RecordStamp) {
    this.output = output;
    this.builder = output.builder;
    this.time = time;
  }

  /** Records wait to be written. */
  protected abstract appended(): void;

  /** Time of the records that follow, until the next call. */
  stamp(): void {
    this.time.take();
  }

  append(kind: RecordKind, fields: RecordFields): number {
    this.stamp();
    return this.#append(kind, fields);
  }

  #append(kind: RecordKind, fields: RecordFields): number {
    const { pageId, body = EMPTY_BYTES, metadata = EMPTY_BYTES } = fields;
    const row = this.#room(body.length + metadata.length, fields.source ?? "");
    if (row < 0) return row === TOO_LARGE ? this.#appendOverflowed(kind, fields) : 0;
    this.builder.addBody(body, metadata);
    return this.#finishRow(
      row,
      kind,
      fields.flags ?? 0,
      pageId === undefined ? 0 : lowOf(pageId),
      pageId === undefined ? 0 : highOf(pageId),
      fields.epoch ?? 0,
      fields.cause ?? 0,
      body.length,
      metadata.length,
    );
  }

  /**
   * Records of one kind, source and cause, at one time: the bodies of `lengths[i]` bytes each stand one after another in `bytes`. None
   * is larger than `MAX_INLINE_BYTES`. Returns how many were appended, in order: fewer than there are where the writer has failed.
   */
  appendBodies(kind: RecordKind, bytes: Uint8Array, lengths: Uint32Array, source = "", cause = 0): number {
    assert(source.length * 3 <= MAX_INLINE_SOURCE_BYTES, "the source of a batch stands in its block");
    this.stamp();
    const records = { kind, bytes, lengths, source, cause, row: 0, bytesAt: 0 };
    this.output.appendBodies(records, this.time);
    if (records.row > 0) this.appended();
    return records.row;
  }

  /**
   * The hot path: one delta whose runs are rows [runFrom, runTo) of canonical columns and whose bytes begin at `payload[payloadAt]`.
   * Does not read the clock: call `stamp` once a batch.
   */
  appendDelta(
    pageLo: number,
    pageHi: number,
    epoch: number,
    source: string,
    cause: number,
    flags: number,
    runOffset: Uint32Array,
    runLength: Uint32Array,
    runFrom: number,
    runTo: number,
    payload: Uint8Array,
    payloadAt: number,
    metadata: Uint8Array = EMPTY_BYTES,
  ): number {
    let payloadBytes = 0;
    for (let run = runFrom; run < runTo; run++) payloadBytes += runLength[run]!;
    const bound = deltaBodyBound(runTo - runFrom, payloadBytes);
    const row = this.#room(bound + metadata.length, source);
    if (row < 0) {
      if (row !== TOO_LARGE) return 0;
      const body = new Uint8Array(bound);
      const end = encodeDeltaBody(runOffset, runLength, runFrom, runTo, payload, payloadAt, body, 0);
      const pageId = (BigInt(pageHi) << 32n) | BigInt(pageLo);
      return this.#appendOverflowed(RecordKind.Delta, {
        pageId,
        epoch,
        source,
        cause,
        flags,
        body: body.subarray(0, end),
        metadata,
      });
    }
    const { bodies, bodyBytes } = this.builder;
    const end = encodeDeltaBody(runOffset, runLength, runFrom, runTo, payload, payloadAt, bodies, bodyBytes);
    if (metadata.length > 0) bodies.set(metadata, end);
    return this.#finishRow(
      row,
      RecordKind.Delta,
      flags,
      pageLo,
      pageHi,
      epoch,
      cause,
      end - bodyBytes,
      metadata.length,
    );
  }

  /**
   * `appendDelta` for rows `[from, to)` of a batch, all at one time: the page of row `r` has the id `idLo[slot[r]]`, `idHi[slot[r]]` and, after
   * the row, the epoch `epoch[r]`. Of the rows' flags those in `flagMask` are kept. Returns the row it stopped at: `to`, or the first one
   * that is not logged because the writer has failed.
   */
  appendDeltas(
    batch: DeltaBatch,
    from: number,
    to: number,
    idLo: Uint32Array,
    idHi: Uint32Array,
    epoch: Float64Array,
    sources: readonly string[],
    flagMask: number,
  ): number {
    this.stamp();
    const builder = this.builder;
    for (let row = from; row < to; ) {
      if (this.output.failure !== undefined || this.output.isClosed) return row;
      const numbers = numberRecordsOf(batch, row, to, idLo, idHi, epoch, sources, flagMask);
      const staged =
        numbers === undefined
          ? builder.stageDeltas(batch, row, to, idLo, idHi, epoch, sources, flagMask, this.time)
          : this.output.appendNumbers(numbers, this.time);
      if (staged > row) {
        row = staged;
        this.appended();
        continue;
      }
      // Too large for what is left of the block, or with metadata.
      const { runStart, runOffset, runLength, payload, payloadStart } = batch;
      const page = batch.slot[row]!;
      const lsn = this.appendDelta(
        idLo[page]!,
        idHi[page]!,
        epoch[row]!,
        sources[batch.source[row]!] ?? "",
        batch.cause[row]!,
        batch.flags[row]! & flagMask,
        runOffset,
        runLength,
        runStart[row]!,
        runStart[row + 1]!,
        payload,
        payloadStart[row]!,
        batch.metadata(row),
      );
      if (lsn === 0) return row;
      row++;
    }
    return to;
  }

  /** Copies a row of another recording as it stands: time, delta id, mask length and all. `cause` is its cause in this one. */
  protected copyRow(batch: RecordBatch, from: number, cause: number): number {
    const body = batch.body(from);
    const metadata = batch.metadata(from);
    const kind = batch.kind[from]! as RecordKind;
    this.time.lo = batch.timeLo[from]!;
    this.time.hi = batch.timeHi[from]!;
    const source = batch.sourceText(from);
    const row = this.#room(body.length + metadata.length, source);
    const builder = this.builder;
    const deltaId = { lo: batch.deltaIdLo[from]!, hi: batch.deltaIdHi[from]!, mask: batch.maskLength[from]! };
    if (row < 0) {
      if (row !== TOO_LARGE) return 0;
      const fields = {
        pageId: batch.pageId(from),
        epoch: batch.epoch[from]!,
        source,
        cause,
        flags: batch.flags[from]!,
        body,
        metadata,
      };
      return this.#appendOverflowed(kind, fields, deltaId);
    }
    builder.bodies.set(body, builder.bodyBytes);
    builder.bodies.set(metadata, builder.bodyBytes + body.length);
    const lsn = this.#finishRow(
      row,
      kind,
      batch.flags[from]!,
      batch.pageLo[from]!,
      batch.pageHi[from]!,
      batch.epoch[from]!,
      cause,
      body.length,
      metadata.length,
    );
    this.#setForeign(row, deltaId);
    return lsn;
  }

  #setForeign(row: number, deltaId: { lo: number; hi: number; mask: number }): void {
    const builder = this.builder;
    const lsn = builder.firstLsn + row;
    const lsnLo = lsn >>> 0;
    builder.idDiffLo[row] = deltaId.lo - lsnLo;
    builder.idDiffHi[row] = deltaId.hi - highOfNumber(lsn) - (deltaId.lo < lsnLo ? 1 : 0);
    builder.maskLength[row] = deltaId.mask;
    builder.usesForeign = true;
  }

  /** Row of the builder for a record with so many body bytes: -1 where the writer has failed, -2 where it must overflow. */
  #room(bodyBytes: number, source: string): number {
    if (this.output.failure !== undefined || this.output.isClosed) return REFUSED;
    if (bodyBytes > MAX_INLINE_BYTES || source.length * 3 > MAX_INLINE_SOURCE_BYTES) return TOO_LARGE;
    const builder = this.builder;
    if (builder.isFullFor(bodyBytes) && !this.output.seal()) return REFUSED;
    let index = builder.sourceIndex(source);
    if (index < 0) {
      if (!this.output.seal()) return REFUSED;
      index = builder.sourceIndex(source);
    }
    builder.source[builder.count] = index;
    return builder.count;
  }

  #finishRow(
    row: number,
    kind: number,
    flags: number,
    pageLo: number,
    pageHi: number,
    epoch: number,
    cause: number,
    bodyLength: number,
    metaLength: number,
  ): number {
    const builder = this.builder;
    const lsn = builder.firstLsn + row;
    builder.kind[row] = kind;
    builder.flags[row] = flags;
    builder.timeLo[row] = this.time.lo;
    builder.timeHi[row] = this.time.hi;
    builder.pageLo[row] = pageLo;
    builder.pageHi[row] = pageHi;
    builder.epoch[row] = epoch;
    if (flags !== 0) builder.usesFlags = true;
    if (cause !== 0) {
      builder.usesCause = true;
      builder.causeDistance[row] = lsn - cause;
    }
    builder.bodyLength[row] = bodyLength;
    if (metaLength !== 0) {
      builder.usesMetadata = true;
      builder.metaLength[row] = metaLength;
    }
    builder.bodyBytes += bodyLength + metaLength;
    builder.count = row + 1;
    this.appended();
    return lsn;
  }

  /** Body, metadata and a long source go into overflow blocks of their own, at once; a descriptor stands in the row. */
  #appendOverflowed(
    kind: RecordKind,
    fields: RecordFields,
    foreign?: { lo: number; hi: number; mask: number },
  ): number {
    const body = fields.body ?? EMPTY_BYTES;
    const metadata = fields.metadata ?? EMPTY_BYTES;
    const source = fields.source ?? "";
    const longSource = source.length * 3 > MAX_INLINE_SOURCE_BYTES ? utf8Encode(source) : EMPTY_BYTES;
    // The descriptor names the first overflow block's sequence, so a full builder is sealed before, not between.
    if (this.builder.isFullFor(64) && !this.output.seal()) return 0;
    const inline = new ByteWriter(32)
      .varint(body.length)
      .varint(metadata.length)
      .varint(longSource.length)
      .varint(this.output.sequence)
      .finish();
    const lsn = this.output.lastLsn + 1;
    let ordinal = 0;
    for (const part of [body, metadata, longSource]) {
      for (let from = 0; from < part.length; from += MAX_PAYLOAD_BYTES) {
        if (
          !this.output.emit(
            BlockType.Overflow,
            0,
            ordinal++,
            lsn,
            part.subarray(from, from + MAX_PAYLOAD_BYTES),
          )
        )
          return 0;
      }
    }
    const row = this.#room(inline.length, longSource.length > 0 ? "" : source);
    if (row < 0) return 0;
    assert(this.output.lastLsn + 1 === lsn, "overflow blocks stand directly before their record");
    this.builder.bodies.set(inline, this.builder.bodyBytes);
    const pageId = fields.pageId ?? 0n;
    const flags = (fields.flags ?? 0) | RecordFlag.Overflow;
    this.#finishRow(
      row,
      kind,
      flags,
      lowOf(pageId),
      highOf(pageId),
      fields.epoch ?? 0,
      fields.cause ?? 0,
      inline.length,
      0,
    );
    if (foreign !== undefined) this.#setForeign(row, foreign);
    return lsn;
  }
}
