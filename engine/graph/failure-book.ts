import type { MmsbError } from "../base/errors.ts";
import { NodeState } from "./node-state.ts";

/** What stood before: a page's error, or as a number `slot * 2 + 1` that it was a pull page that waits, `slot * 2` that it was none. */
type Before = number | { readonly slot: number; readonly error: MmsbError | undefined };

/**
 * Which pages have failed and why, by slot; and what stood there before each change, and before each change of the pull pages that wait, so that a wave or a
 * transaction can be taken back.
 */
export class FailureBook {
  readonly errors = new Map<number, MmsbError>();
  readonly #graph: { readonly state: Uint8Array };
  readonly #before: Before[] = [];

  constructor(graph: { readonly state: Uint8Array }) {
    this.#graph = graph;
  }

  get size(): number {
    return this.errors.size;
  }

  /** A point that {@link rollback} goes back to. */
  get mark(): number {
    return this.#before.length;
  }

  /** The page has failed, or no longer has. */
  set(slot: number, error: MmsbError | undefined): void {
    this.#before.push({ slot, error: this.errors.get(slot) });
    this.#put(slot, error);
  }

  /** The page begins to wait until it is read, or is computed. */
  setStale(slot: number, isStale: boolean): void {
    const { state } = this.#graph;
    const wasStale = (state[slot]! & NodeState.Stale) !== 0;
    if (wasStale === isStale) return;
    this.#before.push(slot * 2 + Number(wasStale));
    this.#putBit(slot, NodeState.Stale, isStale);
  }

  /** Makes all what it was at a mark; `restored` hears of the pages that had begun to wait or had been computed. */
  rollback(mark: number, restored?: (slot: number) => void): void {
    while (this.#before.length > mark) {
      const before = this.#before.pop()!;
      if (typeof before !== "number") {
        this.#put(before.slot, before.error);
        this.#putBit(before.slot, NodeState.Failed, before.error !== undefined);
        continue;
      }
      const wasStale = (before & 1) !== 0;
      const slot = (before - Number(wasStale)) / 2;
      this.#putBit(slot, NodeState.Stale, wasStale);
      restored?.(slot);
    }
  }

  /** No mark is gone back to any more. */
  keep(): void {
    if (this.#before.length > 0) this.#before.length = 0;
  }

  #put(slot: number, error: MmsbError | undefined): void {
    if (error === undefined) this.errors.delete(slot);
    else this.errors.set(slot, error);
  }

  #putBit(slot: number, bit: number, isSet: boolean): void {
    const { state } = this.#graph;
    if (isSet) state[slot]! |= bit;
    else state[slot]! &= ~bit;
  }
}
