/** A stack without locks over shared memory; layout and reasons: `shared-layout.ts`. The C++ twin is native/include/mmsb/free_list.hpp. */
export class SharedFreeList {
  readonly #words: Int32Array;
  readonly #pairs: BigInt64Array;
  readonly #head: number;
  readonly #links: number;
  readonly #stride: number;
  readonly #count: number;

  /**
   * The head is 64-bit word `head`; the link of number `n` below `count` is word `links + n * stride`. A head or a link that a stray write left leads to no other
   * memory: what it names has nothing below it, and is no number of the list.
   */
  constructor(
    words: Int32Array,
    pairs: BigInt64Array,
    head: number,
    links: number,
    stride: number,
    count: number,
  ) {
    this.#words = words;
    this.#pairs = pairs;
    this.#head = head;
    this.#links = links;
    this.#stride = stride;
    this.#count = count;
  }

  push(number: number): void {
    let seen = Atomics.load(this.#pairs, this.#head);
    for (;;) {
      Atomics.store(this.#words, this.#links + number * this.#stride, topOf(seen));
      const found = Atomics.compareExchange(this.#pairs, this.#head, seen, headOf(seen, number + 1));
      if (found === seen) return;
      seen = found;
    }
  }

  /** -1 where the list is empty; `count` or more where a stray write left that. */
  pop(): number {
    let seen = Atomics.load(this.#pairs, this.#head);
    for (;;) {
      const top = topOf(seen);
      if (top === 0) return -1;
      // It may be somebody else's by now: then the link is rubbish, the tag another, and the exchange fails.
      const below = this.linkOf(top - 1);
      const found = Atomics.compareExchange(this.#pairs, this.#head, seen, headOf(seen, below));
      if (found === seen) return top - 1;
      seen = found;
    }
  }

  /** Empties the list and returns what was its top number, or -1; the whole chain is the caller's. */
  takeAll(): number {
    let seen = Atomics.load(this.#pairs, this.#head);
    for (;;) {
      const top = topOf(seen);
      if (top === 0) return -1;
      const found = Atomics.compareExchange(this.#pairs, this.#head, seen, headOf(seen, 0));
      if (found === seen) return top - 1;
      seen = found;
    }
  }

  /** What stands below a number of a chain, + 1; 0 = nothing. */
  linkOf(number: number): number {
    return number < this.#count ? Atomics.load(this.#words, this.#links + number * this.#stride) >>> 0 : 0;
  }
}

function topOf(head: bigint): number {
  return Number(BigInt.asUintN(32, head));
}

function headOf(seen: bigint, top: number): bigint {
  return BigInt.asIntN(64, (((seen >> 32n) + 1n) << 32n) | BigInt(top));
}
