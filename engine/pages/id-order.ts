import { comparePairs, u64FromPair } from "../base/u64.ts";
import type { IdIndex } from "./id-index.ts";
import type { PageColumns } from "./page-columns.ts";
import { PageState } from "./page-columns.ts";

/**
 * The live slots in id order, made when asked for and kept while no page comes or goes. A page whose id is the highest is appended (ids
 * given by the table ascend), so that creating and reading by turns costs no sort each time.
 */
export class IdOrder {
  readonly #columns: PageColumns;
  readonly #index: IdIndex;
  #slots = new Uint32Array(0);
  #count = 0;
  /** Id of the last of them. */
  #lastLo = 0;
  #lastHi = 0;
  #valid = true;
  #view: Uint32Array | undefined;

  constructor(columns: PageColumns, index: IdIndex) {
    this.#columns = columns;
    this.#index = index;
  }

  created(slot: number, lo: number, hi: number): void {
    if (!this.#valid) return;
    this.#view = undefined;
    if (this.#count > 0 && comparePairs(lo, hi, this.#lastLo, this.#lastHi) <= 0) {
      this.#valid = false;
      return;
    }
    if (this.#count === this.#slots.length) {
      const grown = new Uint32Array(Math.max(64, this.#count * 2));
      grown.set(this.#slots);
      this.#slots = grown;
    }
    this.#slots[this.#count++] = slot;
    this.#lastLo = lo;
    this.#lastHi = hi;
  }

  destroyed(): void {
    this.#valid = false;
    this.#view = undefined;
  }

  /** Never written again once returned: it may be kept. */
  slots(usedSlots: number): Uint32Array {
    if (!this.#valid) this.#sort(usedSlots);
    this.#view ??= this.#slots.subarray(0, this.#count);
    return this.#view;
  }

  #sort(usedSlots: number): void {
    const { idLo, idHi, state } = this.#columns;
    const ids = new BigUint64Array(usedSlots);
    let count = 0;
    for (let slot = 0; slot < usedSlots; slot++) {
      if (state[slot] === PageState.Live) ids[count++] = u64FromPair(idLo[slot]!, idHi[slot]!);
    }
    const sorted = ids.subarray(0, count).sort();
    // The same memory as u32 halves; the platforms that MMSB runs on (x64, arm64) are little-endian.
    const halves = new Uint32Array(sorted.buffer, 0, count * 2);
    this.#slots = new Uint32Array(count);
    for (let i = 0; i < count; i++) this.#slots[i] = this.#index.find(halves[2 * i]!, halves[2 * i + 1]!);
    this.#count = count;
    if (count > 0) {
      this.#lastLo = halves[2 * count - 2]!;
      this.#lastHi = halves[2 * count - 1]!;
    }
    this.#valid = true;
  }
}
