/** Lets `perSecond` through on average and `burst` at once. */
export class RateLimit {
  readonly #perMs: number;
  readonly #burst: number;
  readonly #now: () => number;
  #left: number;
  #last: number;

  constructor(perSecond: number, burst: number, now: () => number = () => performance.now()) {
    this.#perMs = perSecond / 1000;
    this.#burst = burst;
    this.#now = now;
    this.#left = burst;
    this.#last = now();
  }

  /** False where `amount` is too much by now. */
  take(amount = 1): boolean {
    const now = this.#now();
    this.#left = Math.min(this.#burst, this.#left + (now - this.#last) * this.#perMs);
    this.#last = now;
    if (this.#left < amount) return false;
    this.#left -= amount;
    return true;
  }
}
