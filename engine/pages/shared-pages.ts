import { EMPTY_BYTES } from "../base/bytes.ts";
import { MmsbError } from "../base/errors.ts";
import { err, fail, ok, type Result } from "../base/result.ts";
import { u64FromPair } from "../base/u64.ts";
import { LOCATION_CODE, LOCATIONS, type PageLocation } from "./page-types.ts";
import { SharedHeap } from "./shared-heap.ts";
import {
  CLASS_GRANULES,
  classOfBytes,
  Field,
  GRANULE_BYTES,
  HEADER_WORDS,
  LAYOUT_VERSION,
  layoutOf,
  MAGIC,
  MAX_OWNERS,
  MAX_SPINS,
  Pair,
  SLOT_WORDS,
  SlotState,
  STATE_MASK,
  Word,
} from "./shared-layout.ts";

/** One buffer holds everything, and the arena stays within what every host reserves in one piece. */
const MAX_ARENA_BYTES = 2 ** 30;
const MAX_SLOTS = 2 ** 24;

export interface SharedPagesOptions {
  /** Bytes for pages; rounded up to 64, at most 1 GiB. */
  readonly arenaBytes: number;
  readonly maxPages: number;
}

/** A page: (slot, generation) names one for ever. */
export interface SharedPage {
  readonly slot: number;
  readonly generation: number;
  readonly id: bigint;
}

/** What one owner holds. */
export interface SharedHolding {
  readonly owner: number;
  readonly pages: number;
  readonly bytes: number;
}

/** Moves a page's bytes to where it is going (a device); the page is locked meanwhile. An error keeps it where it was. */
export type Transfer = (bytes: Uint8Array, from: PageLocation, to: PageLocation) => Result<void>;

/**
 * Pages that several threads allocate, free, clone, migrate, read and write at once, in one `SharedArrayBuffer` that each of them
 * attaches to. Every operation takes effect at one moment: ids are unique for ever, a block has one page, and nobody sees a page half
 * written, half cloned or half gone. The same steps in C++ (native/src/shared_pages.cpp) may run on the same memory at the same time.
 *
 * How: free blocks and free slots stand in lists without locks (`shared-free-list.ts`). A page has one word with its state and a version; who
 * changes the page makes it busy by exchanging that word, and a reader takes what it read only where the word is still the same. Order
 * of locks: the heap's (only to join free neighbours) is never waited for with a page held; a second page is only locked where nobody else
 * knows it yet. So there is no circle to wait in. Locks spin and never sleep (a futex does not cross the language border), and are given
 * up with PAGE_STATE after seconds: a thread that was killed in the middle of an operation costs the page it worked on, not the others.
 *
 * Errors: PAGE_UNKNOWN (gone, or never was), PAGE_STATE (another thread did not let it go), PAGE_OUT_OF_MEMORY (says who holds what),
 * LIMIT_EXCEEDED (as many pages as there may be), PAGE_SIZE_INVALID, DELTA_RANGE (outside the page).
 */
export class SharedPages {
  /** Hand it to other threads: `SharedPages.attach(memory, owner)`. */
  readonly memory: SharedArrayBuffer;
  /** Names this thread in the accounts. */
  readonly owner: number;
  readonly maxPages: number;
  readonly arenaBytes: number;
  readonly #granules: number;
  readonly #maxSpins: number;
  readonly #words: Int32Array;
  readonly #pairs: BigInt64Array;
  readonly #arena: Uint8Array;
  readonly #heap: SharedHeap;

  private constructor(
    memory: SharedArrayBuffer,
    owner: number,
    maxPages: number,
    granules: number,
    maxSpins: number,
  ) {
    this.memory = memory;
    this.owner = owner;
    this.maxPages = maxPages;
    this.#granules = granules;
    this.#maxSpins = maxSpins;
    this.arenaBytes = granules * GRANULE_BYTES;
    const { arenaAt } = layoutOf(maxPages, granules);
    const words = new Int32Array(memory, 0, arenaAt / 4);
    const pairs = new BigInt64Array(memory, 0, HEADER_WORDS / 2);
    this.#words = words;
    this.#pairs = pairs;
    this.#arena = new Uint8Array(memory, arenaAt, this.arenaBytes);
    this.#heap = new SharedHeap(words, pairs, maxPages, granules, owner, maxSpins);
  }

  /** Makes the memory and attaches to it as owner 0. */
  static create(options: SharedPagesOptions): Result<SharedPages> {
    const { arenaBytes, maxPages } = options;
    const granules = Math.ceil(arenaBytes / GRANULE_BYTES);
    if (!(arenaBytes > 0 && arenaBytes <= MAX_ARENA_BYTES && Number.isInteger(arenaBytes))) {
      return fail("ARGUMENT_INVALID", `an arena of ${arenaBytes} bytes`, "Give 1 to 2^30 bytes");
    }
    if (!(Number.isInteger(maxPages) && maxPages > 0 && maxPages <= MAX_SLOTS)) {
      return fail("ARGUMENT_INVALID", `room for ${maxPages} pages`, "Give 1 to 2^24 pages");
    }
    let memory: SharedArrayBuffer;
    try {
      memory = new SharedArrayBuffer(layoutOf(maxPages, granules).totalBytes);
    } catch (cause) {
      const message = `the system has no room for an arena of ${arenaBytes} bytes`;
      return err(new MmsbError("PAGE_OUT_OF_MEMORY", message, "Ask for less", {}, cause));
    }
    const words = new Int32Array(memory, 0, HEADER_WORDS);
    words[Word.Version] = LAYOUT_VERSION;
    words[Word.Slots] = maxPages;
    words[Word.Granules] = granules;
    new BigInt64Array(memory, 0, HEADER_WORDS / 2)[Pair.NextId] = 1n;
    Atomics.store(words, Word.Magic, MAGIC);
    return SharedPages.attach(memory, 0);
  }

  /**
   * The same pages from another thread. `owner` is 0 to 63; threads may share one, and its account. A lock is looked at `maxSpins` times before
   * it is given up.
   */
  static attach(memory: SharedArrayBuffer, owner: number, maxSpins = MAX_SPINS): Result<SharedPages> {
    if (!(Number.isInteger(owner) && owner >= 0 && owner < MAX_OWNERS)) {
      return fail("ARGUMENT_INVALID", `owner ${owner}`, `Give 0 to ${MAX_OWNERS - 1}`);
    }
    const isHeap = memory instanceof SharedArrayBuffer && memory.byteLength >= HEADER_WORDS * 4;
    const words = isHeap ? new Int32Array(memory, 0, HEADER_WORDS) : undefined;
    const slots = words === undefined ? 0 : words[Word.Slots]! >>> 0;
    const granules = words === undefined ? 0 : words[Word.Granules]! >>> 0;
    if (
      words === undefined ||
      Atomics.load(words, Word.Magic) !== MAGIC ||
      words[Word.Version] !== LAYOUT_VERSION ||
      slots > MAX_SLOTS ||
      layoutOf(slots, granules).totalBytes > memory.byteLength
    ) {
      return fail("ARGUMENT_INVALID", "this memory holds no shared pages", "Give `memory` of a SharedPages");
    }
    return ok(new SharedPages(memory, owner, slots, granules, maxSpins));
  }

  /** A page of zeros. */
  allocate(sizeBytes: number, location: PageLocation = "cpu"): Result<SharedPage> {
    if (!(Number.isInteger(sizeBytes) && sizeBytes >= 0 && sizeBytes <= this.arenaBytes)) {
      const message = `a page of ${sizeBytes} bytes in an arena of ${this.arenaBytes}`;
      return fail("PAGE_SIZE_INVALID", message, "Give a whole number of bytes that the arena could hold");
    }
    if (!Object.hasOwn(LOCATION_CODE, location)) return noLocation(location);
    const kind = classOfBytes(sizeBytes);
    const wanted = CLASS_GRANULES[kind]!;
    if (wanted > this.#granules) return this.#outOfMemory(sizeBytes);
    const taken = this.#heap.takeBlock(kind);
    if (!taken.ok) return taken;
    const granule = taken.value;
    if (granule < 0) return this.#outOfMemory(sizeBytes);
    const slot = this.#heap.takeSlot();
    if (slot < 0) {
      this.#heap.giveBlock(granule, kind);
      return fail("LIMIT_EXCEEDED", `there are ${this.maxPages} pages`, "Free pages, or raise maxPages");
    }
    this.#bytes(granule, wanted * GRANULE_BYTES).fill(0);
    return ok(this.#publish(slot, granule, kind, sizeBytes, LOCATION_CODE[location]));
  }

  free(page: SharedPage): Result<void> {
    const locked = this.#lock(page);
    if (!locked.ok) return locked;
    const kind = this.#field(page.slot, Field.Kind);
    const granule = this.#field(page.slot, Field.Granule);
    this.#setField(page.slot, Field.Size, 0);
    this.#account(kind >>> 16, -(CLASS_GRANULES[kind & 0xff] ?? 0), -1);
    this.#unlock(page.slot, locked.value, SlotState.Free);
    this.#heap.giveSlot(page.slot);
    if (this.#heap.isBlock(granule, kind & 0xff)) this.#heap.giveBlock(granule, kind & 0xff);
    return ok();
  }

  /** A new page with the bytes and the location that the other had at one moment. */
  clone(page: SharedPage): Result<SharedPage> {
    const size = this.sizeOf(page);
    if (!size.ok) return size;
    // Its room is found before the page is locked: nobody holds a page while waiting for the heap.
    const made = this.allocate(size.value);
    if (!made.ok) return made;
    const copy = made.value;
    const copyLock = this.#lock(copy);
    if (!copyLock.ok) return copyLock;
    const locked = this.#lock(page);
    if (!locked.ok) {
      this.#unlock(copy.slot, copyLock.value, SlotState.Live);
      this.free(copy);
      return locked;
    }
    const from = this.#field(page.slot, Field.Granule);
    const to = this.#field(copy.slot, Field.Granule);
    if (this.#holds(from, size.value) && this.#holds(to, size.value))
      this.#bytes(to, size.value).set(this.#bytes(from, size.value));
    const location = this.#field(page.slot, Field.Kind) & 0xff00;
    this.#unlock(page.slot, locked.value, SlotState.Live);
    this.#setField(copy.slot, Field.Kind, (this.#field(copy.slot, Field.Kind) & ~0xff00) | location);
    this.#unlock(copy.slot, copyLock.value, SlotState.Live);
    return ok(copy);
  }

  /** Changes where the page lives; `transfer` moves its bytes. Does nothing where it lives there already. */
  migrate(page: SharedPage, location: PageLocation, transfer?: Transfer): Result<void> {
    if (!Object.hasOwn(LOCATION_CODE, location)) return noLocation(location, page.id);
    const locked = this.#lock(page);
    if (!locked.ok) return locked;
    const kind = this.#field(page.slot, Field.Kind);
    const from = locationIn(kind);
    let moved: Result<void> = ok();
    try {
      if (from !== location && transfer !== undefined) {
        const size = this.#field(page.slot, Field.Size);
        moved = transfer(this.#bytes(this.#field(page.slot, Field.Granule), size), from, location);
      }
      if (moved.ok) this.#setField(page.slot, Field.Kind, (kind & ~0xff00) | (LOCATION_CODE[location] << 8));
    } finally {
      this.#unlock(page.slot, locked.value, SlotState.Live);
    }
    return moved;
  }

  sizeOf(page: SharedPage): Result<number> {
    if (!this.#isSlot(page.slot)) return this.#unknown(page);
    const size = this.#field(page.slot, Field.Size);
    const state = this.#field(page.slot, Field.State);
    return this.#isGone(page, state) ? this.#unknown(page) : ok(size);
  }

  locationOf(page: SharedPage): Result<PageLocation> {
    if (!this.#isSlot(page.slot)) return this.#unknown(page);
    const kind = this.#field(page.slot, Field.Kind);
    const state = this.#field(page.slot, Field.State);
    return this.#isGone(page, state) ? this.#unknown(page) : ok(locationIn(kind));
  }

  /** All of the page's bytes at one moment, into `out` of exactly its size. */
  read(page: SharedPage, out: Uint8Array): Result<void> {
    if (!this.#isSlot(page.slot)) return this.#unknown(page);
    const state = HEADER_WORDS + page.slot * SLOT_WORDS + Field.State;
    for (let spins = 0; spins < this.#maxSpins; spins++) {
      const before = Atomics.load(this.#words, state);
      if (this.#isGone(page, before)) return this.#unknown(page);
      if ((before & STATE_MASK) !== SlotState.Live) continue;
      const granule = this.#field(page.slot, Field.Granule);
      const size = this.#field(page.slot, Field.Size);
      // These too may be from before and after a change: they are used only where they make sense.
      const fits = size === out.length && this.#holds(granule, size);
      if (fits) out.set(this.#bytes(granule, size));
      // An exchange, not a load: the bytes above must have been read before it.
      if (Atomics.compareExchange(this.#words, state, before, before) !== before) continue;
      return fits ? ok() : this.#outside(page, `${out.length} bytes asked of ${size}`);
    }
    return this.#busy(page);
  }

  /** Writes bytes at an offset; a reader sees all of them or none. */
  write(page: SharedPage, offset: number, bytes: Uint8Array): Result<void> {
    const locked = this.#lock(page);
    if (!locked.ok) return locked;
    const size = this.#field(page.slot, Field.Size);
    const granule = this.#field(page.slot, Field.Granule);
    const isInside = Number.isInteger(offset) && offset >= 0 && offset + bytes.length <= size;
    const fits = isInside && this.#holds(granule, size);
    if (fits) this.#bytes(granule, size).set(bytes, offset);
    this.#unlock(page.slot, locked.value, SlotState.Live);
    return fits ? ok() : this.#outside(page, `${bytes.length} bytes at ${offset} of ${size}`);
  }

  /** Who holds what, the owners without a page left out. */
  holdings(): SharedHolding[] {
    const held: SharedHolding[] = [];
    for (let owner = 0; owner < MAX_OWNERS; owner++) {
      const granules = Atomics.load(this.#words, Word.Owners + 2 * owner);
      const pages = Atomics.load(this.#words, Word.Owners + 2 * owner + 1);
      if (pages !== 0 || granules !== 0) held.push({ owner, pages, bytes: granules * GRANULE_BYTES });
    }
    return held;
  }

  #field(slot: number, field: number): number {
    return Atomics.load(this.#words, HEADER_WORDS + slot * SLOT_WORDS + field) >>> 0;
  }

  #setField(slot: number, field: number, value: number): void {
    Atomics.store(this.#words, HEADER_WORDS + slot * SLOT_WORDS + field, value);
  }

  #bytes(granule: number, length: number): Uint8Array {
    return length === 0
      ? EMPTY_BYTES
      : this.#arena.subarray(granule * GRANULE_BYTES, granule * GRANULE_BYTES + length);
  }

  /** Whether so many bytes from a granule on lie in the arena. Numbers come out of memory that any thread may have written to. */
  #holds(granule: number, sizeBytes: number): boolean {
    return granule * GRANULE_BYTES + sizeBytes <= this.arenaBytes;
  }

  #isSlot(slot: number): boolean {
    return Number.isInteger(slot) && slot >= 0 && slot < this.maxPages;
  }

  /** Call with the state word loaded before: a page that is there now was there then. */
  #isGone(page: SharedPage, state: number): boolean {
    return (
      (state & STATE_MASK) === SlotState.Free || this.#field(page.slot, Field.Generation) !== page.generation
    );
  }

  /** Makes the page busy, and this thread's; returns what its state word was. */
  #lock(page: SharedPage): Result<number> {
    if (!this.#isSlot(page.slot)) return this.#unknown(page);
    const at = HEADER_WORDS + page.slot * SLOT_WORDS + Field.State;
    for (let spins = 0; spins < this.#maxSpins; spins++) {
      const state = Atomics.load(this.#words, at);
      // Every change raises the version: where the exchange succeeds the generation was the page's all along.
      if (this.#isGone(page, state)) return this.#unknown(page);
      if ((state & STATE_MASK) !== SlotState.Live) continue;
      const busy = (state & ~STATE_MASK) | SlotState.Busy;
      if (Atomics.compareExchange(this.#words, at, state, busy) === state) return ok(state);
    }
    return this.#busy(page);
  }

  #unlock(slot: number, state: number, to: number): void {
    this.#setField(slot, Field.State, ((state & ~STATE_MASK) + (STATE_MASK + 1)) | to);
  }

  #publish(slot: number, granule: number, kind: number, sizeBytes: number, location: number): SharedPage {
    const id = BigInt.asUintN(64, Atomics.add(this.#pairs, Pair.NextId, 1n));
    this.#setField(slot, Field.Granule, granule);
    this.#setField(slot, Field.Size, sizeBytes);
    this.#setField(slot, Field.Kind, kind | (location << 8) | (this.owner << 16));
    this.#setField(slot, Field.IdLo, Number(BigInt.asIntN(32, id)));
    this.#setField(slot, Field.IdHi, Number(BigInt.asIntN(32, id >> 32n)));
    const before = Atomics.add(this.#words, HEADER_WORDS + slot * SLOT_WORDS + Field.Generation, 1);
    this.#account(this.owner, CLASS_GRANULES[kind]!, 1);
    this.#unlock(slot, this.#field(slot, Field.State), SlotState.Live);
    return { slot, generation: (before + 1) >>> 0, id };
  }

  /** The page's id, from its slot: for whoever got the handle without it. */
  idOf(slot: number): bigint {
    return u64FromPair(this.#field(slot, Field.IdLo), this.#field(slot, Field.IdHi));
  }

  #account(owner: number, granules: number, pages: number): void {
    Atomics.add(this.#words, Word.Owners + 2 * (owner % MAX_OWNERS), granules);
    Atomics.add(this.#words, Word.Owners + 2 * (owner % MAX_OWNERS) + 1, pages);
  }

  #outOfMemory(sizeBytes: number): { readonly ok: false; readonly error: MmsbError } {
    const held = this.holdings().map(
      ({ owner, pages, bytes }) => `owner ${owner} ${pages} pages of ${bytes} bytes`,
    );
    const message = `no room for a page of ${sizeBytes} bytes in an arena of ${this.arenaBytes}: ${held.join(", ") || "nobody holds a page"}`;
    return fail("PAGE_OUT_OF_MEMORY", message, "Free pages, or make a larger arena");
  }

  #unknown(page: SharedPage): { readonly ok: false; readonly error: MmsbError } {
    const message = `there is no page in slot ${page.slot} of generation ${page.generation}`;
    return fail("PAGE_UNKNOWN", message, "It was freed, or never was", { pageId: page.id });
  }

  #busy(page: SharedPage): { readonly ok: false; readonly error: MmsbError } {
    const message = `another thread does not let the page in slot ${page.slot} go`;
    return fail("PAGE_STATE", message, "Its thread seems to be gone: leave this page alone", {
      pageId: page.id,
    });
  }

  #outside(page: SharedPage, what: string): { readonly ok: false; readonly error: MmsbError } {
    return fail("DELTA_RANGE", what, "Stay inside the page", { pageId: page.id });
  }
}

/** Where a page's kind says that it lives; what a stray write left there means the CPU. */
function locationIn(kind: number): PageLocation {
  return LOCATIONS[(kind >>> 8) & 0xff] ?? "cpu";
}

function noLocation(
  location: PageLocation,
  pageId?: bigint,
): { readonly ok: false; readonly error: MmsbError } {
  const message = `'${String(location).slice(0, 40)}' is no location`;
  return fail("ARGUMENT_INVALID", message, "Use cpu, gpu or unified", pageId === undefined ? {} : { pageId });
}
