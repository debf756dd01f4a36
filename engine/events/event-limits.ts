import { Prng } from "../base/prng.ts";
import { fail, ok, type Result } from "../base/result.ts";
import type { EventColumns } from "./event-columns.ts";
import { EVENT_CODE, EVENT_TYPE_LIMIT, EVENT_TYPES, type EventType } from "./event-types.ts";

const NS_PER_SECOND = 1e9;

/** How much of a type a handler wants. */
export interface EventLimit {
  /** This share of the events, chosen at random: 0 to 1. */
  readonly sample?: number;
  /** At most so many in a second of the session's clock; as many may come at once. */
  readonly perSecond?: number;
}

export interface EventLimits extends EventLimit {
  /** Types that are treated otherwise. */
  readonly limits?: { readonly [T in EventType]?: EventLimit };
}

/** The row by which things are kept by type: the code, or 0 for what is not known. */
export function rowOfType(type: EventType): number {
  return type === "unknown" ? 0 : EVENT_CODE[type];
}

/**
 * Thins out the events of one handler, each type by itself. Chance comes from a seed and time from the events, so the same session is thinned out in the same
 * way again.
 */
export class EventThinner {
  readonly #sample = new Float64Array(EVENT_TYPE_LIMIT).fill(1);
  readonly #perSecond = new Float64Array(EVENT_TYPE_LIMIT).fill(Number.POSITIVE_INFINITY);
  /** Events that may come at once (a token bucket), and when it was last looked at. */
  readonly #tokens = new Float64Array(EVENT_TYPE_LIMIT);
  readonly #lastNs = new Float64Array(EVENT_TYPE_LIMIT).fill(-1);
  readonly #prng: Prng;
  sampledOut = 0;
  heldBack = 0;

  private constructor(seed: number) {
    this.#prng = new Prng(seed);
  }

  /** Undefined where nothing is limited. Errors: ARGUMENT_INVALID. */
  static of(limits: EventLimits, seed: number): Result<EventThinner | undefined> {
    const { sample, perSecond, limits: byType = {} } = limits;
    const nothing: Result<EventThinner | undefined> = { ok: true, value: undefined };
    if (sample === undefined && perSecond === undefined && Object.keys(byType).length === 0) return nothing;
    const thinner = new EventThinner(seed);
    for (const type of EVENT_TYPES) {
      const limit = { sample, perSecond, ...byType[type] };
      const { sample: share = 1, perSecond: rate = Number.POSITIVE_INFINITY } = limit;
      if (!(share >= 0 && share <= 1) || !(rate > 0)) {
        const remedy = "Give a share from 0 to 1, and a rate above 0";
        return fail(
          "ARGUMENT_INVALID",
          `the limit of ${type} events is none: ${share}, ${rate} a second`,
          remedy,
        );
      }
      const row = rowOfType(type);
      thinner.#sample[row] = share;
      thinner.#perSecond[row] = rate;
    }
    const strangers = Object.keys(byType).filter((type) => !EVENT_TYPES.includes(type as EventType));
    if (strangers.length > 0) {
      return fail(
        "ARGUMENT_INVALID",
        `'${strangers[0]!.slice(0, 40)}' is no event type`,
        "Check its spelling",
      );
    }
    return ok(thinner);
  }

  passes(columns: EventColumns, row: number, type: number): boolean {
    if (this.#sample[type]! < 1 && this.#prng.float() >= this.#sample[type]!) {
      this.sampledOut++;
      return false;
    }
    const rate = this.#perSecond[type]!;
    if (rate === Number.POSITIVE_INFINITY) return true;
    const now = columns.timestampNumber(row);
    const last = this.#lastNs[type]!;
    const most = Math.max(1, rate);
    const gained = last < 0 ? most : ((now - last) / NS_PER_SECOND) * rate;
    const tokens = Math.min(most, this.#tokens[type]! + gained);
    this.#lastNs[type] = now;
    const isThrough = tokens >= 1;
    this.#tokens[type] = isThrough ? tokens - 1 : tokens;
    if (!isThrough) this.heldBack++;
    return isThrough;
  }
}
