import { setTimeout as sleep } from "node:timers/promises";
import { MessageChannel, type MessagePort, receiveMessageOnPort, Worker } from "node:worker_threads";
import { type JobReport, LaneState, LaneWord } from "./job-board.ts";
import type { WorkerTask } from "./recompute-worker.ts";
import type { Briefing } from "./worker-memory.ts";

/** What a thread that was told to close needs at most to do so. */
const END_MS = 2000;

/** One worker, as the session's thread sees it. */
export class Lane {
  readonly id: number;
  readonly words = new Int32Array(new SharedArrayBuffer(LaneWord.words * 4));
  /** What it wrote to pages that it ran in this round. */
  journal: NonNullable<JobReport["journal"]> | undefined;
  readonly #worker: Worker;
  readonly #port: MessagePort;
  readonly #exited: Promise<unknown>;
  #beat = -1;
  #beatAt = 0;

  constructor(id: number, control: Int32Array, briefing: Required<Briefing>) {
    this.id = id;
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    const task: WorkerTask = { lane: id, control, words: this.words, port: port2, briefing };
    this.#worker = new Worker(new URL("./recompute-worker.ts", import.meta.url), {
      workerData: task,
      transferList: [port2],
      name: "mmsb recompute",
    });
    // What ends it shows in its words, or in that they stand still.
    this.#worker.on("error", () => Atomics.store(this.words, LaneWord.State, LaneState.Ended));
    this.#exited = new Promise((resolve) => this.#worker.once("exit", resolve));
    this.#worker.unref();
  }

  brief(briefing: Briefing): void {
    this.#port.postMessage(briefing);
  }

  /** What it said since the last time. */
  reports(): JobReport[] {
    const reports: JobReport[] = [];
    for (
      let read = receiveMessageOnPort(this.#port);
      read !== undefined;
      read = receiveMessageOnPort(this.#port)
    ) {
      const report = read.message as JobReport;
      if (report.journal !== undefined) this.journal = report.journal;
      reports.push(report);
    }
    return reports;
  }

  get hasEnded(): boolean {
    return Atomics.load(this.words, LaneWord.State) === LaneState.Ended;
  }

  get isReady(): boolean {
    return Atomics.load(this.words, LaneWord.State) === LaneState.Ready;
  }

  /** Jobs that it has done in this round. */
  get done(): number {
    return Atomics.load(this.words, LaneWord.Done);
  }

  isIdle(round: number): boolean {
    return Atomics.load(this.words, LaneWord.IdleRound) === round;
  }

  /** The job that it is at; -1: none. */
  get job(): number {
    const isBusy = Atomics.load(this.words, LaneWord.From) < Atomics.load(this.words, LaneWord.To);
    return isBusy ? Atomics.load(this.words, LaneWord.Job) : -1;
  }

  begin(nowMs: number): void {
    Atomics.store(this.words, LaneWord.Done, 0);
    this.#beat = -1;
    this.#beatAt = nowMs;
  }

  /** Milliseconds since it was last seen to go on. */
  stillMs(nowMs: number): number {
    const beat = Atomics.load(this.words, LaneWord.Beat);
    if (beat !== this.#beat) {
      this.#beat = beat;
      this.#beatAt = nowMs;
    }
    return nowMs - this.#beatAt;
  }

  /**
   * Ends the thread and resolves when it is gone. One that may not come to its end by itself is `stuck`: it is ended wherever it is. Others are given the time to, because what a
   * thread is cut off in (loading, above all) is not all ours.
   */
  async end(isStuck: boolean): Promise<void> {
    this.#worker.ref();
    if (!isStuck) await Promise.race([this.#exited, sleep(END_MS, undefined, { ref: false })]);
    this.#port.close();
    await this.#worker.terminate();
  }
}
