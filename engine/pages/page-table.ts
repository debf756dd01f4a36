import type { PageSpans } from "../accel/accel.ts";
import { assert } from "../base/assert.ts";
import { EMPTY_BYTES } from "../base/bytes.ts";
import { fail, ok, type Result } from "../base/result.ts";
import { highOf, isU64, lowOf, U64_MAX, u64FromPair } from "../base/u64.ts";
import { Allocator, type MemoryStats } from "./allocator.ts";
import { MAX_ARENA_BYTES } from "./arena.ts";
import { IdIndex } from "./id-index.ts";
import { IdOrder } from "./id-order.ts";
import { MAX_TYPES } from "./limits.ts";
import { checkMetadata, copyMetadata, EMPTY_METADATA } from "./metadata.ts";
import { PageColumns, PageState } from "./page-columns.ts";
import { type CheckedPageSpec, checkPageSpec, type PageSpec } from "./page-spec.ts";
import {
  DEFAULT_PAGE_TYPE,
  LOCATION_CODE,
  LOCATIONS,
  type PageDescriptor,
  type PageImage,
  type PageLocation,
  type PageMetadata,
  type PageSchema,
} from "./page-types.ts";
import { RetiredIds } from "./retired-ids.ts";
import { checkSchema, copySchema } from "./schema.ts";

export interface PageTableOptions {
  /** What all arenas together may hold. */
  readonly maxBytes?: number;
  /** What one arena, and so one page, may hold: at most 1 GiB. */
  readonly arenaBytes?: number;
  readonly maxPages?: number;
}

const DEFAULT_MAX_BYTES = 64 * 2 ** 30;
const DEFAULT_MAX_PAGES = 2 ** 24;

/**
 * The pages of a session or of a replay: dense slots, everything about them in columns over shared memory, their bytes in arenas.
 *
 * A *slot* is a row of the columns and is used again after its page is gone; (slot, generation) names one page for ever. An *id* is
 * the page's name outside, a u64 that is never used again ({@link revive} aside). Whoever writes to a page's bytes raises its epoch and
 * calls {@link markDirty}; `bumpEpoch` and `setEpoch` do both.
 *
 * Hot loops take the columns once a batch. A column kept while pages are created stays right for the slots it covers.
 */
export class PageTable {
  readonly #columns: PageColumns;
  readonly #allocator: Allocator;
  readonly #index: IdIndex;
  readonly #order: IdOrder;
  readonly #retired = new RetiredIds();
  readonly #types: string[] = [];
  readonly #typeIndexes = new Map<string, number>();
  /** Of the pages that have any, by slot. */
  readonly #metadata = new Map<number, PageMetadata>();
  readonly #schemas = new Map<number, PageSchema>();
  /** Slots below this were used at least once; those of them that are free wait in a stack. */
  #usedSlots = 0;
  #freeSlots: number[] = [];
  #nextId: bigint | undefined = 1n;
  #count = 0;
  #stamp = 1;
  #spans: PageSpans | undefined;

  constructor(options: PageTableOptions = {}) {
    const {
      maxBytes = DEFAULT_MAX_BYTES,
      arenaBytes = MAX_ARENA_BYTES,
      maxPages = DEFAULT_MAX_PAGES,
    } = options;
    assert(maxBytes >= 0 && arenaBytes > 0 && maxPages > 0, "a table has limits above zero");
    this.#columns = new PageColumns(maxPages);
    this.#allocator = new Allocator(maxBytes, Math.min(arenaBytes, MAX_ARENA_BYTES));
    this.#index = new IdIndex(this.#columns.idLo, this.#columns.idHi);
    this.#order = new IdOrder(this.#columns, this.#index);
  }

  // ---- columns, one row a slot

  get idLo(): Uint32Array {
    return this.#columns.idLo;
  }
  get idHi(): Uint32Array {
    return this.#columns.idHi;
  }
  /** Bytes; 0 for a free slot. */
  get size(): Uint32Array {
    return this.#columns.size;
  }
  get epoch(): Float64Array {
    return this.#columns.epoch;
  }
  /** `LOCATION_CODE`. */
  get location(): Uint8Array {
    return this.#columns.location;
  }
  get typeIndex(): Uint32Array {
    return this.#columns.typeIndex;
  }
  /** Odd while a page lives in the slot. */
  get generation(): Uint32Array {
    return this.#columns.generation;
  }
  get arena(): Uint16Array {
    return this.#columns.arena;
  }
  get arenaOffset(): Uint32Array {
    return this.#columns.arenaOffset;
  }
  /** `PageState`. */
  get state(): Uint8Array {
    return this.#columns.state;
  }
  /** Stamp of the last change; see {@link mark}. A writer's one store is `changed[slot] = stamp`. */
  get changed(): Uint32Array {
    return this.#columns.changed;
  }
  get stamp(): number {
    return this.#stamp;
  }
  /** Rises when the columns become longer. */
  get columnsVersion(): number {
    return this.#columns.version;
  }
  /** Slots from here up were never used. */
  get usedSlots(): number {
    return this.#usedSlots;
  }

  /** Where the pages lie, as the batch functions of `accel` want it. Take it once a batch: growth gives another. */
  get spans(): PageSpans {
    const { arena, arenaOffset, size } = this.#columns;
    if (this.#spans?.size !== size) {
      this.#spans = { arenas: this.#allocator.arenas.bytes, arena, at: arenaOffset, size };
    }
    return this.#spans;
  }

  // ---- coming and going

  /**
   * Makes a page and returns its slot. Errors: PAGE_EXISTS, PAGE_ID_REUSED, PAGE_SIZE_INVALID, PAGE_OUT_OF_MEMORY, LIMIT_EXCEEDED,
   * ARGUMENT_INVALID, METADATA_INVALID, SCHEMA_INVALID; nothing has changed then.
   */
  create(spec: PageSpec): Result<number> {
    if (spec.id !== undefined && this.#retired.has(spec.id)) {
      const remedy = "Take a new id, or leave it out to be given one";
      return fail("PAGE_ID_REUSED", "a page with this id was destroyed before", remedy, { pageId: spec.id });
    }
    return this.revive(spec);
  }

  /** {@link create} for replay and undo: the id may be one that was destroyed. */
  revive(spec: PageSpec): Result<number> {
    const checked = this.checked(spec);
    if (!checked.ok) return checked;
    const id = spec.id ?? this.#unusedId();
    if (id === undefined) {
      return fail("LIMIT_EXCEEDED", "every page id up to 2^64-1 was given", "Choose the id yourself");
    }
    const made = this.reviveLike(checked.value, lowOf(id), highOf(id), spec.epoch ?? 0);
    if (made.ok && spec.id === undefined) this.#nextId = id === U64_MAX ? undefined : id + 1n;
    return made;
  }

  /** A spec that {@link reviveLike} may take. Errors: those of {@link create} that tell of the spec alone. */
  checked(spec: PageSpec): Result<CheckedPageSpec> {
    const checked = checkPageSpec(spec, this.#allocator.maxPageBytes);
    return checked.ok ? ok(spec as CheckedPageSpec) : checked;
  }

  /**
   * {@link revive} for many pages that differ in id (as its u32 halves) and epoch only: the spec is looked at once. Its own id and epoch do
   * not count.
   */
  reviveLike(spec: CheckedPageSpec, lo: number, hi: number, epoch: number): Result<number> {
    if (this.#index.find(lo, hi) >= 0) {
      return fail("PAGE_EXISTS", "a page with this id exists", "Take a new id, or leave it out", {
        pageId: u64FromPair(lo, hi),
      });
    }
    const { type = DEFAULT_PAGE_TYPE, sizeBytes, bytes } = spec;
    if (!this.#typeIndexes.has(type) && this.#types.length >= MAX_TYPES) {
      return fail(
        "LIMIT_EXCEEDED",
        `there are ${MAX_TYPES} page types`,
        "Use fewer types; put what varies into metadata",
      );
    }
    if (this.#freeSlots.length === 0 && this.#usedSlots === this.#columns.maxCapacity) {
      return fail(
        "LIMIT_EXCEEDED",
        `the table holds ${this.#count} pages`,
        "Destroy pages, or raise maxPages",
      );
    }
    if (sizeBytes > 0 && !this.#allocator.allocate(sizeBytes, bytes === undefined)) {
      return this.#outOfMemory(sizeBytes, u64FromPair(lo, hi));
    }
    const slot = this.#takeSlot();
    const columns = this.#columns;
    columns.idLo[slot] = lo;
    columns.idHi[slot] = hi;
    columns.size[slot] = sizeBytes;
    columns.epoch[slot] = epoch;
    columns.location[slot] = LOCATION_CODE[spec.location ?? "cpu"];
    columns.typeIndex[slot] = this.#internType(type);
    columns.generation[slot]!++;
    columns.arena[slot] = sizeBytes > 0 ? this.#allocator.arena : 0;
    columns.arenaOffset[slot] = sizeBytes > 0 ? this.#allocator.offset : 0;
    columns.state[slot] = PageState.Live;
    columns.changed[slot] = this.#stamp;
    if (spec.metadata !== undefined && spec.metadata.size > 0)
      this.#metadata.set(slot, copyMetadata(spec.metadata));
    if (spec.schema !== undefined) this.#schemas.set(slot, copySchema(spec.schema));
    if (bytes !== undefined && sizeBytes > 0) this.bytes(slot).set(bytes);
    this.#index.insert(slot);
    this.#order.created(slot, lo, hi);
    this.#count++;
    return ok(slot);
  }

  /** Frees the page's slot and bytes; its id is not used again. Errors: PAGE_UNKNOWN. */
  destroy(slot: number): Result<void> {
    if (!this.isLive(slot)) return unknownSlot(slot);
    this.#retired.add(this.idOf(slot));
    this.#free(slot);
    return ok();
  }

  /** Refused, always: what refers to a page relies on its size. Errors: PAGE_RESIZE_REFUSED, PAGE_UNKNOWN. */
  resize(slot: number, sizeBytes: number): Result<never> {
    if (!this.isLive(slot)) return unknownSlot(slot);
    const message = `a page of ${this.size[slot]} bytes cannot become one of ${sizeBytes}`;
    return fail("PAGE_RESIZE_REFUSED", message, "Create a new page and copy what should stay", {
      pageId: this.idOf(slot),
    });
  }

  /** Empties the table: as new, but for generations, type names and arenas. For a replay that starts from another checkpoint. */
  clear(): void {
    for (let slot = 0; slot < this.#usedSlots; slot++) if (this.isLive(slot)) this.#free(slot);
    // Lowest slot on top: the same pages get the same slots again.
    this.#freeSlots = Array.from({ length: this.#usedSlots }, (_, i) => this.#usedSlots - 1 - i);
    this.#retired.clear();
    this.#nextId = 1n;
  }

  /** Takes ids `first` to `last` out of use, where a log knows that they were given and destroyed. */
  retireIds(first: bigint, last: bigint): void {
    assert(isU64(first) && isU64(last), "ids are u64");
    this.#retired.addRange(first, last);
  }

  #unusedId(): bigint | undefined {
    let id = this.#nextId;
    while (id !== undefined) {
      id = this.#retired.nextFree(id);
      if (id === undefined || this.slotOf(id) < 0) return id;
      id = id === U64_MAX ? undefined : id + 1n;
    }
    return undefined;
  }

  #takeSlot(): number {
    const recycled = this.#freeSlots.pop();
    if (recycled !== undefined) return recycled;
    if (this.#usedSlots === this.#columns.capacity) {
      this.#columns.grow();
      this.#index.setColumns(this.#columns.idLo, this.#columns.idHi);
    }
    return this.#usedSlots++;
  }

  #free(slot: number): void {
    const columns = this.#columns;
    const sizeBytes = columns.size[slot]!;
    this.#index.remove(slot);
    this.#order.destroyed();
    if (sizeBytes > 0) this.#allocator.release(columns.arena[slot]!, columns.arenaOffset[slot]!, sizeBytes);
    columns.size[slot] = 0;
    columns.state[slot] = PageState.Free;
    columns.generation[slot]!++;
    this.#metadata.delete(slot);
    this.#schemas.delete(slot);
    this.#freeSlots.push(slot);
    this.#count--;
  }

  #internType(type: string): number {
    const known = this.#typeIndexes.get(type);
    if (known !== undefined) return known;
    this.#typeIndexes.set(type, this.#types.length);
    return this.#types.push(type) - 1;
  }

  #outOfMemory(sizeBytes: number, id: bigint): Result<never> {
    const { usedBytes, reservedBytes, largestFreeBytes } = this.#allocator.stats();
    const message =
      `no room for a page of ${sizeBytes} bytes: ${this.#count} pages hold ${usedBytes} bytes, ` +
      `arenas ${reservedBytes} of at most ${this.#allocator.maxBytes}, longest free run ${largestFreeBytes}`;
    return fail("PAGE_OUT_OF_MEMORY", message, "Destroy pages, or raise maxBytes", { pageId: id });
  }

  // ---- looking up

  /** The slot of an id, or -1. */
  slotOf(id: bigint): number {
    return isU64(id) ? this.#index.find(lowOf(id), highOf(id)) : -1;
  }

  /** The slot of an id given as its u32 halves, or -1. */
  slotOfPair(lo: number, hi: number): number {
    return this.#index.find(lo >>> 0, hi >>> 0);
  }

  /** {@link slotOfPair} for rows `[from, to)`; an unknown id becomes `NO_SLOT` (0xffff_ffff). */
  slotsOfPairs(lo: Uint32Array, hi: Uint32Array, from: number, to: number, slots: Uint32Array): void {
    for (let row = from; row < to; row++) slots[row] = this.#index.find(lo[row]!, hi[row]!);
  }

  /** By id, for the lowest ids: slot + 1, or 0 where none has it. Take it once a batch. */
  get lowSlots(): Uint32Array {
    return this.#index.dense;
  }

  idOf(slot: number): bigint {
    return u64FromPair(this.#columns.idLo[slot]!, this.#columns.idHi[slot]!);
  }

  isLive(slot: number): boolean {
    return this.#columns.state[slot] === PageState.Live;
  }

  /** Live slots in id order; the same array while no page comes or goes, and never written again. */
  slotsInIdOrder(): Uint32Array {
    return this.#order.slots(this.#usedSlots);
  }

  get count(): number {
    return this.#count;
  }

  // ---- bytes

  arenaBytes(arena: number): Uint8Array {
    return this.#allocator.arenas.bytes[arena] ?? EMPTY_BYTES;
  }

  /** A view of the page's bytes; valid until the page is destroyed. */
  bytes(slot: number): Uint8Array {
    const { arena, arenaOffset, size } = this.#columns;
    const length = size[slot]!;
    assert(this.isLive(slot), "the slot holds a page");
    if (length === 0) return EMPTY_BYTES;
    const memory = this.#allocator.arenas.bytes[arena[slot]!]!;
    return new Uint8Array(memory.buffer, memory.byteOffset + arenaOffset[slot]!, length);
  }

  get usedBytes(): number {
    return this.#allocator.usedBytes;
  }

  get reservedBytes(): number {
    return this.#allocator.reservedBytes;
  }

  memory(): MemoryStats {
    return this.#allocator.stats();
  }

  /** Gives arenas without a page back to the system; returns their bytes. */
  trim(): number {
    return this.#allocator.trim();
  }

  // ---- what pages carry beside their bytes

  typeName(index: number): string {
    return this.#types[index] ?? DEFAULT_PAGE_TYPE;
  }

  typeOf(slot: number): string {
    return this.typeName(this.#columns.typeIndex[slot]!);
  }

  locationOf(slot: number): PageLocation {
    return LOCATIONS[this.#columns.location[slot]!]!;
  }

  setLocation(slot: number, location: PageLocation): void {
    assert(this.isLive(slot), "the slot holds a page");
    this.#columns.location[slot] = LOCATION_CODE[location];
    this.markDirty(slot);
  }

  metadataOf(slot: number): PageMetadata {
    return this.#metadata.get(slot) ?? EMPTY_METADATA;
  }

  /** Replaces all of it. Errors: PAGE_UNKNOWN, METADATA_INVALID. */
  setMetadata(slot: number, metadata: PageMetadata): Result<void> {
    if (!this.isLive(slot)) return unknownSlot(slot);
    const checked = checkMetadata(metadata);
    if (!checked.ok) return checked;
    if (metadata.size === 0) this.#metadata.delete(slot);
    else this.#metadata.set(slot, copyMetadata(metadata));
    this.markDirty(slot);
    return ok();
  }

  schemaOf(slot: number): PageSchema | undefined {
    return this.#schemas.get(slot);
  }

  /** Errors: PAGE_UNKNOWN, SCHEMA_INVALID. */
  setSchema(slot: number, schema: PageSchema | undefined): Result<void> {
    if (!this.isLive(slot)) return unknownSlot(slot);
    if (schema === undefined) {
      this.#schemas.delete(slot);
    } else {
      const checked = checkSchema(schema, this.size[slot]!);
      if (!checked.ok) return checked;
      this.#schemas.set(slot, copySchema(schema));
    }
    this.markDirty(slot);
    return ok();
  }

  describe(slot: number): PageDescriptor {
    assert(this.isLive(slot), "the slot holds a page");
    return {
      id: this.idOf(slot),
      sizeBytes: this.#columns.size[slot]!,
      epoch: this.#columns.epoch[slot]!,
      location: this.locationOf(slot),
      type: this.typeOf(slot),
      metadata: this.metadataOf(slot),
      schema: this.schemaOf(slot),
    };
  }

  /** The page as it is now, its bytes copied. */
  image(slot: number): PageImage {
    return { ...this.describe(slot), bytes: new Uint8Array(this.bytes(slot)) };
  }

  /** {@link describe} for every page, in id order. */
  *descriptors(): IterableIterator<PageDescriptor> {
    for (const slot of this.slotsInIdOrder()) yield this.describe(slot);
  }

  // ---- change

  setEpoch(slot: number, epoch: number): void {
    assert(Number.isSafeInteger(epoch) && epoch >= 0, "an epoch is a whole number below 2^53");
    this.#columns.epoch[slot] = epoch;
    this.#columns.changed[slot] = this.#stamp;
  }

  /** Raises the epoch by one and returns it. */
  bumpEpoch(slot: number): number {
    const epoch = this.#columns.epoch[slot]! + 1;
    this.setEpoch(slot, epoch);
    return epoch;
  }

  /** Says that the page's bytes, or what it carries beside them, changed. */
  markDirty(slot: number): void {
    this.#columns.changed[slot] = this.#stamp;
  }

  /** A point between changes: {@link dirtySince} tells what changed after it. Any number of them can be in use. */
  mark(): number {
    assert(this.#stamp < 0xffff_ffff, "there are 2^32 marks");
    return this.#stamp++;
  }

  isDirtySince(slot: number, mark: number): boolean {
    return this.#columns.changed[slot]! > mark;
  }

  /** Live slots created or changed after the mark, in id order. */
  dirtySince(mark: number): Uint32Array {
    const { changed } = this.#columns;
    return this.slotsInIdOrder().filter((slot) => changed[slot]! > mark);
  }
}

function unknownSlot(slot: number) {
  return fail("PAGE_UNKNOWN", `slot ${slot} holds no page`, "Look the page up by its id again");
}
