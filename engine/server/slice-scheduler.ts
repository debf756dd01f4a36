import { MmsbError } from "../base/errors.ts";
import { err, type Result } from "../base/result.ts";

/**
 * Work cut into slices. A task is a generator that yields often (each step well under a millisecond); a yielded promise parks it
 * until that settles. Whoever cancels makes the generator return: its `finally` blocks run.
 */
export type Sliced<T> = Generator<Promise<unknown> | undefined, T, undefined>;

/** Waits for a promise inside a sliced task. A rejection becomes an `INTERNAL` error: what may fail returns a `Result`. */
export function* waitFor<T>(promise: Promise<Result<T>>): Sliced<Result<T>> {
  let outcome: Result<T> | undefined;
  yield promise.then(
    (result) => {
      outcome = result;
    },
    (cause: unknown) => {
      outcome = err(internalError(cause));
    },
  );
  return outcome as Result<T>;
}

/** A bug of ours that surfaced in a task: told to whoever asked, and survived. */
export function internalError(cause: unknown): MmsbError {
  if (cause instanceof MmsbError) return cause;
  const message = cause instanceof Error ? cause.message : String(cause);
  return new MmsbError(
    "INTERNAL",
    `the engine failed: ${message}`,
    "Please report it with the recording",
    {},
    cause,
  );
}

export type Priority = "interactive" | "background";

/**
 * How long one turn may take: the loop is then free for messages. A step that overruns adds its own time, so steps of up to 4 ms keep
 * the whole under the 8 ms that nothing may block.
 */
const TURN_MS = 4;
/** A task gives way to the next after this long, so that a quick question is not behind a slow one. */
const SLICE_MS = 1.5;
/** Of a turn with both kinds of work, what background work gets. It never starves, and never shows. */
const BACKGROUND_SHARE_MS = 0.75;

interface Task {
  readonly steps: Sliced<unknown>;
  readonly settle: (outcome: { value: unknown } | { error: MmsbError } | undefined) => void;
  readonly priority: Priority;
  finished: boolean;
}

export interface RunningTask<T> {
  /** The task's value; `CANCELLED` after `cancel`, `INTERNAL` where it threw. */
  readonly outcome: Promise<Result<T>>;
  cancel(): void;
}

/** Runs sliced tasks in turns on the event loop, interactive ones first, all of a kind in rotation. */
export class SliceScheduler {
  readonly #queues: Readonly<Record<Priority, Task[]>> = { interactive: [], background: [] };
  readonly #now: () => number;
  /** Parked ones too. */
  readonly #alive = new Set<Task>();
  #turn: NodeJS.Immediate | undefined;
  #current: Task | undefined;
  #disposed = false;

  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** Tasks that are not finished (parked ones do not count). */
  get pending(): number {
    return this.#queues.interactive.length + this.#queues.background.length;
  }

  run<T>(steps: Sliced<Result<T>>, priority: Priority = "interactive"): RunningTask<T> {
    let resolve!: (result: Result<T>) => void;
    const outcome = new Promise<Result<T>>((settle) => {
      resolve = settle;
    });
    const task: Task = {
      steps,
      priority,
      finished: false,
      settle: (ended) => {
        if (ended === undefined) resolve(err(cancelled()));
        else if ("error" in ended) resolve(err(ended.error));
        else resolve(ended.value as Result<T>);
      },
    };
    if (this.#disposed) task.settle(undefined);
    else {
      this.#alive.add(task);
      this.#enqueue(task);
    }
    return { outcome, cancel: () => this.#cancel(task) };
  }

  /** Cancels everything. */
  dispose(): void {
    this.#disposed = true;
    for (const task of [...this.#alive]) this.#cancel(task);
    if (this.#turn !== undefined) clearImmediate(this.#turn);
    this.#turn = undefined;
  }

  #enqueue(task: Task): void {
    this.#queues[task.priority].push(task);
    this.#turn ??= setImmediate(() => this.#takeTurn());
  }

  #cancel(task: Task): void {
    if (task.finished) return;
    this.#finish(task, undefined);
    // A generator cannot be stopped from inside its own step: it is then left where it yields next.
    if (task !== this.#current) stop(task.steps);
  }

  #finish(task: Task, outcome: Parameters<Task["settle"]>[0]): void {
    task.finished = true;
    this.#alive.delete(task);
    const queue = this.#queues[task.priority];
    const at = queue.indexOf(task);
    if (at >= 0) queue.splice(at, 1);
    task.settle(outcome);
  }

  #takeTurn(): void {
    this.#turn = undefined;
    const { interactive, background } = this.#queues;
    const start = this.#now();
    const interactiveUntil = start + TURN_MS - (background.length > 0 ? BACKGROUND_SHARE_MS : 0);
    while (interactive.length > 0 && this.#now() < interactiveUntil) {
      this.#advance(interactive.shift()!, Math.min(interactiveUntil, this.#now() + SLICE_MS));
    }
    const backgroundUntil = Math.max(start + TURN_MS, this.#now() + BACKGROUND_SHARE_MS);
    while (background.length > 0 && this.#now() < backgroundUntil) {
      this.#advance(background.shift()!, Math.min(backgroundUntil, this.#now() + SLICE_MS));
    }
    if (this.pending > 0) this.#turn ??= setImmediate(() => this.#takeTurn());
  }

  /** Steps one task until `until`; it goes back to the end of its queue, is parked, or ends. */
  #advance(task: Task, until: number): void {
    this.#current = task;
    try {
      do {
        const step = task.steps.next();
        if (task.finished) {
          stop(task.steps);
          return;
        }
        if (step.done === true) {
          this.#finish(task, { value: step.value });
          return;
        }
        if (step.value !== undefined) {
          this.#park(task, step.value);
          return;
        }
      } while (this.#now() < until);
      this.#enqueue(task);
    } catch (cause) {
      if (!task.finished) this.#finish(task, { error: internalError(cause) });
    } finally {
      this.#current = undefined;
    }
  }

  #park(task: Task, promise: Promise<unknown>): void {
    const resume = () => {
      if (!task.finished && !this.#disposed) this.#enqueue(task);
    };
    promise.then(resume, resume);
  }
}

function stop(steps: Sliced<unknown>): void {
  try {
    steps.return(undefined as never);
  } catch {
    // Whoever waited for it has been answered already.
  }
}

function cancelled(): MmsbError {
  return new MmsbError("CANCELLED", "the request was cancelled", "Ask again if the answer is still wanted");
}
