import type { Result } from "../base/result.ts";
import { LIMITS } from "../protocol/limits.ts";
import type { Port } from "../protocol/port.ts";
import type { RunningTask, Sliced, SliceScheduler } from "./slice-scheduler.ts";

/** Requests of one connection that are worked on at a time; the others wait in line. Eight replies of 16 MiB are the most it can hold. */
const RUNNING_LIMIT = 8;
/** No request is begun while the port holds more than this that the other side has not taken. */
const CONGESTED_BYTES = 8 << 20;
const CONGESTION_CHECK_MS = 5;
/** A reader that takes nothing at all for so long is gone. */
const STALLED_MS = 60_000;

interface Waiting {
  readonly id: number;
  readonly steps: Sliced<Result<Uint8Array>>;
  readonly done: (result: Result<Uint8Array>) => void;
}

/** The requests of one connection: in order, a few at a time, and none while the other side does not take its answers. */
export class RequestQueue {
  readonly #scheduler: SliceScheduler;
  readonly #port: Port;
  readonly #onStalled: () => void;
  readonly #waiting: Waiting[] = [];
  readonly #running = new Map<number, RunningTask<Uint8Array>>();
  #timer: NodeJS.Timeout | undefined;
  #congestedSince = 0;
  #congestedBytes = 0;
  #disposed = false;

  constructor(scheduler: SliceScheduler, port: Port, onStalled: () => void) {
    this.#scheduler = scheduler;
    this.#port = port;
    this.#onStalled = onStalled;
  }

  has(id: number): boolean {
    return this.#running.has(id) || this.#waiting.some((waiting) => waiting.id === id);
  }

  /** False where too many are in flight; `done` is then not called. */
  add(id: number, steps: Sliced<Result<Uint8Array>>, done: Waiting["done"]): boolean {
    if (this.#running.size + this.#waiting.length >= LIMITS.inFlight) return false;
    this.#waiting.push({ id, steps, done });
    this.#begin();
    return true;
  }

  /** Unknown ids are ignored: the answer and the cancellation may have crossed. */
  cancel(id: number): void {
    const running = this.#running.get(id);
    if (running !== undefined) {
      running.cancel();
      return;
    }
    const at = this.#waiting.findIndex((waiting) => waiting.id === id);
    if (at < 0) return;
    const [waiting] = this.#waiting.splice(at, 1);
    const task = this.#scheduler.run(waiting!.steps);
    task.cancel();
    void task.outcome.then(waiting!.done);
  }

  dispose(): void {
    this.#disposed = true;
    this.#waiting.length = 0;
    for (const task of this.#running.values()) task.cancel();
    clearTimeout(this.#timer);
  }

  #begin(): void {
    while (!this.#disposed && this.#waiting.length > 0 && this.#running.size < RUNNING_LIMIT) {
      if (this.#port.bufferedBytes > CONGESTED_BYTES) {
        this.#waitForReader();
        return;
      }
      const { id, steps, done } = this.#waiting.shift()!;
      const task = this.#scheduler.run(steps);
      this.#running.set(id, task);
      void task.outcome.then((result) => {
        this.#running.delete(id);
        if (this.#disposed) return;
        done(result);
        this.#begin();
      });
    }
  }

  #waitForReader(): void {
    if (this.#timer !== undefined) return;
    const buffered = this.#port.bufferedBytes;
    const now = performance.now();
    if (this.#congestedSince === 0 || buffered < this.#congestedBytes) this.#congestedSince = now;
    this.#congestedBytes = buffered;
    if (now - this.#congestedSince > STALLED_MS) {
      this.#onStalled();
      return;
    }
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      if (this.#port.bufferedBytes <= CONGESTED_BYTES) this.#congestedSince = 0;
      this.#begin();
    }, CONGESTION_CHECK_MS);
    this.#timer.unref();
  }
}
