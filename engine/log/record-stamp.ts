import { performance } from "node:perf_hooks";
import { type Clock, MonotonicClock } from "../base/clock.ts";
import { comparePairs, highOf, lowOf, u64FromPair } from "../base/u64.ts";

/** The wall clock when the process started, carried on by the monotonic one. */
const ORIGIN_NS = BigInt(Math.round(performance.timeOrigin * 1000)) * 1000n;
const ORIGIN_LO = lowOf(ORIGIN_NS);
const ORIGIN_HI = highOf(ORIGIN_NS);
const TWO_32 = 4294967296;

/** The time that records carry, as a pair of u32: never falls, whatever the clock does. */
export class RecordStamp {
  lo: number;
  hi: number;
  /** Absent for the system clock, which is read in numbers: a bigint for each record would cost more than the record. */
  readonly #clock: MonotonicClock | undefined;

  constructor(clock: Clock | undefined, notBeforeNs: bigint) {
    this.#clock = clock === undefined ? undefined : new MonotonicClock(clock, notBeforeNs);
    this.lo = lowOf(notBeforeNs);
    this.hi = highOf(notBeforeNs);
    this.take();
  }

  /** Reads the clock. */
  take(): void {
    if (this.#clock !== undefined) {
      const now = this.#clock.nowNs();
      this.lo = lowOf(now);
      this.hi = highOf(now);
      return;
    }
    const sinceOriginNs = Math.floor(performance.now() * 1e6);
    const sum = ORIGIN_LO + (sinceOriginNs % TWO_32);
    const lo = sum % TWO_32;
    const hi = ORIGIN_HI + Math.floor(sinceOriginNs / TWO_32) + (sum >= TWO_32 ? 1 : 0);
    if (comparePairs(lo, hi, this.lo, this.hi) < 0) return;
    this.lo = lo;
    this.hi = hi;
  }

  /** Reads the clock and gives the time as one number. */
  takeNs(): bigint {
    this.take();
    return u64FromPair(this.lo, this.hi);
  }
}
