import { performance } from "node:perf_hooks";
import { type Clock, MonotonicClock } from "../base/clock.ts";
import { highOf, lowOf, u64FromPair } from "../base/u64.ts";

/** The wall clock when the process started, carried on by the monotonic one. */
const ORIGIN_NS = BigInt(Math.round(performance.timeOrigin * 1000)) * 1000n;
const ORIGIN_LO = lowOf(ORIGIN_NS);
const ORIGIN_HI = highOf(ORIGIN_NS);
const TWO_32 = 4294967296;
const PER_TWO_32 = 2 ** -32;

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
    // Without `%`, which is a call for numbers beyond 2^31: everything below is exact under 2^53 (104 days of process time in ns).
    const sinceOriginNs = Math.floor(performance.now() * 1e6);
    const carried = Math.floor(sinceOriginNs * PER_TWO_32);
    let lo = ORIGIN_LO + (sinceOriginNs - carried * TWO_32);
    let hi = ORIGIN_HI + carried;
    if (lo >= TWO_32) {
      lo -= TWO_32;
      hi++;
    }
    if (hi < this.hi || (hi === this.hi && lo < this.lo)) return;
    this.lo = lo;
    this.hi = hi;
  }

  /** Reads the clock and gives the time as one number: of something that is no record, so the records' time stands. */
  takeNs(): bigint {
    const { lo, hi } = this;
    this.take();
    const now = u64FromPair(this.lo, this.hi);
    this.lo = lo;
    this.hi = hi;
    return now;
  }
}
