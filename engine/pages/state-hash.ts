/**
 * Two SHA-256 hashes that say whether two states are the same.
 *
 * State hash, over one 56-byte row a page in id order, little-endian:
 *
 *   u64 id, u64 size in bytes, u64 epoch, SHA-256 of the page's bytes (32)
 *
 * Structure hash, over what the state hash leaves out, little-endian:
 *
 *   8 bytes  "MMSBSTRC"
 *   u32      version, 1. Raise it when the encoding below changes: hashes of different versions never agree.
 *   u64      number of pages, then for each in id order:
 *              u64 id, u8 location (0 cpu, 1 gpu, 2 unified), varint length and UTF-8 of the type,
 *              varint length and bytes of the metadata (`metadata.ts`; length 0 = none),
 *              varint length and bytes of the schema (`schema.ts`; length 0 = none)
 *   u64      number of edges, then for each in order of (from, to, type):
 *              u64 from, u64 to, u8 type (0 data, 1 control)
 */
import { createHash, type Hash, hash } from "node:crypto";
import { ByteWriter, EMPTY_BYTES, utf8Encode } from "../base/bytes.ts";
import { highOfNumber } from "../base/u64.ts";
import { encodeMetadata } from "./metadata.ts";
import type { PageTable } from "./page-table.ts";
import { EDGE_TYPES, type Edge, LOCATION_CODE, type PageDescriptor } from "./page-types.ts";
import { encodeSchema } from "./schema.ts";

const HASH_BYTES = 32;
const HASH_WORDS = HASH_BYTES / 4;
const ROW_WORDS = 6 + HASH_WORDS;
/** Rows hashed at a time: 56 KiB. */
const CHUNK_ROWS = 1024;
const CHUNK_BYTES = 65_536;
const STRUCTURE_MAGIC = utf8Encode("MMSBSTRC");
const STRUCTURE_VERSION = 1;

/** SHA-256 of a page's bytes. */
export function hashPageBytes(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(hash("sha256", bytes, "buffer"));
}

/** What the state hash knows of a page. */
export interface PageHashRow {
  readonly id: bigint;
  readonly sizeBytes: number;
  readonly epoch: number;
  readonly sha256: Uint8Array;
}

/** The state hash of pages that live in no table, in any order. */
export function stateHashOf(pages: Iterable<PageHashRow>): Uint8Array {
  const out = new HashWriter();
  for (const page of inOrder(pages, compareIds)) {
    out.writer.u64(page.id).u64n(page.sizeBytes).u64n(page.epoch).bytes(page.sha256);
    out.flushWhenFull();
  }
  return out.finish();
}

/** The structure hash of pages and edges, in any order, each given once. */
export function structureHash(pages: Iterable<PageDescriptor>, edges: Iterable<Edge>): Uint8Array {
  const out = new HashWriter();
  const orderedPages = inOrder(pages, compareIds);
  out.writer.bytes(STRUCTURE_MAGIC).u32(STRUCTURE_VERSION).u64n(orderedPages.length);
  for (const { id, location, type, metadata, schema } of orderedPages) {
    out.writer.u64(id).u8(LOCATION_CODE[location]).text(type);
    out.writer.sizedBytes(metadata.size === 0 ? EMPTY_BYTES : encodeMetadata(metadata));
    out.writer.sizedBytes(schema === undefined ? EMPTY_BYTES : encodeSchema(schema));
    out.flushWhenFull();
  }
  const orderedEdges = inOrder(edges, compareEdges);
  out.writer.u64n(orderedEdges.length);
  for (const { from, to, type } of orderedEdges) {
    out.writer.u64(from).u64(to).u8(EDGE_TYPES.indexOf(type));
    out.flushWhenFull();
  }
  return out.finish();
}

/**
 * Hashes of a table's pages, kept while a page does not change: a page is hashed again when its generation or epoch is another, or when
 * it was marked dirty since (a foreign log may change bytes and keep the epoch).
 */
export class StateHasher {
  readonly #table: PageTable;
  /** SHA-256 by slot, and the same memory in words, to copy them fast. */
  #hashes = new Uint8Array(0);
  #hashWords = new Uint32Array(0);
  /** As they were when the slot was hashed; no page has generation 0. */
  #generations = new Uint32Array(0);
  #epochs = new Float64Array(0);
  #marks = new Uint32Array(0);

  constructor(table: PageTable) {
    this.#table = table;
  }

  /** SHA-256 of the page's bytes. */
  pageHash(slot: number): Uint8Array {
    this.#refresh(Uint32Array.of(slot));
    return this.#hashes.slice(slot * HASH_BYTES, (slot + 1) * HASH_BYTES);
  }

  stateHash(): Uint8Array {
    const { idLo, idHi, size, epoch } = this.#table;
    const slots = this.#table.slotsInIdOrder();
    this.#refresh(slots);
    const hashWords = this.#hashWords;
    const state = createHash("sha256");
    // Rows are whole words; the platforms that MMSB runs on (x64, arm64) are little-endian, as the rows are.
    const words = new Uint32Array(Math.min(CHUNK_ROWS, slots.length) * ROW_WORDS);
    let at = 0;
    for (const slot of slots) {
      words[at] = idLo[slot]!;
      words[at + 1] = idHi[slot]!;
      words[at + 2] = size[slot]!;
      words[at + 4] = epoch[slot]! >>> 0;
      words[at + 5] = highOfNumber(epoch[slot]!);
      const from = slot * HASH_WORDS;
      for (let i = 0; i < HASH_WORDS; i++) words[at + 6 + i] = hashWords[from + i]!;
      at += ROW_WORDS;
      if (at === words.length) {
        state.update(words);
        at = 0;
      }
    }
    return new Uint8Array(state.update(words.subarray(0, at)).digest());
  }

  /** Hashes those of the pages that changed since they were hashed last. */
  #refresh(slots: Uint32Array): void {
    this.#reserve();
    const { generation, epoch, changed } = this.#table;
    const mark = this.#table.mark();
    for (const slot of slots) {
      if (
        this.#generations[slot] === generation[slot] &&
        this.#epochs[slot] === epoch[slot] &&
        changed[slot]! <= this.#marks[slot]!
      ) {
        continue;
      }
      this.#hashes.set(hash("sha256", this.#table.bytes(slot), "buffer"), slot * HASH_BYTES);
      this.#generations[slot] = generation[slot]!;
      this.#epochs[slot] = epoch[slot]!;
      this.#marks[slot] = mark;
    }
  }

  #reserve(): void {
    const slots = this.#table.usedSlots;
    if (slots <= this.#generations.length) return;
    const capacity = Math.max(slots, this.#generations.length * 2, 64);
    this.#hashWords = lengthened(this.#hashWords, new Uint32Array(capacity * HASH_WORDS));
    this.#hashes = new Uint8Array(this.#hashWords.buffer);
    this.#generations = lengthened(this.#generations, new Uint32Array(capacity));
    this.#epochs = lengthened(this.#epochs, new Float64Array(capacity));
    this.#marks = lengthened(this.#marks, new Uint32Array(capacity));
  }
}

function lengthened<T extends { set(from: T): void }>(from: T, to: T): T {
  to.set(from);
  return to;
}

/** Feeds a hash from a writer, a chunk at a time. */
class HashWriter {
  readonly #hash: Hash = createHash("sha256");
  writer = new ByteWriter(CHUNK_BYTES * 2);

  flushWhenFull(): void {
    if (this.writer.length >= CHUNK_BYTES) this.#flush();
  }

  #flush(): void {
    this.#hash.update(this.writer.view());
    this.writer = new ByteWriter(CHUNK_BYTES * 2);
  }

  finish(): Uint8Array {
    this.#flush();
    return new Uint8Array(this.#hash.digest());
  }
}

/** The items as an ascending array; sorts only where they are not in order already. */
function inOrder<T>(items: Iterable<T>, compare: (a: T, b: T) => number): readonly T[] {
  const array = [...items];
  for (let i = 1; i < array.length; i++)
    if (compare(array[i - 1]!, array[i]!) > 0) return array.sort(compare);
  return array;
}

function compareIds(a: { readonly id: bigint }, b: { readonly id: bigint }): number {
  return a.id < b.id ? -1 : a.id > b.id ? 1 : 0;
}

/** The order of edges on disk and in hashes. */
export function compareEdges(a: Edge, b: Edge): number {
  if (a.from !== b.from) return a.from < b.from ? -1 : 1;
  if (a.to !== b.to) return a.to < b.to ? -1 : 1;
  return EDGE_TYPES.indexOf(a.type) - EDGE_TYPES.indexOf(b.type);
}
