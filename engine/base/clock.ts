/** Time as the log keeps it: nanoseconds since the Unix epoch. Injected, so that a test owns it. */
export interface Clock {
  nowNs(): bigint;
}

/** Millisecond wall clock: what plain ECMAScript offers. Node code uses a finer one. */
export const wallClock: Clock = { nowNs: () => BigInt(Date.now()) * 1_000_000n };

/** Starts at `startNs` and advances by `stepNs` at each reading: the same program reads the same times. */
export class ManualClock implements Clock {
  #now: bigint;
  readonly #stepNs: bigint;

  constructor(startNs = 0n, stepNs = 0n) {
    this.#now = startNs;
    this.#stepNs = stepNs;
  }

  nowNs(): bigint {
    const now = this.#now;
    this.#now += this.#stepNs;
    return now;
  }

  advance(durationNs: bigint): void {
    this.#now += durationNs;
  }
}

/** Never falls, whatever the clock below does (a log of ours holds rising times only). */
export class MonotonicClock implements Clock {
  readonly #source: Clock;
  #last: bigint;

  constructor(source: Clock, notBeforeNs = 0n) {
    this.#source = source;
    this.#last = notBeforeNs;
  }

  nowNs(): bigint {
    const now = this.#source.nowNs();
    if (now > this.#last) this.#last = now;
    return this.#last;
  }
}
