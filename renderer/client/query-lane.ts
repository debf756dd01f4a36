import type { MmsbError } from "../../engine/base/errors.ts";
import type { Result } from "../../engine/base/result.ts";
import type { Progress } from "../../engine/protocol/control.ts";
import { notifyInFrame } from "./notify-in-frame.ts";
import type { QueryCache } from "./query-cache.ts";

export interface LaneState<T> {
  /** The newest answer there is; it may belong to an older question (`stale`). */
  readonly data: T | undefined;
  /** The parameters that `data` answers. */
  readonly asked: unknown;
  readonly error: MmsbError | undefined;
  /** A newer question is on its way. */
  readonly stale: boolean;
  readonly progress: Progress | undefined;
}

export interface Question<T> {
  readonly params: unknown;
  readonly key: string;
  /** Answers of another scope are not shown while this one is on its way: another page's bytes would mislead. */
  readonly scope: string;
  readonly ask: (signal: AbortSignal, onProgress: (progress: Progress) => void) => Promise<Result<T>>;
}

const NOTHING: LaneState<never> = {
  data: undefined,
  asked: undefined,
  error: undefined,
  stale: false,
  progress: undefined,
};

/** A question that takes longer than this is given up when a newer one waits. */
const PATIENCE_MS = 300;

export interface LaneOptions {
  /** Give up the running question as soon as a newer one comes: for slow ones whose old answers are of no use. */
  readonly abandon: boolean;
  /** When those who listen are told: `notifyInFrame` or `notifyWithCursor`. */
  readonly notifyWhen: (notify: () => void) => void;
}

/**
 * Asks one question at a time. While one runs, or its answer waits to be drawn, only the newest of those that follow is kept: a scrub that
 * moves faster than answers come sees the latest answer there is, never works through a queue of old ones, and asks for nothing that it has
 * no frame for.
 */
export class QueryLane<T> {
  readonly #cache: QueryCache<unknown>;
  readonly #options: LaneOptions;
  readonly #listeners = new Set<() => void>();
  #state: LaneState<T> = NOTHING;
  #wanted: Question<T> | undefined;
  #running: { key: string; abort: AbortController; startedMs: number } | undefined;
  /** The question that has been answered last, be it by an error. */
  #answered: string | undefined;
  /** Those who listen have not been told of the present state yet. */
  #untold = false;

  constructor(cache: QueryCache<unknown>, options: Partial<LaneOptions> = {}) {
    this.#cache = cache;
    this.#options = { abandon: false, notifyWhen: notifyInFrame, ...options };
  }

  get state(): LaneState<T> {
    return this.#state;
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  readonly snapshot = (): LaneState<T> => this.#state;

  /** The question whose answer is wanted now. Asking the same again is free. */
  want(question: Question<T>): void {
    if (this.#wanted?.key === question.key) return;
    const sameScope = this.#wanted?.scope === question.scope;
    this.#wanted = question;
    if (!sameScope) this.#set({ ...NOTHING, stale: true });
    const known = this.#cache.get(question.key) as T | undefined;
    if (known !== undefined) {
      this.#abortRunning();
      this.#answered = question.key;
      this.#set({ ...NOTHING, data: known, asked: question.params });
      return;
    }
    if (this.#running === undefined) {
      this.#pump();
      return;
    }
    if (this.#running.key === question.key) return;
    this.#set({ ...this.#state, stale: true });
    if (!sameScope || this.#options.abandon || performance.now() - this.#running.startedMs > PATIENCE_MS) {
      this.#abortRunning();
      this.#run(question);
    }
  }

  /** Nothing is wanted; what is shown goes as well. */
  reset(): void {
    this.#wanted = undefined;
    this.#answered = undefined;
    this.#abortRunning();
    this.#set(NOTHING);
  }

  /** Asks the present question once more, after it failed. */
  retry(): void {
    if (this.#wanted !== undefined && this.#running === undefined) this.#run(this.#wanted);
  }

  dispose(): void {
    this.#wanted = undefined;
    this.#abortRunning();
  }

  #run(question: Question<T>): void {
    const running = { key: question.key, abort: new AbortController(), startedMs: performance.now() };
    this.#running = running;
    this.#set({ ...this.#state, stale: true, progress: undefined });
    const onProgress = (progress: Progress) => {
      if (this.#running === running && this.#wanted?.key === question.key)
        this.#set({ ...this.#state, progress });
    };
    void question.ask(running.abort.signal, onProgress).then((result) => {
      if (result.ok) this.#cache.set(question.key, result.value);
      if (this.#running !== running) return;
      this.#running = undefined;
      this.#settle(question, result);
    });
  }

  #settle(question: Question<T>, result: Result<T>): void {
    const next = this.#wanted;
    const newest = next === undefined || next.key === question.key;
    this.#answered = question.key;
    if (result.ok) {
      if (newest || next.scope === question.scope)
        this.#set({ ...NOTHING, data: result.value, asked: question.params, stale: !newest });
    } else if (newest) this.#set({ ...NOTHING, error: result.error });
    this.#pump();
  }

  /** Asks what is wanted and not answered yet, unless an answer still waits to be drawn: then it asks once that is. */
  #pump(): void {
    const next = this.#wanted;
    if (next === undefined || this.#running !== undefined || next.key === this.#answered) return;
    if (this.#untold && this.#state.data !== undefined) return;
    this.#run(next);
  }

  #abortRunning(): void {
    const running = this.#running;
    this.#running = undefined;
    running?.abort.abort();
  }

  /** That what is shown is about to be replaced is no reason to draw: who draws for another reason sees it. */
  #set(state: LaneState<T>): void {
    const before = this.#state;
    this.#state = state;
    const isShown =
      before.data !== state.data ||
      before.asked !== state.asked ||
      before.error !== state.error ||
      before.progress !== state.progress ||
      (state.data === undefined && before.stale !== state.stale);
    if (!isShown) return;
    this.#untold = true;
    this.#options.notifyWhen(this.#notify);
  }

  readonly #notify = (): void => {
    this.#untold = false;
    for (const listener of [...this.#listeners]) listener();
    this.#pump();
  };
}
