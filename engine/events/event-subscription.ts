import type { Disposable } from "../base/disposable.ts";
import type { EventColumns } from "./event-columns.ts";
import type { EventThinner } from "./event-limits.ts";
import { EVENT_TYPE_LIMIT, type EventType, type MmsbEvent } from "./event-types.ts";

/** What it returns is ignored; where it throws, or a promise it returns is rejected, that is reported and nobody else notices. */
export type EventHandler<T extends EventType = EventType> = (event: MmsbEvent<T>) => unknown;

/** Gets everything that waits at once; the columns are void when it returns. */
export type ColumnsHandler = (columns: EventColumns) => unknown;

/** A handler at work, until it is disposed. */
export interface EventSubscription extends Disposable {
  readonly isDisposed: boolean;
  /** Events handed to the handler. */
  readonly delivered: number;
  /** Left out by `sample`, and by `perSecond`. */
  readonly sampledOut: number;
  readonly heldBack: number;
  /** Times that the handler threw. */
  readonly failures: number;
}

/** One handler and what it wants. */
export class Subscriber implements EventSubscription {
  /** By row of a type: 1 = wanted. */
  readonly wanted: Uint8Array;
  readonly handler: EventHandler | undefined;
  readonly columnsHandler: ColumnsHandler | undefined;
  readonly #thinner: EventThinner | undefined;
  readonly #onDispose: () => void;
  isDisposed = false;
  delivered = 0;
  failures = 0;
  /** The number of failures that is reported next. */
  nextReport = 1;

  constructor(
    wanted: Uint8Array,
    handler: EventHandler | undefined,
    columnsHandler: ColumnsHandler | undefined,
    thinner: EventThinner | undefined,
    onDispose: () => void,
  ) {
    this.wanted = wanted;
    this.handler = handler;
    this.columnsHandler = columnsHandler;
    this.#thinner = thinner;
    this.#onDispose = onDispose;
  }

  get sampledOut(): number {
    return this.#thinner?.sampledOut ?? 0;
  }

  get heldBack(): number {
    return this.#thinner?.heldBack ?? 0;
  }

  takes(columns: EventColumns, row: number, type: number): boolean {
    if (this.isDisposed || this.wanted[type] === 0) return false;
    return this.#thinner === undefined || this.#thinner.passes(columns, row, type);
  }

  dispose(): void {
    if (this.isDisposed) return;
    this.isDisposed = true;
    this.#onDispose();
  }
}

export const EVERY_TYPE = new Uint8Array(EVENT_TYPE_LIMIT).fill(1);
