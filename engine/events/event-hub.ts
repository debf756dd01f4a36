import type { Disposable } from "../base/disposable.ts";
import { MmsbError } from "../base/errors.ts";
import { fail, ok, type Result } from "../base/result.ts";
import { EventColumns, EventFlag } from "./event-columns.ts";
import { type EventLimits, EventThinner, rowOfType } from "./event-limits.ts";
import {
  type ColumnsHandler,
  EVERY_TYPE,
  type EventHandler,
  type EventSubscription,
  Subscriber,
} from "./event-subscription.ts";
import {
  EVENT_CODE,
  EVENT_TYPE_LIMIT,
  EVENT_TYPES,
  type EventType,
  eventTypeOf,
  type MmsbEvent,
} from "./event-types.ts";

const MAX_SUBSCRIBERS = 1024;
/** 95 bytes an event: 25 MB at most, and only where so many wait. */
const DEFAULT_WAITING = 262_144;
/** Rounds of handlers that answer what handlers did, before their writes are refused. */
export const MAX_ROUNDS = 64;

export interface EventHubOptions {
  /** Events that may wait for delivery; those beyond are not delivered, and reported. Default 262 144. */
  readonly maxWaiting?: number;
  /** For sampling. */
  readonly seed?: number;
  /** Hears of handlers that fail (EVENT_HANDLER_FAILED) and of events that were not delivered (LIMIT_EXCEEDED). */
  readonly report: (error: MmsbError) => void;
}

type Handler = (told: MmsbEvent | EventColumns) => unknown;

/** Where to listen. Handlers are called one at a time, in order of the events, and never inside another handler or a transaction. */
export interface EventSource {
  /** Calls `handler` for every event of the type, or types. Errors: ARGUMENT_INVALID, LIMIT_EXCEEDED (1024 handlers). */
  on<T extends EventType>(
    types: T | readonly T[],
    handler: EventHandler<T>,
    limits?: EventLimits,
  ): Result<EventSubscription>;
  /** Calls `handler` for every event. Errors: as `on`. */
  onAny(handler: EventHandler, limits?: EventLimits): Result<EventSubscription>;
  /** Calls `handler` with everything that waits, in columns: no object is made. Errors: as `on`. */
  onColumns(handler: ColumnsHandler): Result<EventSubscription>;
  /** Events that were not delivered to anybody because too many waited. */
  readonly lost: number;
}

/**
 * Hands events to whoever asked. What is told waits in columns until {@link deliver}, which the owner calls when it is at rest. Where nobody wants a type, nothing
 * is kept of it: ask `wantsDeltas`, or `wants`, first.
 */
export class EventHub implements EventSource, Disposable {
  /** Somebody listens. */
  isActive = false;
  /** Somebody wants to hear of deltas, or of the members of waves. */
  wantsDeltas = false;
  lost = 0;
  readonly #report: (error: MmsbError) => void;
  readonly #seed: number;
  /** By row of a type: how many want it. */
  readonly #wanted = new Uint32Array(EVENT_TYPE_LIMIT);
  #subscribers: readonly Subscriber[] = [];
  #byEvent: readonly Subscriber[] = [];
  #byColumns: readonly Subscriber[] = [];
  #made = 0;
  #waiting: EventColumns;
  #spare: EventColumns;
  #isDelivering = false;
  #round = 0;
  #lostFromLsn = 0;
  #lostToLsn = 0;
  #lostNow = 0;

  constructor({ maxWaiting = DEFAULT_WAITING, seed = 0, report }: EventHubOptions) {
    this.#report = report;
    this.#seed = seed;
    this.#waiting = new EventColumns(maxWaiting);
    this.#spare = new EventColumns(maxWaiting);
  }

  // ---- listening

  on<T extends EventType>(
    types: T | readonly T[],
    handler: EventHandler<T>,
    limits: EventLimits = {},
  ): Result<EventSubscription> {
    const wanted = new Uint8Array(EVENT_TYPE_LIMIT);
    for (const type of typeof types === "string" ? [types] : types) {
      if (!EVENT_TYPES.includes(type)) {
        return fail(
          "ARGUMENT_INVALID",
          `'${String(type).slice(0, 40)}' is no event type`,
          "Check its spelling",
        );
      }
      wanted[rowOfType(type)] = 1;
    }
    return this.#subscribe(wanted, handler as EventHandler, undefined, limits);
  }

  onAny(handler: EventHandler, limits: EventLimits = {}): Result<EventSubscription> {
    return this.#subscribe(EVERY_TYPE, handler, undefined, limits);
  }

  onColumns(handler: ColumnsHandler): Result<EventSubscription> {
    return this.#subscribe(EVERY_TYPE, undefined, handler, {});
  }

  #subscribe(
    wanted: Uint8Array,
    handler: EventHandler | undefined,
    columnsHandler: ColumnsHandler | undefined,
    limits: EventLimits,
  ): Result<EventSubscription> {
    if (this.#subscribers.length >= MAX_SUBSCRIBERS) {
      return fail(
        "LIMIT_EXCEEDED",
        `${MAX_SUBSCRIBERS} handlers listen already`,
        "Dispose of those no longer needed",
      );
    }
    if (typeof (handler ?? columnsHandler) !== "function") {
      return fail("ARGUMENT_INVALID", "the handler is no function", "Give a function");
    }
    const thinner = EventThinner.of(limits, this.#seed + this.#made++);
    if (!thinner.ok) return thinner;
    const subscriber = new Subscriber(wanted, handler, columnsHandler, thinner.value, () => {
      this.#setSubscribers(this.#subscribers.filter((other) => other !== subscriber));
      this.#count(wanted, -1);
    });
    this.#setSubscribers([...this.#subscribers, subscriber]);
    this.#count(wanted, 1);
    return ok(subscriber);
  }

  /** New lists: a delivery may be walking the old ones. */
  #setSubscribers(subscribers: readonly Subscriber[]): void {
    this.#subscribers = subscribers;
    this.#byEvent = subscribers.filter(({ handler }) => handler !== undefined);
    this.#byColumns = subscribers.filter(({ columnsHandler }) => columnsHandler !== undefined);
  }

  #count(wanted: Uint8Array, by: number): void {
    for (let row = 0; row < EVENT_TYPE_LIMIT; row++) if (wanted[row] === 1) this.#wanted[row]! += by;
    const counts = this.#wanted;
    this.isActive = this.#subscribers.length > 0;
    this.wantsDeltas =
      counts[EVENT_CODE.delta]! +
        counts[EVENT_CODE["recompute-start"]]! +
        counts[EVENT_CODE["recompute-end"]]! >
      0;
  }

  // ---- telling

  /** `code` 0 stands for everything unknown. */
  wants(code: number): boolean {
    return this.#wanted[eventTypeOf(code) === undefined ? 0 : code] !== 0;
  }

  /** A row of `columns` to fill for an event that is wanted, or -1 where too many wait: then it is lost. */
  claim(lsn: number): number {
    const row = this.#waiting.claim();
    if (row < 0) {
      if (this.#lostNow++ === 0) this.#lostFromLsn = lsn;
      this.#lostToLsn = lsn;
      this.lost++;
    }
    return row;
  }

  /** Where claimed rows stand; another one after each delivery. */
  get columns(): EventColumns {
    return this.#waiting;
  }

  get isWaiting(): boolean {
    return this.#waiting.count > 0;
  }

  /** How many rounds of handlers answering handlers this delivery has seen; 0 outside of one. */
  get round(): number {
    return this.#round;
  }

  // ---- delivering

  /** Hands out what waits, and what handlers lead to meanwhile, round by round. Called from within a handler it does nothing. */
  deliver(): void {
    if (this.#isDelivering) return;
    this.#isDelivering = true;
    while (this.#waiting.count > 0) {
      this.#round++;
      const columns = this.#waiting;
      this.#waiting = this.#spare;
      this.#spare = columns;
      this.#reportLost();
      this.#handOut(columns);
      columns.clear();
    }
    this.#round = 0;
    this.#isDelivering = false;
  }

  #handOut(columns: EventColumns): void {
    // Whoever subscribes meanwhile hears of what comes after.
    const byEvent = this.#byEvent;
    const byColumns = this.#byColumns;
    for (let row = 0; byEvent.length > 0 && row < columns.count; row++) {
      const isUnknown = (columns.flags[row]! & EventFlag.Unknown) !== 0;
      const code = columns.code[row]!;
      const type = isUnknown || eventTypeOf(code) === undefined ? 0 : code;
      let event: MmsbEvent | undefined;
      for (const subscriber of byEvent) {
        if (!subscriber.takes(columns, row, type)) continue;
        event ??= columns.event(row);
        subscriber.delivered++;
        this.#call(subscriber, subscriber.handler as Handler, event);
      }
    }
    for (const subscriber of byColumns) {
      if (subscriber.isDisposed) continue;
      subscriber.delivered += columns.count;
      this.#call(subscriber, subscriber.columnsHandler as Handler, columns);
    }
  }

  #call(subscriber: Subscriber, handler: Handler, told: MmsbEvent | EventColumns): void {
    try {
      const returned = handler(told);
      if (isThenable(returned)) returned.then(undefined, (error: unknown) => this.#failed(subscriber, error));
    } catch (error) {
      this.#failed(subscriber, error);
    }
  }

  /** The first failure of a handler is reported, then the tenth, the hundredth, …: a handler that fails at each delta floods nobody. */
  #failed(subscriber: Subscriber, cause: unknown): void {
    const times = ++subscriber.failures;
    if (times !== subscriber.nextReport) return;
    subscriber.nextReport *= 10;
    const message = `an event handler threw${times === 1 ? "" : `, for the ${times}th time`}: ${textOf(cause)}`;
    const remedy = "Mend the handler, or dispose of it; the session and the other handlers go on";
    this.#tell(new MmsbError("EVENT_HANDLER_FAILED", message, remedy, {}, cause));
  }

  #reportLost(): void {
    if (this.#lostNow === 0) return;
    const message = `${this.#lostNow} events were not delivered: ${this.#spare.limit} waited already`;
    const remedy = `Read them from the recording (LSN ${this.#lostFromLsn} to ${this.#lostToLsn}), or write in smaller transactions`;
    this.#lostNow = 0;
    this.#tell(new MmsbError("LIMIT_EXCEEDED", message, remedy, { lsn: this.#lostFromLsn }));
  }

  #tell(error: MmsbError): void {
    try {
      this.#report(error);
    } catch {
      // Whoever hears of failures may fail as well; there is nobody left to hear of that.
    }
  }

  /** Ends every subscription. */
  dispose(): void {
    for (const subscriber of this.#subscribers) subscriber.dispose();
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    typeof value === "object" && value !== null && typeof (value as PromiseLike<unknown>).then === "function"
  );
}

/** Anything can be thrown, also what has no text. */
function textOf(cause: unknown): string {
  let text: string;
  try {
    text = cause instanceof Error ? cause.message : String(cause);
  } catch {
    text = typeof cause;
  }
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}
