import { accel } from "../accel/index.ts";
import { MmsbError } from "../base/errors.ts";
import type { ArenaView, ArenaViews } from "./arena-views.ts";
import type { ReadableGraph, ReadablePages } from "./readable-graph.ts";
import type { RecomputeContext } from "./recompute.ts";

/** What has been written to the own page: nothing; one f64 that was a number (`oldNumber`, `newNumber`); one element (`oldLo`, `oldHi`); anything (`image`). */
export const WriteMode = { None: 0, Element: 1, Image: 2, Number: 3 } as const;

/** Inputs at most whose first numbers a loop fetches. */
const MAX_FETCHED = 4;

/** What a page that asks for an undeclared input gets where it opted in: its number, or a throw of {@link RetryLater}. */
export type Discover = (slot: number) => number;

const NUMBER = new Float64Array(1);
const WORDS = new Int32Array(NUMBER.buffer);

/** Thrown through a recompute that must start again: an input that it discovered is not computed yet. */
export class RetryLater {}

/**
 * The context of a recompute, one object for all pages. Writes go to the page at once, and what stood there is kept so that a throw can restore it:
 * the element of the first write alone while it is the only one, a copy of the page from the second one on.
 *
 * A loop over pages (`function-loop.ts`) goes further: it fetches the first numbers of inputs, and writes the page's own first number itself. Whatever else the recompute does takes the
 * page out of the loop ({@link leaveLoop}).
 *
 * Fields are public and plain because the executor and loops set them for every page. There is one class of contexts on a thread, and its methods that are hot are short and use no variable of the
 * module: V8 builds a function into the loop that calls it only where it is short together with all that was built into it.
 */
export class PageContext implements RecomputeContext {
  readonly table: ReadablePages;
  readonly graph: ReadableGraph;
  readonly views: ArenaViews;
  discover: Discover | undefined;
  /** What the recompute did behind its context's back, where whoever refused it said so; or that it must start again, which it may not catch. */
  violation: MmsbError | RetryLater | undefined = undefined;
  // columns, taken once a wave
  pool!: Uint32Array;
  place!: Uint32Array;
  size!: Uint32Array;
  arena!: Uint16Array;
  arenaOffset!: Uint32Array;
  f64s!: Float64Array[];
  // the page
  slot = 0;
  inputStart = 0;
  inputCount = 0;
  /** Its word of {@link place}: a write of a number needs no more, the columns are for what is rarer. */
  ownPlace = 0;
  // What was written. Old words are signed: those V8 keeps unboxed.
  mode: number = WriteMode.None;
  elementOffset = 0;
  elementBytes = 0;
  oldLo = 0;
  oldHi = 0;
  /** Of the mode Number, where neither was NaN before: two fields instead of words, because a double is stored faster than it is taken apart. */
  oldNumber = 0.5;
  newNumber = 0.5;
  image = new Uint8Array(4096);
  // The page in a loop: the first numbers of so many inputs, in shared memory, because its address is part of the code; and whether it is in none (0), has written nothing (1), or has
  // written its first number, which is `newNumber` and not yet in the page (2).
  fetched = 0;
  readonly numbers = new Float64Array(new SharedArrayBuffer(MAX_FETCHED * 8));
  inLoop = 0;

  constructor(graph: ReadableGraph, views: ArenaViews) {
    this.graph = graph;
    this.table = graph.table;
    this.views = views;
  }

  /** Takes the columns anew: before a wave, and after the graph changed within one. */
  refresh(): void {
    const { table } = this;
    this.views.refresh(table.spans.arenas);
    this.pool = this.graph.incoming.pool;
    this.place = this.graph.place;
    this.size = table.size;
    this.arena = table.arena;
    this.arenaOffset = table.arenaOffset;
    this.f64s = this.views.f64;
  }

  get sizeBytes(): number {
    return this.size[this.slot]!;
  }

  /** Where the own page is written: the arena's number and the bytes from its start. */
  protected get ownArena(): number {
    return this.arena[this.slot]!;
  }

  protected get offset(): number {
    return this.arenaOffset[this.slot]!;
  }

  private get view(): ArenaView {
    return this.views.all[this.ownArena]!;
  }

  get pageId(): bigint {
    return this.table.idOf(this.slot);
  }

  // ---- inputs

  inputId(input: number): bigint {
    return this.table.idOf(this.inputSlot(input));
  }

  inputSizeBytes(input: number): number {
    return this.size[this.inputSlot(input)]!;
  }

  inputOf(pageId: bigint): number {
    const wanted = this.table.slotOf(pageId);
    if (wanted >= 0) {
      const first = this.inputStart;
      for (let i = 0; i < this.inputCount; i++) {
        if (this.pool[first + i]! >>> 1 === wanted) {
          if (this.discover !== undefined) this.discover(wanted);
          return i;
        }
      }
      if (this.discover !== undefined) return this.discover(wanted);
    }
    throw undeclared(this.pageId, `page ${pageId}`);
  }

  f64(input: number, index: number): number {
    return index === 0 && input >>> 0 === input && input < this.fetched
      ? this.numbers[input]!
      : this.elementF64(input, index);
  }

  private elementF64(input: number, index: number): number {
    if (input >>> 0 !== input || input >= this.inputCount) throw this.noInput(input);
    const slot = this.pool[this.inputStart + input]! >>> 1;
    const place = this.place[slot]!;
    if (index >>> 0 === index && index < (1 << (3 * (place >>> 30))) >>> 3)
      return this.f64s[(place >>> 24) & 63]![((place & 0xff_ffff) << 3) + index]!;
    return this.distantF64(slot, index);
  }

  private distantF64(slot: number, index: number): number {
    if (index >>> 0 !== index || index * 8 + 8 > this.size[slot]!) throw this.outside(slot, index, 8);
    return this.f64s[this.arena[slot]!]![(this.arenaOffset[slot]! >>> 3) + index]!;
  }

  f32(input: number, index: number): number {
    const slot = this.elementSlot(input, index, 4);
    return this.views.of(this.table, slot).f32[(this.arenaOffset[slot]! >>> 2) + index]!;
  }

  u32(input: number, index: number): number {
    const slot = this.elementSlot(input, index, 4);
    return this.views.of(this.table, slot).u32[(this.arenaOffset[slot]! >>> 2) + index]!;
  }

  i32(input: number, index: number): number {
    return this.u32(input, index) | 0;
  }

  u16(input: number, index: number): number {
    const slot = this.elementSlot(input, index, 2);
    return this.views.of(this.table, slot).u16[(this.arenaOffset[slot]! >>> 1) + index]!;
  }

  i16(input: number, index: number): number {
    return (this.u16(input, index) << 16) >> 16;
  }

  u8(input: number, index: number): number {
    const slot = this.elementSlot(input, index, 1);
    return this.views.of(this.table, slot).bytes[this.arenaOffset[slot]! + index]!;
  }

  i8(input: number, index: number): number {
    return (this.u8(input, index) << 24) >> 24;
  }

  bytes(input: number): Uint8Array {
    return new Uint8Array(this.table.bytes(this.inputSlot(input)));
  }

  private inputSlot(input: number): number {
    if (input >>> 0 !== input || input >= this.inputCount) throw this.noInput(input);
    return this.pool[this.inputStart + input]! >>> 1;
  }

  private elementSlot(input: number, index: number, width: number): number {
    const slot = this.inputSlot(input);
    if (index >>> 0 !== index || index * width + width > this.size[slot]!)
      throw this.outside(slot, index, width);
    return slot;
  }

  // ---- the own page

  own(): Uint8Array {
    this.leaveLoop();
    return this.view.bytes.slice(this.offset, this.offset + this.sizeBytes);
  }

  ownF64(index: number): number {
    this.leaveLoop();
    this.checkOwn(index, 8);
    return this.view.f64[(this.offset >>> 3) + index]!;
  }

  ownU32(index: number): number {
    this.leaveLoop();
    this.checkOwn(index, 4);
    return this.view.u32[(this.offset >>> 2) + index]!;
  }

  setF64(index: number, value: number): void {
    if (index === 0 && this.inLoop === 1) {
      this.newNumber = +value;
      this.inLoop = 2;
    } else this.writeF64(index, value);
  }

  private writeF64(index: number, value: number): void {
    this.leaveLoop();
    const place = this.ownPlace;
    let arena = (place >>> 24) & 63;
    let at = ((place & 0xff_ffff) << 3) + index;
    if (index >>> 0 !== index || index >= (1 << (3 * (place >>> 30))) >>> 3) {
      this.checkOwn(index, 8);
      arena = this.ownArena;
      at = (this.offset >>> 3) + index;
    }
    const elements = this.f64s[arena]!;
    if (this.mode === WriteMode.None) {
      const old = elements[at]!;
      // Equal and not zero: equal bits too.
      if (old === value && value !== 0) return;
      if (Number.isNaN(old)) this.beginElement(index, 8);
      else {
        this.mode = WriteMode.Number;
        this.elementOffset = index * 8;
        this.elementBytes = 8;
        this.oldNumber = old;
        this.newNumber = value;
      }
    } else if (this.mode !== WriteMode.Image) {
      if (this.elementOffset === index * 8 && this.elementBytes === 8) this.newNumber = value;
      else this.takeImage();
    }
    elements[at] = value;
  }

  setF32(index: number, value: number): void {
    this.beginElement(index, 4);
    this.view.f32[(this.offset >>> 2) + index] = value;
  }

  setU32(index: number, value: number): void {
    this.beginElement(index, 4);
    this.view.u32[(this.offset >>> 2) + index] = value;
  }

  setI32(index: number, value: number): void {
    this.setU32(index, value);
  }

  setU16(index: number, value: number): void {
    this.beginElement(index, 2);
    this.view.u16[(this.offset >>> 1) + index] = value;
  }

  setU8(index: number, value: number): void {
    this.beginElement(index, 1);
    this.view.bytes[this.offset + index] = value;
  }

  write(offset: number, bytes: Uint8Array): void {
    this.leaveLoop();
    if (offset >>> 0 !== offset || offset + bytes.length > this.sizeBytes)
      throw this.outside(this.slot, offset, bytes.length || 1);
    if (this.mode !== WriteMode.Image) this.takeImage();
    this.view.bytes.set(bytes, this.offset + offset);
  }

  private beginElement(index: number, width: number): void {
    this.leaveLoop();
    this.checkOwn(index, width);
    const at = index * width;
    if (this.mode === WriteMode.None) {
      this.mode = WriteMode.Element;
      this.elementOffset = at;
      this.elementBytes = width;
      this.oldLo = this.elementWord(at, Math.min(width, 4));
      this.oldHi = width === 8 ? this.elementWord(at + 4, 4) : 0;
    } else if (this.mode !== WriteMode.Image && (this.elementOffset !== at || this.elementBytes !== width)) {
      this.takeImage();
    }
  }

  private checkOwn(index: number, width: number): void {
    if (index >>> 0 !== index || index * width + width > this.sizeBytes)
      throw this.outside(this.slot, index, width);
  }

  private elementWord(at: number, width: number): number {
    if (width === 4) return this.view.i32[(this.offset + at) >>> 2]!;
    if (width === 2) return this.view.u16[(this.offset + at) >>> 1]!;
    return this.view.bytes[this.offset + at]!;
  }

  /** From now on a copy of the whole page stands for what was there before. */
  private takeImage(): void {
    if (this.image.length < this.sizeBytes)
      this.image = new Uint8Array(Math.max(this.sizeBytes, this.image.length * 2));
    accel.copyBytes(this.view.bytes, this.offset, this.image, 0, this.sizeBytes);
    if (this.mode !== WriteMode.None) {
      this.takeWords();
      for (let i = 0; i < this.elementBytes; i++) {
        const word = i < 4 ? this.oldLo : this.oldHi;
        this.image[this.elementOffset + i] = word >>> (8 * (i & 3));
      }
    }
    this.mode = WriteMode.Image;
  }

  /** The page that runs is in no loop any more: what it has written is in the page, and noted as elsewhere. Does nothing where it was in none. */
  leaveLoop(): void {
    if (this.inLoop === 0) return;
    const hasWritten = this.inLoop === 2;
    this.inLoop = 0;
    this.fetched = 0;
    this.ownPlace = this.place[this.slot]!;
    this.mode = WriteMode.None;
    if (hasWritten) this.writeF64(0, this.newNumber);
  }

  /** Makes `oldLo` and `oldHi` right in the mode Number too. */
  takeWords(): void {
    if (this.mode !== WriteMode.Number) return;
    NUMBER[0] = this.oldNumber;
    this.oldLo = WORDS[0]!;
    this.oldHi = WORDS[1]!;
  }

  /** All that was written is one number at the start of the page, other than the one before, neither of them NaN. */
  get wroteNumber(): boolean {
    const { newNumber: now, oldNumber: old } = this;
    return this.mode === WriteMode.Number && this.elementOffset === 0 && (now < old || now > old);
  }

  /** Whether the one element that was written has other bits than before. */
  hasElementChanged(): boolean {
    if (this.mode === WriteMode.Number) return !Object.is(this.oldNumber, this.newNumber);
    if (this.elementBytes === 8) {
      const at = (this.offset + this.elementOffset) >>> 2;
      return this.view.i32[at] !== this.oldLo || this.view.i32[at + 1] !== this.oldHi;
    }
    return this.elementWord(this.elementOffset, this.elementBytes) !== this.oldLo;
  }

  /** Takes everything back that was written. */
  restore(): void {
    if (this.mode === WriteMode.None) return;
    const { bytes } = this.view;
    if (this.mode !== WriteMode.Image) {
      this.takeWords();
      for (let i = 0; i < this.elementBytes; i++) {
        const word = i < 4 ? this.oldLo : this.oldHi;
        bytes[this.offset + this.elementOffset + i] = word >>> (8 * (i & 3));
      }
    } else {
      accel.copyBytes(this.image, 0, bytes, this.offset, this.sizeBytes);
    }
    this.mode = WriteMode.None;
  }

  // ---- refusals

  private noInput(input: number): MmsbError {
    return undeclared(this.pageId, `its input ${input} of ${this.inputCount}`);
  }

  private outside(slot: number, index: number, width: number): MmsbError {
    const id = this.table.idOf(slot);
    const message = `the recompute of page ${this.pageId} went for element ${index} (${width} bytes each) of page ${id}, which has ${this.size[slot]} bytes`;
    return new MmsbError("DELTA_RANGE", message, "Stay inside the page", { pageId: id });
  }
}

function undeclared(pageId: bigint, what: string): MmsbError {
  return new MmsbError(
    "RECOMPUTE_UNDECLARED_READ",
    `the recompute of page ${pageId} reads ${what}, which is no data input of it`,
    "Add a data edge from that page, or register the recompute with discover: true",
    { pageId },
  );
}
