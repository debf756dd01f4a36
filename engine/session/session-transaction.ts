import { MmsbError } from "../base/errors.ts";
import { err, fail, isResult, ok, type Result } from "../base/result.ts";
import type { WaveMark } from "../graph/propagation.ts";
import type { StateWriter } from "./state-writer.ts";

/** The transaction of a session: one at most is open, and what begins inside it joins it. */
export class SessionTransaction {
  readonly #state: StateWriter;
  readonly #finishWaves: () => Result<unknown>;
  readonly #onEnd: () => void;
  #lsn = 0;
  #depth = 0;

  /** `finishWaves`: recomputes what the transaction has changed, before it ends. `onEnd`: hears of every end that was logged. */
  constructor(state: StateWriter, finishWaves: () => Result<unknown>, onEnd: () => void) {
    this.#state = state;
    this.#finishWaves = finishWaves;
    this.#onEnd = onEnd;
  }

  get isOpen(): boolean {
    return this.#depth > 0;
  }

  /** `Session.transaction`, where a change is allowed. */
  run<T>(work: (beginLsn: number) => Result<T>): Result<T> {
    const state = this.#state;
    if (this.#depth === 0) {
      const lsn = state.begin();
      if (!lsn.ok) return lsn;
      this.#lsn = lsn.value;
    }
    const mark = state.journal.count;
    const waveMark = state.reactive.propagation.mark();
    this.#depth++;
    let result: Result<T>;
    let thrown: { readonly error: unknown } | undefined;
    try {
      result = work(this.#lsn);
      if (isPromise(result)) {
        result.catch(() => undefined);
        result = fail("ARGUMENT_INVALID", "a transaction's work returned a promise", "Do it synchronously");
      } else if (!isResult(result)) {
        const what = "a transaction's work did not return a Result";
        result = fail("ARGUMENT_INVALID", what, "return a Result (ok() where there is nothing to tell)");
      }
    } catch (error) {
      if (!(error instanceof MmsbError)) thrown = { error };
      result = err(error as MmsbError);
    }
    this.#depth--;
    const ended = this.#end(result.ok, mark, waveMark);
    if (thrown !== undefined) throw thrown.error;
    return result.ok && !ended.ok ? ended : result;
  }

  #end(worked: boolean, mark: number, waveMark: WaveMark): Result<void> {
    const state = this.#state;
    let wave: Result<unknown> = ok();
    if (worked && this.#depth === 0 && state.failure === undefined) wave = this.#finishWaves();
    const succeeded = worked && wave.ok;
    const undone = succeeded || state.failure !== undefined ? ok() : state.rollback(mark);
    if (!succeeded) state.reactive.tookBack(waveMark, this.#depth > 0);
    if (this.#depth > 0) return undone;
    this.#lsn = 0;
    const ended = state.end(succeeded ? "commit" : "abort");
    if (!ended.ok) return ended;
    this.#onEnd();
    return wave.ok ? undone : wave;
  }
}

function isPromise(value: unknown): value is Promise<unknown> {
  return typeof value === "object" && value !== null && "then" in value && "catch" in value;
}
