/*
 * One line of 64 bytes a slot, so that whoever looks at a page finds all of it in one line of the processor's cache. A line is valid where its
 * stamp says that this run touched the slot. The addon knows the layout (native/include/mmsb/index.hpp).
 */
const LINE_WORDS = 16;
const LINE_NUMBERS = 8;
// words of a line
const STAMP = 0;
const DELTAS = 1;
const BYTES = 2;
const OTHERS = 3;
const IRREGULAR = 4;
const READY = 5;
// numbers of a line
const EPOCH_BEFORE = 3;
const EPOCH_NOW = 4;
// words again: where the slot's next entry goes while the run's tables are made
const DELTA_PLACE = 10;
const BYTE_PLACE = 11;
const OTHER_PLACE = 12;
const EPOCH_PLACE = 13;

/** Where more than one in so many slots was touched, looking at all of them sorts sooner. */
const FEW_OF_ALL = 16;
/** Slots looked at between two yields. */
const SORT_STEP = 1 << 16;

/** What the run being gathered knows of each page that it touches. */
export class RunSlots {
  /** All lines, as words and as numbers of 8 bytes. */
  words = new Uint32Array(0);
  numbers = new Float64Array(0);
  /** The slots touched, in the order in which they were: the first `touchedCount[0]`. */
  touched = new Uint32Array(1024);
  readonly touchedCount = new Uint32Array(1);
  /** Of the run being gathered: what stands in a line of another one is void. */
  stamp = 1;

  /** Starts over for the next run. */
  reset(): void {
    this.stamp++;
    this.touchedCount[0] = 0;
  }

  /** Lines for `count` slots in all. */
  reserve(count: number): void {
    if (count * LINE_WORDS <= this.words.length) return;
    const grown = new Uint32Array(Math.max(count, 256, (this.words.length / LINE_WORDS) * 2) * LINE_WORDS);
    grown.set(this.words);
    this.words = grown;
    this.numbers = new Float64Array(grown.buffer);
  }

  /** Room for so many slots more that are touched. */
  reserveTouched(more: number): void {
    const wanted = this.touchedCount[0]! + more;
    if (wanted <= this.touched.length) return;
    const grown = new Uint32Array(Math.max(wanted, this.touched.length * 2));
    grown.set(this.touched);
    this.touched = grown;
  }

  /** Notes that the run touches a slot whose epoch before is `epoch`. */
  touch(slot: number, epoch: number): void {
    this.reserve(slot + 1);
    const { words, numbers } = this;
    const word = slot * LINE_WORDS;
    if (words[word + STAMP] === this.stamp) return;
    words[word + STAMP] = this.stamp;
    words[word + DELTAS] = 0;
    words[word + BYTES] = 0;
    words[word + OTHERS] = 0;
    words[word + IRREGULAR] = 0;
    words[word + READY] = 0;
    numbers[slot * LINE_NUMBERS + EPOCH_BEFORE] = epoch;
    numbers[slot * LINE_NUMBERS + EPOCH_NOW] = epoch;
    this.reserveTouched(1);
    this.touched[this.touchedCount[0]!++] = slot;
  }

  /** The slots touched, ascending. Yields now and then. */
  *sorted(): Generator<void, Uint32Array> {
    const count = this.touchedCount[0]!;
    const lines = this.words.length / LINE_WORDS;
    if (count * FEW_OF_ALL < lines) return this.touched.slice(0, count).sort();
    const sorted = new Uint32Array(count);
    for (let slot = 0, at = 0; at < count; slot++) {
      if (slot % SORT_STEP === SORT_STEP - 1) yield;
      if (this.words[slot * LINE_WORDS + STAMP] === this.stamp) sorted[at++] = slot;
    }
    return sorted;
  }

  /** An applied delta whose body has `length` bytes; the slot has been touched. */
  addDelta(slot: number, epoch: number, length: number): void {
    const { words, numbers } = this;
    const word = slot * LINE_WORDS;
    const number = slot * LINE_NUMBERS;
    if (epoch !== numbers[number + EPOCH_NOW]! + 1) words[word + IRREGULAR] = 1;
    numbers[number + EPOCH_NOW] = epoch;
    words[word + DELTAS]!++;
    words[word + BYTES]! += length;
  }

  /** The page begins anew with this epoch; the slot has been touched. */
  restart(slot: number, epoch: number): void {
    if (this.deltas(slot) === 0) this.numbers[slot * LINE_NUMBERS + EPOCH_BEFORE] = epoch;
    else this.words[slot * LINE_WORDS + IRREGULAR] = 1;
    this.numbers[slot * LINE_NUMBERS + EPOCH_NOW] = epoch;
  }

  /** A record that names the page and is no applied delta; the slot has been touched. */
  addOther(slot: number): void {
    this.words[slot * LINE_WORDS + OTHERS]!++;
  }

  /** Applied deltas. */
  deltas(slot: number): number {
    return this.words[slot * LINE_WORDS + DELTAS]!;
  }

  /** Bytes of their bodies. */
  bytes(slot: number): number {
    return this.words[slot * LINE_WORDS + BYTES]!;
  }

  others(slot: number): number {
    return this.words[slot * LINE_WORDS + OTHERS]!;
  }

  /** Its deltas do not each raise the epoch by one. */
  isIrregular(slot: number): boolean {
    return this.words[slot * LINE_WORDS + IRREGULAR] === 1;
  }

  /** Before the run's first record of the page, or its restart before any delta. */
  epochBefore(slot: number): number {
    return this.numbers[slot * LINE_NUMBERS + EPOCH_BEFORE]!;
  }

  /** Where the slot's entries go, from now on one after another. */
  place(slot: number, delta: number, byte: number, other: number, epoch: number): void {
    const word = slot * LINE_WORDS;
    this.words[word + DELTA_PLACE] = delta;
    this.words[word + BYTE_PLACE] = byte;
    this.words[word + OTHER_PLACE] = other;
    this.words[word + EPOCH_PLACE] = epoch;
  }

  nextDelta(slot: number): number {
    return this.words[slot * LINE_WORDS + DELTA_PLACE]!++;
  }

  /** Where the next `length` bytes of the slot's bodies go. */
  nextBody(slot: number, length: number): number {
    const word = slot * LINE_WORDS + BYTE_PLACE;
    const at = this.words[word]!;
    this.words[word] = at + length;
    return at;
  }

  nextOther(slot: number): number {
    return this.words[slot * LINE_WORDS + OTHER_PLACE]!++;
  }

  nextEpoch(slot: number): number {
    return this.words[slot * LINE_WORDS + EPOCH_PLACE]!++;
  }
}
