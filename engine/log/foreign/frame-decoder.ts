import { accel } from "../../accel/index.ts";
import { assert } from "../../base/assert.ts";
import type { ErrorPlace } from "../../base/errors.ts";
import { fail, ok, type Result } from "../../base/result.ts";
import { deltaBodyBound, encodeDeltaBody } from "../../deltas/delta-body.ts";
import { RunList } from "../../deltas/run-list.ts";
import type { RecordBatch } from "../record-batch.ts";
import { RecordFlag, RecordKind } from "../record-kinds.ts";
import { decodeForeignText } from "./foreign-text.ts";
import { Frame, parseFrame } from "./mmsblog1-frame.ts";

/** The longest source that becomes a text. */
export const MAX_SOURCE_BYTES = 16 * 1024 * 1024;
/** Buffers up to this size are kept from block to block. */
const KEPT_BYTES = 1024 * 1024;

/**
 * Turns frames into rows of a batch: a delta's mask and payload become runs and their bytes. A frame that its own reader refuses
 * becomes a ForeignFrame row whose body is the frame itself. Keeps buffers, no state.
 */
export class FrameDecoder {
  readonly #version: number;
  readonly #frame = new Frame();
  #runs = new RunList(1024);
  #read = new Uint8Array(0);
  #gathered = new Uint8Array(0);
  /** What each batch's `bytes` are, as far as they are ours: two batches never share them. */
  readonly #owned = new WeakMap<RecordBatch, Uint8Array>();

  constructor(version: number) {
    this.#version = version;
  }

  /** Room for the bytes of a block; valid until it is asked for again. */
  buffer(lengthBytes: number): Uint8Array {
    if (lengthBytes > KEPT_BYTES) return new Uint8Array(lengthBytes);
    if (this.#read.length < lengthBytes) this.#read = new Uint8Array(roomFor(lengthBytes));
    return this.#read.subarray(0, lengthBytes);
  }

  /** Decodes the `count` frames that `bytes` hold exactly. */
  decode(
    bytes: Uint8Array,
    firstLsn: number,
    count: number,
    into: RecordBatch,
    place: ErrorPlace,
  ): Result<void> {
    assert(count <= into.capacity, "a batch holds a block");
    const frame = this.#frame;
    const sources = new SourceTable();
    into.count = 0;
    // The frames' own size is about what their bodies need; a body that needs more makes it grow.
    let out = this.#owned.get(into) ?? new Uint8Array(roomFor(bytes.length));
    let outAt = 0;
    let at = 0;
    for (let row = 0; row < count; row++) {
      const start = at;
      const end = parseFrame(bytes, start, bytes.length, this.#version, frame);
      if (end < 0) {
        return fail(
          "FOREIGN_FORMAT",
          "the log changed while it was open",
          "Open it again",
          placeOf(place, start, row),
        );
      }
      at = end;
      if (frame.sourceLength > MAX_SOURCE_BYTES) {
        const remedy = `At most ${MAX_SOURCE_BYTES} bytes are read`;
        const message = `the frame's source has ${frame.sourceLength} bytes`;
        return fail("LIMIT_EXCEEDED", message, remedy, placeOf(place, start, row));
      }
      this.#columns(into, row, frame);
      into.source[row] = sources.indexOf(bytes, frame.sourceAt, frame.sourceLength);

      const runs = this.#runs;
      runs.assignMask(bytes, frame.maskAt, frame.maskLength);
      const setFlags = runs.totalBytes;
      const refused = frame.payloadLength !== (frame.sparse ? setFlags : frame.maskLength);
      const bodyBound = refused ? end - start : deltaBodyBound(runs.count, setFlags);
      out = withRoom(out, outAt, bodyBound + frame.metadataLength);
      into.bodyStart[row] = outAt;
      if (refused) {
        into.kind[row] = RecordKind.ForeignFrame;
        out.set(bytes.subarray(start, end), outAt);
        into.bodyLength[row] = end - start;
        into.metaLength[row] = 0;
        outAt += end - start;
      } else {
        into.kind[row] = RecordKind.Delta;
        const bodyEnd = this.#encodeBody(bytes, setFlags, out, outAt);
        into.bodyLength[row] = bodyEnd - outAt;
        into.metaLength[row] = frame.metadataLength;
        out.set(bytes.subarray(frame.metadataAt, frame.metadataAt + frame.metadataLength), bodyEnd);
        outAt = bodyEnd + frame.metadataLength;
      }
      if (runs.capacity * 8 > KEPT_BYTES) this.#runs = new RunList(1024);
    }
    if (out.length <= KEPT_BYTES) this.#owned.set(into, out);
    else this.#owned.delete(into);
    into.firstLsn = firstLsn;
    into.count = count;
    into.openTransactionLsn = 0;
    into.strings = sources.strings;
    into.bytes = out;
    return ok();
  }

  #columns(into: RecordBatch, row: number, frame: Frame): void {
    const version = this.#version === 2 ? RecordFlag.ForeignVersion2 : 0;
    into.flags[row] = frame.sparse ? RecordFlag.ForeignSparse | version : version;
    into.timeLo[row] = frame.timeLo;
    into.timeHi[row] = frame.timeHi;
    into.pageLo[row] = frame.pageLo;
    into.pageHi[row] = frame.pageHi;
    into.epoch[row] = frame.epoch;
    into.deltaIdLo[row] = frame.deltaIdLo;
    into.deltaIdHi[row] = frame.deltaIdHi;
    into.cause[row] = 0;
    into.maskLength[row] = frame.maskLength;
  }

  #encodeBody(bytes: Uint8Array, setFlags: number, out: Uint8Array, outAt: number): number {
    const frame = this.#frame;
    const { offset, length, count } = this.#runs;
    let payload = bytes;
    let payloadAt = frame.payloadAt;
    if (!frame.sparse && setFlags < frame.maskLength) {
      payload = this.#gather(bytes, setFlags);
      payloadAt = 0;
    }
    return encodeDeltaBody(offset, length, 0, count, payload, payloadAt, out, outAt);
  }

  /** The bytes of a dense payload that the mask lets through. */
  #gather(bytes: Uint8Array, setFlags: number): Uint8Array {
    let gathered = this.#gathered;
    if (gathered.length < setFlags) {
      gathered = new Uint8Array(roomFor(setFlags));
      if (gathered.length <= KEPT_BYTES) this.#gathered = gathered;
    }
    const { offset, length, count } = this.#runs;
    accel.gatherRuns(offset, length, 0, count, bytes, this.#frame.payloadAt, gathered, 0);
    return gathered;
  }
}

/** The distinct sources of one block. Most frames have the source of the frame before, which costs a comparison of bytes. */
class SourceTable {
  readonly strings: string[] = [];
  readonly #indexes = new Map<string, number>();
  #last = new Uint8Array(0);
  #lastIndex = -1;

  indexOf(bytes: Uint8Array, at: number, length: number): number {
    const last = this.#last;
    let same = this.#lastIndex >= 0 && last.length === length;
    for (let i = 0; same && i < length; i++) same = last[i] === bytes[at + i];
    if (same) return this.#lastIndex;
    this.#last = bytes.subarray(at, at + length) as Uint8Array<ArrayBuffer>;
    const text = decodeForeignText(this.#last);
    let index = this.#indexes.get(text);
    if (index === undefined) {
      index = this.strings.push(text) - 1;
      this.#indexes.set(text, index);
    }
    this.#lastIndex = index;
    return index;
  }
}

function placeOf(place: ErrorPlace, offsetInBlock: number, row: number): ErrorPlace {
  return { ...place, offset: place.offset! + offsetInBlock, lsn: place.lsn! + row };
}

function roomFor(bytes: number): number {
  return Math.ceil((bytes + 1) / 16_384) * 16_384;
}

/** `bytes` or, where less than `needed` follow `at`, a longer copy. */
function withRoom(bytes: Uint8Array, at: number, needed: number): Uint8Array {
  if (bytes.length - at >= needed) return bytes;
  const longer = new Uint8Array(roomFor(Math.max(at + needed, Math.min(bytes.length * 2, KEPT_BYTES))));
  longer.set(bytes.subarray(0, at));
  return longer;
}
