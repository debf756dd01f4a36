import { MessageChannel, type MessagePort, receiveMessageOnPort, Worker } from "node:worker_threads";
import { type JobReport, LaneState, LaneWord } from "./job-board.ts";
import type { WorkerTask } from "./recompute-worker.ts";
import type { Briefing } from "./worker-memory.ts";

/** One worker, as the session's thread sees it. */
export class Lane {
  readonly id: number;
  readonly words = new Int32Array(new SharedArrayBuffer(LaneWord.words * 4));
  /** What it wrote to pages that it ran in this round. */
  journal: NonNullable<JobReport["journal"]> | undefined;
  readonly #worker: Worker;
  readonly #port: MessagePort;
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

  /** Ends the thread, whatever it does; resolves when it is gone. */
  async end(): Promise<void> {
    this.#port.close();
    await this.#worker.terminate();
  }
}
