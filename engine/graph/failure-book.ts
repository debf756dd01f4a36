import type { MmsbError } from "../base/errors.ts";

/** Which pages have failed and why, by slot; and what stood there before each change, so that a wave or a transaction can be taken back. */
export class FailureBook {
  readonly errors = new Map<number, MmsbError>();
  readonly #before: { readonly slot: number; readonly error: MmsbError | undefined }[] = [];

  get size(): number {
    return this.errors.size;
  }

  /** A point that {@link rollback} goes back to. */
  get mark(): number {
    return this.#before.length;
  }

  set(slot: number, error: MmsbError | undefined): void {
    this.#before.push({ slot, error: this.errors.get(slot) });
    this.#put(slot, error);
  }

  /** Makes the book what it was at a mark; `restored` hears of each page concerned. */
  rollback(mark: number, restored: (slot: number, hasFailed: boolean) => void): void {
    while (this.#before.length > mark) {
      const { slot, error } = this.#before.pop()!;
      this.#put(slot, error);
      restored(slot, error !== undefined);
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
}
