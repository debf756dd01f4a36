import { fail, ok, type Result } from "../base/result.ts";
import { SharedFreeList } from "./shared-free-list.ts";
import { CLASS_GRANULES, Field, HEADER_WORDS, Pair, SLOT_WORDS, Word } from "./shared-layout.ts";

/** Free blocks and free slots of shared pages (`shared-layout.ts`): lists without locks, and one lock for joining what is free. */
export class SharedHeap {
  readonly #words: Int32Array;
  readonly #maxPages: number;
  readonly #granules: number;
  readonly #owner: number;
  readonly #maxSpins: number;
  readonly #slots: SharedFreeList;
  readonly #blocks: readonly SharedFreeList[];

  constructor(
    words: Int32Array,
    pairs: BigInt64Array,
    maxPages: number,
    granules: number,
    owner: number,
    maxSpins: number,
  ) {
    this.#words = words;
    this.#maxPages = maxPages;
    this.#granules = granules;
    this.#owner = owner;
    this.#maxSpins = maxSpins;
    this.#slots = new SharedFreeList(
      words,
      pairs,
      Pair.SlotHead,
      HEADER_WORDS + Field.Link,
      SLOT_WORDS,
      maxPages,
    );
    const links = HEADER_WORDS + maxPages * SLOT_WORDS;
    this.#blocks = CLASS_GRANULES.map(
      (_, i) => new SharedFreeList(words, pairs, Pair.ClassHeads + i, links, 1, granules),
    );
  }

  giveSlot(slot: number): void {
    this.#slots.push(slot);
  }

  giveBlock(granule: number, kind: number): void {
    this.#blocks[kind]!.push(granule);
  }

  /** Whether there is such a block. Numbers come out of memory that any thread may have written to: none is followed out of the arena. */
  isBlock(granule: number, kind: number): boolean {
    return kind < this.#blocks.length && granule + CLASS_GRANULES[kind]! <= this.#granules;
  }

  /** -1: there is none. */
  takeSlot(): number {
    const recycled = this.#slots.pop();
    return recycled >= 0 && recycled < this.#maxPages
      ? recycled
      : this.#takeFresh(Word.FreshSlot, 1, this.#maxPages);
  }

  /** Moves a mark up by `count`, no further than `limit`; returns where it stood, or -1. */
  #takeFresh(word: number, count: number, limit: number): number {
    let seen = Atomics.load(this.#words, word);
    while ((seen >>> 0) + count <= limit) {
      const found = Atomics.compareExchange(this.#words, word, seen, seen + count);
      if (found === seen) return seen >>> 0;
      seen = found;
    }
    return -1;
  }

  /**
   * A block of the class: one that was freed, one never used, a longer one, cut, or one joined of free neighbours. -1: there is none.
   * Errors: PAGE_STATE.
   */
  takeBlock(kind: number): Result<number> {
    const found = this.#findBlock(kind);
    return found >= 0 ? ok(found) : this.#reclaim(kind);
  }

  #findBlock(kind: number): number {
    const freed = this.#blocks[kind]!.pop();
    if (freed >= 0 && this.isBlock(freed, kind)) return freed;
    const wanted = CLASS_GRANULES[kind]!;
    const fresh = this.#takeFresh(Word.FreshGranule, wanted, this.#granules);
    if (fresh >= 0) return fresh;
    for (let larger = kind; CLASS_GRANULES[larger]! <= this.#granules; larger++) {
      const block = this.#blocks[larger]!.pop();
      if (block < 0 || !this.isBlock(block, larger)) continue;
      this.#giveExtent(block + wanted, CLASS_GRANULES[larger]! - wanted);
      return block;
    }
    return -1;
  }

  /** Cuts free granules into blocks, the largest first. */
  #giveExtent(granule: number, granules: number): void {
    for (let kind = CLASS_GRANULES.length - 1; granules > 0; kind--) {
      for (; CLASS_GRANULES[kind]! <= granules; granules -= CLASS_GRANULES[kind]!) {
        this.#blocks[kind]!.push(granule);
        granule += CLASS_GRANULES[kind]!;
      }
    }
  }

  /** Joins free neighbours, for a block that no list has room for; one thread at a time. -1: there is none. */
  #reclaim(kind: number): Result<number> {
    for (
      let spins = 0;
      Atomics.compareExchange(this.#words, Word.HeapLock, 0, this.#owner + 1) !== 0;
      spins++
    ) {
      if (spins < this.#maxSpins) continue;
      const holder = Atomics.load(this.#words, Word.HeapLock) - 1;
      const message = `owner ${holder} does not let the heap go`;
      return fail("PAGE_STATE", message, "Its thread seems to be gone: make new shared pages");
    }
    try {
      const extents = this.#takeExtents();
      const wanted = CLASS_GRANULES[kind]!;
      let taken = -1;
      for (const { granule, granules } of extents) {
        if (taken < 0 && granules >= wanted) {
          taken = granule;
          this.#giveExtent(granule + wanted, granules - wanted);
        } else this.#giveExtent(granule, granules);
      }
      return ok(taken >= 0 ? taken : this.#takeFresh(Word.FreshGranule, wanted, this.#granules));
    } finally {
      Atomics.store(this.#words, Word.HeapLock, 0);
    }
  }

  /** Every free block, neighbours joined, in order; what lies directly below the part never used becomes part of it. */
  #takeExtents(): { granule: number; granules: number }[] {
    const blocks: { granule: number; granules: number }[] = [];
    for (const [kind, list] of this.#blocks.entries()) {
      let count = 0;
      const granules = CLASS_GRANULES[kind]!;
      // No more blocks than granules: a chain that a stray write made a circle ends.
      for (
        let granule = list.takeAll();
        granule >= 0 && count < this.#granules;
        granule = list.linkOf(granule) - 1, count++
      )
        if (this.isBlock(granule, kind)) blocks.push({ granule, granules });
    }
    blocks.sort((a, b) => a.granule - b.granule);
    const extents: { granule: number; granules: number }[] = [];
    for (const block of blocks) {
      const last = extents.at(-1);
      if (last !== undefined && last.granule + last.granules === block.granule)
        last.granules += block.granules;
      else extents.push(block);
    }
    const last = extents.at(-1);
    if (last === undefined) return extents;
    const end = last.granule + last.granules;
    if (Atomics.compareExchange(this.#words, Word.FreshGranule, end, last.granule) === end) extents.pop();
    return extents;
  }
}
