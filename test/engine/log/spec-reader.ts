// A second reader of recordings, written from docs/SerializationSpec.md alone: it imports nothing of the engine. Slow and plain;
// each part names the rules that it follows. Where it and the engine disagree, the document, the engine or both are wrong.
import { createHash } from "node:crypto";
import { crc32c, decoder, Input, little } from "./spec-bytes.ts";

// ---- B: blocks

export interface SpecBlock {
  readonly offset: number;
  readonly type: number;
  readonly flags: number;
  readonly count: number;
  readonly uuid: string;
  readonly firstLsn: number;
  readonly sequence: number;
  readonly openLsn: number;
  readonly segment: number;
  readonly payload: Uint8Array;
  /** The whole block: columns are aligned from its start. */
  readonly bytes: Uint8Array;
}

/** B1..B8: the block at `offset`, if a sound one begins there. */
function blockAt(file: Uint8Array, offset: number, uuid: string | undefined): SpecBlock | undefined {
  if (file.length - offset < 72) return undefined;
  const input = new Input(file, offset);
  if (input.u32() !== 0x4b42534d) return undefined;
  const version = input.u8();
  const type = input.u8();
  const flags = Number(input.uint(2));
  const length = input.u32();
  if (length < 72 || length > 65536 || length % 8 !== 0 || length > file.length - offset) return undefined;
  const bytes = file.subarray(offset, offset + length);
  if (crc32c(bytes.subarray(0, length - 4)) !== Number(little(bytes.subarray(length - 4)))) return undefined;
  const count = input.u32();
  const id = Buffer.from(input.take(16)).toString("hex");
  const [firstLsn, sequence, openLsn] = [Number(input.u64()), Number(input.u64()), Number(input.u64())];
  const segment = input.u32();
  const payloadBytes = input.u32();
  if (version !== 1 || (uuid !== undefined && id !== uuid) || 68 + payloadBytes > length) return undefined;
  const payload = bytes.subarray(64, 64 + payloadBytes);
  return { offset, type, flags, count, uuid: id, firstLsn, sequence, openLsn, segment, payload, bytes };
}

export interface SpecDamage {
  readonly offset: number;
  readonly lostBytes: number;
}

// ---- C: columns of a records block

export interface SpecRecord {
  readonly lsn: number;
  readonly kind: number;
  readonly flags: number;
  readonly timeNs: bigint;
  readonly page: bigint;
  readonly epoch: number;
  readonly deltaId: bigint;
  readonly source: string;
  readonly cause: number;
  readonly maskLength: number;
  readonly body: Uint8Array;
  readonly metadata: Uint8Array;
}

const U64 = (1n << 64n) - 1n;

function recordsOf(block: SpecBlock, overflow: ReadonlyMap<number, SpecBlock>): SpecRecord[] {
  const input = new Input(block.bytes.subarray(0, 64 + block.payload.length), 64);
  const sources = Array.from({ length: input.varint() }, () => input.text()); // C1
  const descriptors = Array.from({ length: 11 }, () => {
    const code = input.u8(); // C2
    return { width: code & 15, base: input.uint(code >>> 4) };
  });
  const columns = descriptors.map(({ width, base }) => {
    if (width > 1) while (input.at % width !== 0) input.at++; // C3
    return Array.from({ length: block.count }, () => (base + input.uint(width)) & U64); // C4
  });
  const records: SpecRecord[] = [];
  let beginLsn = block.openLsn;
  for (let row = 0; row < block.count; row++) {
    const value = (column: number) => columns[column]![row]!;
    const kind = Number(value(0));
    const lsn = block.firstLsn + row; // C5
    let flags = Number(value(1));
    const distance = Number(value(7));
    let source = sources[Number(value(6))] ?? ""; // C6
    let body = input.take(Number(value(9))); // C7
    let metadata = input.take(Number(value(10)));
    if (kind === 0x87) beginLsn = lsn;
    if ((flags & 2) !== 0) {
      const whole = overflowed(new Input(body), overflow, lsn); // C8
      if (whole === undefined) {
        records.push({ ...lostRecord(lsn, kind, beginLsn), timeNs: value(2), source }); // V5
        continue;
      }
      ({ body, metadata } = whole);
      source = whole.source ?? source;
      flags &= ~2;
    }
    records.push({
      lsn,
      kind,
      flags,
      timeNs: value(2),
      page: value(3),
      epoch: Number(value(4)),
      deltaId: (BigInt(lsn) + value(5)) & U64,
      source,
      cause: distance === 0 ? 0 : lsn - distance,
      maskLength: Number(value(8)),
      body,
      metadata,
    });
  }
  input.end();
  return records;
}

/** A gap of one record, or the beginning or end of a transaction without its source. */
function lostRecord(lsn: number, kind: number, beginLsn: number) {
  const isOfTransaction = kind >= 0x87 && kind <= 0x89;
  const numbers = isOfTransaction ? (kind === 0x87 ? [] : [beginLsn]) : [lsn, lsn];
  const body = new Uint8Array(isOfTransaction ? numbers.length * 8 : 24);
  numbers.forEach((number, i) => {
    new DataView(body.buffer).setBigUint64(i * 8, BigInt(number), true);
  });
  return {
    lsn,
    kind: isOfTransaction ? kind : 0x07,
    flags: 0,
    page: 0n,
    epoch: 0,
    deltaId: BigInt(lsn),
    cause: 0,
    maskLength: 0,
    body,
    metadata: new Uint8Array(0),
  };
}

function overflowed(inline: Input, blocks: ReadonlyMap<number, SpecBlock>, lsn: number) {
  const sizes = [inline.varint(), inline.varint(), inline.varint()] as const;
  let sequence = inline.varint();
  inline.end();
  const parts: Uint8Array[] = [];
  for (const size of sizes) {
    const part = new Uint8Array(size);
    for (let at = 0; at < size; sequence++) {
      const block = blocks.get(sequence);
      if (block === undefined || block.firstLsn !== lsn) return undefined;
      part.set(block.payload, at);
      at += block.payload.length;
    }
    parts.push(part);
  }
  const source = sizes[2] > 0 ? decoder.decode(parts[2]!) : undefined;
  return { body: parts[0]!, metadata: parts[1]!, source };
}

// ---- D: the delta body

export interface SpecRun {
  readonly offset: number;
  readonly bytes: Uint8Array;
}

/** Bits from the lowest of a byte up, D5. */
class Bits {
  readonly input: Input;
  #bit = 0;
  #byte = 0;

  constructor(input: Input) {
    this.input = input;
  }

  one(): number {
    if (this.#bit === 0) this.#byte = this.input.u8();
    const bit = (this.#byte >>> this.#bit) & 1;
    this.#bit = (this.#bit + 1) & 7;
    return bit;
  }

  low(k: number): number {
    let value = 0;
    for (let i = 0; i < k; i++) value += this.one() << i;
    return value;
  }

  unary(): number {
    let zeros = 0;
    while (this.one() === 0) zeros++;
    return zeros;
  }

  /** The padding: what is left of the last byte. */
  close(): void {
    while (this.#bit !== 0) if (this.one() !== 0) throw new Error("bits are set in the padding");
  }
}

function symbols(bits: Bits, count: number, mode: number, zeroRuns: number): number[] {
  if (mode <= 13) {
    const lows = Array.from({ length: count }, () => bits.low(mode)); // D6
    return lows.map((low) => bits.unary() * 2 ** mode + low);
  }
  const number = (k: number) => bits.unary() * 2 ** k + bits.low(k); // D7
  const out: number[] = [];
  for (;;) {
    for (let zeros = number(zeroRuns >>> 4); zeros > 0; zeros--) out.push(0);
    if (out.length >= count) return out;
    out.push(number(zeroRuns & 15) + 1);
  }
}

/** D1..D9: the runs of a delta with their bytes. */
export function runsOf(body: Uint8Array): SpecRun[] {
  const input = new Input(body);
  const tag = input.u8();
  const count = (tag & 63) === 63 ? 63 + input.varint() : tag & 63; // D2
  const form = tag >>> 6;
  const places: { offset: number; length: number }[] = [];
  if (form === 0) {
    let end = -1;
    for (let i = 0; i < count; i++) {
      const offset = end + 1 + input.varint(); // D3
      const length = input.varint() + 1;
      places.push({ offset, length });
      end = offset + length;
    }
  } else if (form < 3) {
    const modes = input.u8(); // D4
    const gapRuns = modes >>> 4 === 14 ? input.u8() : 0;
    const lengthRuns = (modes & 15) === 14 ? input.u8() : 0;
    const constant = (modes & 15) === 15 ? input.varint() : 0;
    const unit = form === 2 ? input.varint() : 1;
    const base = form === 2 ? input.varint() : 0;
    const bits = new Bits(input);
    const fixed = (value: number) => new Array<number>(count).fill(value);
    const gaps = modes >>> 4 === 15 ? fixed(0) : symbols(bits, count, modes >>> 4, gapRuns);
    const lengths = (modes & 15) === 15 ? fixed(constant) : symbols(bits, count, modes & 15, lengthRuns);
    bits.close();
    let next = base; // D8
    for (let i = 0; i < count; i++) {
      const offset = next + unit * gaps[i]!;
      const length = lengths[i]! + 1;
      places.push({ offset, length });
      next = offset + unit * (Math.floor(length / unit) + 1);
    }
  } else throw new Error("form 3 is reserved");
  const runs = places.map(({ offset, length }) => ({ offset, bytes: input.take(length) })); // D9
  input.end();
  return runs;
}

// ---- K: checkpoints

export interface SpecPage {
  readonly id: bigint;
  readonly sizeBytes: number;
  epoch: number;
  location: number;
  readonly type: string;
  /** As they stand on disk; empty = none. */
  metadata: Uint8Array;
  schema: Uint8Array;
  readonly bytes: Uint8Array;
}

export interface SpecEdge {
  readonly from: bigint;
  readonly to: bigint;
  readonly type: number;
}

export interface SpecCheckpoint {
  readonly lsn: number;
  readonly baseLsn: number;
  readonly isFull: boolean;
  recordLsn: number;
  readonly stateHash: string;
  readonly structureHash: string;
  readonly pages: readonly SpecPage[];
  readonly destroyed: readonly bigint[];
  readonly edges: readonly SpecEdge[];
  /** Page id and body of each. */
  readonly registrations: readonly (readonly [bigint, Uint8Array])[];
}

function checkpointOf(stream: Uint8Array, trailer: Uint8Array): SpecCheckpoint | undefined {
  const end = new Input(trailer); // K5
  const [lsn, baseLsn, , streamBytes] = [end.u64(), end.u64(), end.u64(), end.u64()];
  const isFull = end.u8() === 0;
  end.take(7);
  const stateHash = Buffer.from(end.take(32)).toString("hex");
  const structureHash = Buffer.from(end.take(32)).toString("hex");
  if (streamBytes !== BigInt(stream.length)) return undefined;
  const input = new Input(stream); // K3
  const [magic, version] = [input.u32(), input.uint(2)];
  if (magic !== 0x5043534d || (version !== 1n && version !== 2n)) throw new Error("this is no checkpoint");
  input.take(2 + 3 * 8);
  const [pageCount, destroyedCount, edgeCount] = [input.u64(), input.u64(), input.u64()].map(Number);
  input.take(16);
  const heads = Array.from({ length: pageCount! }, () => ({
    id: input.u64(), // K4
    sizeBytes: Number(input.u64()),
    epoch: Number(input.u64()),
    location: input.u8(),
    type: input.text(),
    metadata: input.sized(),
    schema: input.sized(),
  }));
  const destroyed = Array.from({ length: destroyedCount! }, () => input.u64());
  const edges = Array.from({ length: edgeCount! }, () => edgeOf(input.u64(), input));
  const registrations = Array.from(
    { length: version === 2n ? input.u32() : 0 },
    () => [input.u64(), input.sized()] as const,
  );
  const pages = heads.map((head) => ({ ...head, bytes: input.take(head.sizeBytes).slice() }));
  input.end();
  return {
    lsn: Number(lsn),
    baseLsn: Number(baseLsn),
    isFull,
    recordLsn: 0,
    stateHash,
    structureHash,
    pages,
    destroyed,
    edges,
    registrations,
  };
}

function edgeOf(from: bigint, input: Input): SpecEdge {
  return { from, to: input.u64(), type: input.u8() };
}

// ---- V: the whole recording

export interface SpecRecording {
  readonly uuid: string;
  readonly records: readonly SpecRecord[];
  readonly checkpoints: readonly SpecCheckpoint[];
  readonly damage: readonly SpecDamage[];
  readonly committedLsn: number;
  readonly complete: boolean;
}

/** The segments' files in order, S1. */
export function readRecording(files: readonly Uint8Array[]): SpecRecording {
  const overflow = new Map<number, SpecBlock>();
  const records: SpecRecord[] = [];
  const checkpoints: SpecCheckpoint[] = [];
  const damage: SpecDamage[] = [];
  let uuid: string | undefined;
  let stream: Uint8Array[] | undefined;
  let last: SpecBlock | undefined;
  let lastLsn = -1;
  let gaps = 0;
  let openLsn = 0;
  for (const file of files) {
    for (let offset = 0; offset < file.length; ) {
      const block = blockAt(file, offset, uuid);
      if (block === undefined) {
        let next = offset + 1; // V2
        while (next < file.length && blockAt(file, next, uuid) === undefined) next++;
        const isTail = next >= file.length;
        if (!isTail || file.subarray(offset).some((byte) => byte !== 0)) {
          damage.push({ offset, lostBytes: next - offset });
          stream = undefined; // K6
        } // V3: else preallocation
        offset = next;
        continue;
      }
      uuid ??= block.uuid;
      if (lastLsn < 0) lastLsn = block.firstLsn - 1;
      last = block;
      offset += block.bytes.length;
      if (block.type === 3) overflow.set(block.sequence, block);
      if (block.type === 2 && block.firstLsn > lastLsn) {
        if (block.firstLsn > lastLsn + 1) gaps++; // V4
        openLsn = block.openLsn; // T3
        for (const record of recordsOf(block, overflow)) {
          records.push(record);
          lastLsn = record.lsn;
          if (record.kind === 0x87) openLsn = record.lsn;
          if (record.kind === 0x88 || record.kind === 0x89) openLsn = 0;
          const checkpoint = checkpoints.at(-1);
          if (record.kind === 0x02 && checkpoint?.recordLsn === 0) {
            if (new Input(record.body).u64() === BigInt(checkpoint.lsn)) checkpoint.recordLsn = record.lsn; // K7
          }
        }
      } else if (block.type === 4) {
        if (block.count === 0) stream = []; // K2
        if (stream === undefined || stream.length !== block.count) stream = undefined;
        else if ((block.flags & 1) === 0) stream.push(block.payload);
        else {
          const checkpoint = checkpointOf(Buffer.concat(stream), block.payload);
          if (checkpoint !== undefined) checkpoints.push(checkpoint);
          stream = undefined;
        }
      }
    }
  }
  if (uuid === undefined) throw new Error("there is no sound block");
  const committedLsn = openLsn === 0 ? lastLsn : openLsn - 1; // T4
  const isClosed = last?.type === 5 && (last.flags & 2) === 0; // V6
  return {
    uuid,
    records,
    checkpoints,
    damage,
    committedLsn,
    complete: isClosed && damage.length === 0 && gaps === 0,
  };
}

// ---- replay, R and H

export class SpecState {
  readonly pages = new Map<bigint, SpecPage>();
  readonly edges = new Map<string, SpecEdge>();

  load(checkpoint: SpecCheckpoint): void {
    if (checkpoint.isFull) this.pages.clear(); // K8
    for (const id of checkpoint.destroyed) this.pages.delete(id);
    for (const page of checkpoint.pages) this.pages.set(page.id, { ...page, bytes: page.bytes.slice() });
    this.edges.clear();
    for (const edge of checkpoint.edges) this.#edge(edge, true);
  }

  #edge(edge: SpecEdge, isThere: boolean): void {
    const key = `${edge.from} ${edge.to} ${edge.type}`;
    if (isThere) this.edges.set(key, edge);
    else this.edges.delete(key);
  }

  apply(record: SpecRecord): void {
    const page = this.pages.get(record.page);
    const input = new Input(record.body);
    switch (record.kind) {
      case 0x81: {
        const sizeBytes = input.varint(); // R2
        const [location, type, metadata, schema] = [input.u8(), input.text(), input.sized(), input.sized()];
        const bytes = new Uint8Array(sizeBytes);
        const { page: id, epoch } = record;
        this.pages.set(id, { id, sizeBytes, epoch, location, type, metadata, schema, bytes });
        break;
      }
      case 0x82:
        this.pages.delete(record.page); // R3
        break;
      case 0x83:
        if (page !== undefined) page.location = input.u8(); // R4
        break;
      case 0x84: {
        if (page === undefined) break; // R5
        for (const run of runsOf(record.body)) {
          const room = Math.max(0, page.sizeBytes - run.offset);
          if (room > 0) page.bytes.set(run.bytes.subarray(0, room), run.offset);
        }
        page.epoch = record.epoch;
        break;
      }
      case 0x85:
      case 0x86:
        this.#edge(edgeOf(record.page, input), record.kind === 0x85); // R6
        break;
      case 0x8a:
        if (page !== undefined) page.schema = record.body; // R8
        break;
      case 0x8b:
        if (page !== undefined) page.metadata = record.body; // R9
        break;
      default:
        if (record.kind > 0x8b) throw new Error("an unknown critical kind"); // R1
    }
  }

  #sorted(): SpecPage[] {
    return [...this.pages.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
  }

  /** H1. */
  stateHash(): string {
    const hash = createHash("sha256");
    for (const { id, sizeBytes, epoch, bytes } of this.#sorted()) {
      for (const value of [id, BigInt(sizeBytes), BigInt(epoch)]) hash.update(u64(value));
      hash.update(createHash("sha256").update(bytes).digest());
    }
    return hash.digest("hex");
  }

  /** H2. */
  structureHash(): string {
    const hash = createHash("sha256")
      .update("MMSBSTRC")
      .update(Uint8Array.of(1, 0, 0, 0));
    hash.update(u64(BigInt(this.pages.size)));
    for (const { id, location, type, metadata, schema } of this.#sorted()) {
      hash.update(u64(id)).update(Uint8Array.of(location));
      for (const bytes of [Buffer.from(type), metadata, schema])
        hash.update(varint(bytes.length)).update(bytes);
    }
    const edges = [...this.edges.values()].sort((a, b) =>
      a.from !== b.from
        ? a.from < b.from
          ? -1
          : 1
        : a.to !== b.to
          ? a.to < b.to
            ? -1
            : 1
          : a.type - b.type,
    );
    hash.update(u64(BigInt(edges.length)));
    for (const { from, to, type } of edges)
      hash.update(u64(from)).update(u64(to)).update(Uint8Array.of(type));
    return hash.digest("hex");
  }
}

function u64(value: bigint): Uint8Array {
  return Uint8Array.from({ length: 8 }, (_, i) => Number((value >> BigInt(8 * i)) & 255n));
}

function varint(value: number): Uint8Array {
  const out: number[] = [];
  for (; value >= 128; value = Math.floor(value / 128)) out.push((value % 128) | 128);
  return Uint8Array.from([...out, value]);
}
