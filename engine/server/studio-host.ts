import { fail, ok, type Result } from "../base/result.ts";
import type { Port } from "../protocol/port.ts";
import type { AccessPolicy } from "./access-policy.ts";
import { Connection } from "./connection.ts";
import { FileIdentity } from "./recording/file-identity.ts";
import { OpenedRecording, writerOf } from "./recording/opened-recording.ts";
import type { ReportProgress } from "./service.ts";
import { type RunningTask, type Sliced, SliceScheduler, waitFor } from "./slice-scheduler.ts";
import { StudioSession } from "./studio-session.ts";
import type { WindowShell } from "./window-shell.ts";

/** Recordings open at a time, whoever opened them: each holds at most some 200 MB of caches. */
const MAX_RECORDINGS = 8;
const MAX_CONNECTIONS = 32;

export interface StudioHostOptions {
  readonly access: AccessPolicy;
  /** Whether windows may send files that have no path (a browser's drag and drop). */
  readonly uploads?: boolean;
  /** Told to windows when they connect. */
  readonly name?: string;
}

/** A recording on its way to being open, for all who want it. */
interface Opening {
  readonly task: RunningTask<OpenedRecording>;
  readonly listeners: Set<ReportProgress>;
  /** What was reported last, for whoever joins later. */
  latest: Parameters<ReportProgress>;
}

/**
 * Serves recordings to any number of windows, whatever carries their messages: call {@link connect} with a port. It owns the recordings
 * that are open and the one scheduler that all work goes through.
 */
export class StudioHost {
  readonly access: AccessPolicy;
  readonly uploads: boolean;
  readonly scheduler = new SliceScheduler();
  readonly #name: string;
  readonly #connections = new Set<Connection>();
  readonly #recordings = new Set<OpenedRecording>();
  readonly #openings = new Map<string, Opening>();
  #nextHandle = 1;
  #disposed = false;

  constructor(options: StudioHostOptions) {
    this.access = options.access;
    this.uploads = options.uploads ?? false;
    this.#name = options.name ?? "mmsb";
  }

  get connectionCount(): number {
    return this.#connections.size;
  }

  /** Recordings open now. */
  get recordingCount(): number {
    return this.#recordings.size;
  }

  /** Serves one window until its port closes; `shell` is the program around it, where there is one. `LIMIT_EXCEEDED` where too many are connected; the port is then closed. */
  connect(port: Port, shell?: WindowShell): Result<Connection> {
    if (this.#disposed || this.#connections.size >= MAX_CONNECTIONS) {
      port.close();
      return fail("LIMIT_EXCEEDED", `${MAX_CONNECTIONS} windows are connected already`, "Close one of them");
    }
    const session = new StudioSession(this, shell);
    const connection = new Connection({
      port,
      session,
      scheduler: this.scheduler,
      serverName: this.#name,
      onClosed: () => this.#connections.delete(connection),
    });
    this.#connections.add(connection);
    return ok(connection);
  }

  /** Opens a recording, or shares the one that is open already. Each holder lets go with {@link release}. */
  *open(path: string, progress: ReportProgress): Sliced<Result<OpenedRecording>> {
    for (;;) {
      const shared = this.#sharedAt(path);
      if (shared !== undefined) return ok(held(shared));
      const opened = yield* this.#join(this.#openings.get(path) ?? this.#begin(path), progress);
      if (!opened.ok) return opened;
      // Another who waited may have let go of it before this one came to hold it.
      if (this.#recordings.has(opened.value)) return ok(held(opened.value));
    }
  }

  *#join(opening: Opening, progress: ReportProgress): Sliced<Result<OpenedRecording>> {
    // One listener for each who waits, even where several give the same function.
    const listener: ReportProgress = (...report) => progress(...report);
    opening.listeners.add(listener);
    listener(...opening.latest);
    let isDone = false;
    try {
      const opened = yield* waitFor(opening.task.outcome);
      isDone = true;
      return opened;
    } finally {
      opening.listeners.delete(listener);
      if (!isDone && opening.listeners.size === 0) this.#giveUp(opening);
    }
  }

  /** Nobody waits for it any more. */
  #giveUp(opening: Opening): void {
    opening.task.cancel();
    void opening.task.outcome.then((opened) => {
      if (opened.ok && opened.value.holders === 0) this.#drop(opened.value);
    });
  }

  /**
   * Begins to open a recording that a window will ask for. It stays open until the first window that asked lets go of it; a window that gives up
   * waiting for it stops it.
   */
  prepare(path: string): void {
    if (!this.#disposed && this.#sharedAt(path) === undefined && !this.#openings.has(path)) this.#begin(path);
  }

  #begin(path: string): Opening {
    const listeners = new Set<ReportProgress>();
    const task = this.scheduler.run(
      this.#opening(path, (...report) => {
        opening.latest = report;
        for (const listener of listeners) listener(...report);
      }),
    );
    const opening: Opening = { task, listeners, latest: ["open", 0, 0] };
    this.#openings.set(path, opening);
    void task.outcome.then(() => {
      if (this.#openings.get(path) === opening) this.#openings.delete(path);
    });
    return opening;
  }

  *#opening(path: string, progress: ReportProgress): Sliced<Result<OpenedRecording>> {
    // One that was prepared, was never asked for, and whose file is another by now.
    for (const opened of this.#recordings)
      if (opened.path === path && opened.holders === 0) this.#drop(opened);
    const full = this.#checkRoom();
    if (!full.ok) return full;
    const writer = yield* waitFor(writerOf(path));
    const file = new FileIdentity(path);
    const opened = yield* OpenedRecording.open(path, this.#recordings.size, progress);
    if (!opened.ok) return opened;
    const room = this.#checkRoom();
    if (!room.ok) {
      opened.value.close();
      return room;
    }
    const recording = new OpenedRecording(
      this.#nextHandle++,
      path,
      opened.value,
      this.scheduler,
      writer.ok && writer.value,
      file,
    );
    this.#recordings.add(recording);
    return ok(recording);
  }

  /** The recording that is open at a path, unless the path names another file by now. */
  #sharedAt(path: string): OpenedRecording | undefined {
    for (const opened of this.#recordings) if (opened.path === path && !opened.isReplaced) return opened;
    return undefined;
  }

  #checkRoom(): Result<void> {
    return this.#recordings.size < MAX_RECORDINGS
      ? ok()
      : fail("LIMIT_EXCEEDED", `${MAX_RECORDINGS} recordings are open already`, "Close one of them first");
  }

  /** The last holder closes it. */
  release(opened: OpenedRecording): void {
    if (--opened.holders === 0) this.#drop(opened);
  }

  #drop(opened: OpenedRecording): void {
    this.#recordings.delete(opened);
    opened.close();
  }

  /** Ends every connection and closes every recording. */
  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    for (const connection of [...this.#connections]) connection.close();
    this.scheduler.dispose();
    for (const opened of this.#recordings) opened.close();
    this.#recordings.clear();
  }
}

function held(opened: OpenedRecording): OpenedRecording {
  opened.holders++;
  return opened;
}
