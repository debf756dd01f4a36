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

interface Running {
  readonly key: string;
  readonly abort: AbortController;
  readonly startedMs: number;
}

/** A question that takes longer than this is given up when a newer one waits. */
const PATIENCE_MS = 300;

export interface LaneOptions<T> {
  /** Give up the running question as soon as a newer one comes: for slow ones whose old answers are of no use. */
  readonly abandon: boolean;
  /** When those who listen are told: `notifyInFrame` or `notifyWithCursor`. */
  readonly notifyWhen: (notify: () => void) => void;
  /** What is wanted now has been answered (`undefined`: by an error): at once, before those who listen are told. */
  readonly onAnswer: (params: unknown, answer: T | undefined) => void;
}

/**
 * Asks one question at a time. While one runs, or its answer waits to be drawn, only the newest of those that follow is kept: a scrub that
 * moves faster than answers come sees the latest answer there is, never works through a queue of old ones, and asks for nothing that it has
 * no frame for.
 */
export class QueryLane<T> {
  readonly #cache: QueryCache<unknown>;
  readonly #options: LaneOptions<T>;
  readonly #listeners = new Set<() => void>();
  #state: LaneState<T> = NOTHING;
  #wanted: Question<T> | undefined;
  #running: Running | undefined;
  /** A question that is likely to be wanted next, on its way, */
  #ahead: Running | undefined;
  /** or waiting until what is wanted now has been answered. */
  #aheadLater: (() => void) | undefined;
  /** The question that has been answered last, be it by an error. */
  #answered: string | undefined;
  /** Those who listen have not been told of the present state yet. */
  #untold = false;

  constructor(cache: QueryCache<unknown>, options: Partial<LaneOptions<T>> = {}) {
    this.#cache = cache;
    this.#options = { abandon: false, notifyWhen: notifyInFrame, onAnswer: () => {}, ...options };
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
    this.#aheadLater = undefined;
    const known = this.#cache.get(question.key) as T | undefined;
    if (known !== undefined) {
      this.#abortRunning();
      this.#answered = question.key;
      this.#set({ ...NOTHING, data: known, asked: question.params });
      this.#options.onAnswer(question.params, known);
      return;
    }
    if (this.#ahead?.key === question.key) {
      this.#abortRunning();
      this.#running = this.#ahead;
      this.#ahead = undefined;
    }
    if (!sameScope) this.#answered = undefined;
    this.#set({ ...(sameScope ? this.#state : NOTHING), stale: true });
    if (this.#running === undefined) this.#pump();
    else if (this.#running.key !== question.key && (!sameScope || this.#isGivenUp(this.#running))) {
      this.#abortRunning();
      this.#run(question);
    }
  }

  #isGivenUp({ startedMs }: Running): boolean {
    return this.#options.abandon || performance.now() - startedMs > PATIENCE_MS;
  }

  /**
   * Asks what is likely to be wanted next and keeps the answer, so that it is at hand then. Only while nothing else is to be asked; one at a time,
   * the newest. `onAnswer` is called where the answer is there, also where it was before.
   */
  askAhead(question: Question<T>, onAnswer: (answer: T) => void = () => {}): void {
    const known = this.#cache.get(question.key) as T | undefined;
    if (known !== undefined) {
      onAnswer(known);
      return;
    }
    if (this.#ahead?.key === question.key) return;
    if (this.#running !== undefined) {
      this.#aheadLater = () => this.askAhead(question, onAnswer);
      return;
    }
    this.#ahead?.abort.abort();
    this.#ahead = this.#ask(question, onAnswer);
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
    this.#aheadLater = undefined;
    this.#abortRunning();
    this.#ahead?.abort.abort();
    this.#ahead = undefined;
  }

  #run(question: Question<T>): void {
    this.#running = this.#ask(question);
    this.#set({ ...this.#state, stale: true, progress: undefined });
  }

  #ask(question: Question<T>, onAnswer?: (answer: T) => void): Running {
    const running = { key: question.key, abort: new AbortController(), startedMs: performance.now() };
    const onProgress = (progress: Progress) => {
      if (this.#running === running && this.#wanted?.key === question.key)
        this.#set({ ...this.#state, progress });
    };
    void question.ask(running.abort.signal, onProgress).then((result) => {
      if (result.ok) {
        this.#cache.set(question.key, result.value);
        onAnswer?.(result.value);
      }
      if (this.#ahead === running) this.#ahead = undefined;
      if (this.#running !== running) return;
      this.#running = undefined;
      this.#settle(question, result);
    });
    return running;
  }

  #settle(question: Question<T>, result: Result<T>): void {
    const next = this.#wanted;
    const newest = next === undefined || next.key === question.key;
    this.#answered = question.key;
    if (result.ok) {
      if (newest || next.scope === question.scope)
        this.#set({ ...NOTHING, data: result.value, asked: question.params, stale: !newest });
    } else if (newest) this.#set({ ...NOTHING, error: result.error });
    if (newest) this.#options.onAnswer(question.params, result.ok ? result.value : undefined);
    this.#pump();
  }

  /** Asks what is wanted and not answered yet, unless an answer still waits to be drawn: then it asks once that is. */
  #pump(): void {
    const next = this.#wanted;
    if (next === undefined || this.#running !== undefined) return;
    if (next.key !== this.#answered) {
      if (!this.#untold || this.#state.data === undefined) this.#run(next);
      return;
    }
    const later = this.#aheadLater;
    this.#aheadLater = undefined;
    later?.();
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
