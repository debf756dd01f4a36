import { u64FromPair } from "../../base/u64.ts";
import { IdIndex } from "../../pages/id-index.ts";
import { U32Column } from "./growable.ts";

/** No such slot, row, link. */
export const NONE = 0xffff_ffff;

/** Slots taken in between two yields: some 0.5 ms. */
const SLOTS_A_STEP = 1 << 13;

/** Page id (u64) ↔ slot: dense, in order of first appearance, never recycled. A lookup makes no object. */
export class IdSlots {
  readonly lo: U32Column;
  readonly hi: U32Column;
  readonly #index: IdIndex;

  private constructor(lo: U32Column, hi: U32Column) {
    this.lo = lo;
    this.hi = hi;
    this.#index = new IdIndex(lo.data, hi.data);
  }

  static empty(): IdSlots {
    return new IdSlots(new U32Column(), new U32Column());
  }

  /** Over columns that stand already. Yields now and then. */
  static *over(lo: U32Column, hi: U32Column): Generator<void, IdSlots> {
    const ids = new IdSlots(lo, hi);
    for (let slot = 0; slot < lo.length; slot++) {
      ids.#index.insert(slot);
      if (slot % SLOTS_A_STEP === SLOTS_A_STEP - 1) yield;
    }
    return ids;
  }

  get count(): number {
    return this.lo.length;
  }

  id(slot: number): bigint {
    return u64FromPair(this.lo.data[slot]!, this.hi.data[slot]!);
  }

  /** The slot of an id, or -1. */
  find(lo: number, hi: number): number {
    return this.#index.find(lo, hi);
  }

  /** The slot of an id, made where it is new. */
  findOrAdd(lo: number, hi: number): number {
    const found = this.#index.find(lo, hi);
    if (found >= 0) return found;
    const slot = this.lo.length;
    this.lo.push(lo);
    this.hi.push(hi);
    this.#index.setColumns(this.lo.data, this.hi.data);
    this.#index.insert(slot);
    return slot;
  }
}
