// A thread of the pool: it sleeps until a round begins, claims jobs until none is left, and sleeps again.
import { type MessagePort, receiveMessageOnPort, workerData } from "node:worker_threads";
import { Control, isOfRound, jobOf, LaneState, LaneWord } from "./job-board.ts";
import { RowRunner } from "./row-runner.ts";
import type { Briefing } from "./worker-memory.ts";

export interface WorkerTask {
  readonly lane: number;
  readonly control: Int32Array;
  readonly words: Int32Array;
  readonly port: MessagePort;
  readonly briefing: Required<Briefing>;
}

const { lane, control, words, port, briefing } = workerData as WorkerTask;

process.on("exit", () => {
  Atomics.store(words, LaneWord.State, LaneState.Ended);
  ring();
});
const runner = new RowRunner(lane, briefing.memory, briefing.board);
runner.brief({ functions: briefing.functions });
Atomics.store(words, LaneWord.State, LaneState.Ready);
serve();

function serve(): void {
  let round = 0;
  while (Atomics.load(control, Control.Closing) === 0) {
    const next = Atomics.load(control, Control.Round);
    if (next === round) {
      Atomics.wait(control, Control.Round, round);
      continue;
    }
    round = next;
    readBriefings();
    runner.journal.clear();
    while (claim(round)) work();
    Atomics.store(words, LaneWord.IdleRound, round);
    ring();
  }
}

function readBriefings(): void {
  for (let read = receiveMessageOnPort(port); read !== undefined; read = receiveMessageOnPort(port))
    runner.brief(read.message as Briefing);
}

/** Claims the next jobs of this round; false where none is left. */
function claim(round: number): boolean {
  for (;;) {
    const ticket = Atomics.load(control, Control.Next);
    const from = jobOf(ticket);
    const count = Atomics.load(control, Control.Count);
    if (!isOfRound(ticket, round) || from >= count) return false;
    const chunk = Atomics.load(control, Control.Chunk);
    if (Atomics.compareExchange(control, Control.Next, ticket, ticket + chunk) !== ticket) continue;
    // Whoever sleeps here for a few thousand rounds may claim jobs of a later one: it needs to know what that works on.
    if (Atomics.load(control, Control.Round) !== round) readBriefings();
    Atomics.store(words, LaneWord.From, from);
    Atomics.store(words, LaneWord.To, Math.min(from + chunk, Atomics.load(control, Control.Count)));
    return true;
  }
}

function work(): void {
  const from = Atomics.load(words, LaneWord.From);
  const to = Atomics.load(words, LaneWord.To);
  for (let job = from; job < to; job++) {
    Atomics.store(words, LaneWord.Job, job);
    Atomics.add(words, LaneWord.Beat, 1);
    runner.run(job);
  }
  const report = runner.report();
  if (report !== undefined) port.postMessage(report);
  Atomics.store(words, LaneWord.From, to);
  Atomics.add(words, LaneWord.Done, to - from);
}

function ring(): void {
  Atomics.add(control, Control.Bell, 1);
  Atomics.notify(control, Control.Bell);
}
