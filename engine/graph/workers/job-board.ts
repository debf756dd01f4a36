import type { ErrorCode, ErrorPlace } from "../../base/errors.ts";

/** Words that all threads of a pool share. */
export const Control = {
  /** Number of the round that runs or ran last; workers sleep on it. */
  Round: 0,
  /** The round's low bits and the first job that nobody has claimed. */
  Next: 1,
  /** Jobs of the round, and how many a worker claims at a time. */
  Count: 2,
  Chunk: 3,
  /** Rises when a worker has something to tell; the session's thread sleeps on it. */
  Bell: 4,
  Closing: 5,
  words: 16,
} as const;

/** Words of one worker. */
export const LaneWord = {
  State: 0,
  /** The job it is at. */
  Job: 1,
  /** The jobs that it has claimed, `[From, To)`; equal: none. */
  From: 2,
  To: 3,
  /** Jobs that it has done in this round. */
  Done: 4,
  /** Rises with each job. */
  Beat: 5,
  /** The last round of which it has found nothing left to claim. */
  IdleRound: 6,
  words: 16,
} as const;

export const LaneState = { Starting: 0, Ready: 1, Ended: 2 } as const;

/** Bits of `Control.Next` that count jobs; the round's low bits stand above them. */
const JOB_BITS = 20;
export const MAX_CHUNK = 256;
/** Jobs of a round at most: a claim may go past the count by a chunk. */
export const MAX_JOBS = 2 ** JOB_BITS - MAX_CHUNK;

export function ticketOf(round: number, job: number): number {
  return (round << JOB_BITS) | job;
}

export function jobOf(ticket: number): number {
  return ticket & (2 ** JOB_BITS - 1);
}

export function isOfRound(ticket: number, round: number): boolean {
  return ticket >> JOB_BITS === (round << JOB_BITS) >> JOB_BITS;
}

/** Results of jobs beside those of `RunResult`. */
export const JobResult = {
  /** It needs what only the session's thread has. */
  Refused: 254,
  Pending: 255,
} as const;

/** The jobs of a round and what came of them, a row each: the columns of `LevelRun`, with the new bytes in place of the old. */
export interface JobBoard {
  readonly slot: Uint32Array;
  /** The function's number. */
  readonly fn: Uint32Array;
  readonly result: Uint8Array;
  /** Who did it. */
  readonly lane: Uint32Array;
  readonly micros: Float32Array;
  readonly elementOffset: Uint32Array;
  readonly elementBytes: Uint8Array;
  readonly newLo: Int32Array;
  readonly newHi: Int32Array;
  /** In the worker's journal. */
  readonly runFrom: Uint32Array;
  readonly runTo: Uint32Array;
  readonly bytesAt: Uint32Array;
}

export function createBoard(jobs: number): JobBoard {
  const u32 = () => new Uint32Array(new SharedArrayBuffer(jobs * 4));
  const i32 = () => new Int32Array(new SharedArrayBuffer(jobs * 4));
  const u8 = () => new Uint8Array(new SharedArrayBuffer(jobs));
  return {
    slot: u32(),
    fn: u32(),
    result: u8(),
    lane: u32(),
    micros: new Float32Array(new SharedArrayBuffer(jobs * 4)),
    elementOffset: u32(),
    elementBytes: u8(),
    newLo: i32(),
    newHi: i32(),
    runFrom: u32(),
    runTo: u32(),
    bytesAt: u32(),
  };
}

/** Why a job failed, in a form that crosses threads. */
export interface JobError {
  readonly job: number;
  readonly code: ErrorCode;
  readonly message: string;
  readonly remedy: string;
  readonly place: ErrorPlace;
  readonly cause: unknown;
}

/** What a worker has to say of jobs beyond their rows. It stands in the port before the jobs count as done. */
export interface JobReport {
  readonly errors: readonly JobError[];
  /** The inputs that discovering pages asked for, by job. */
  readonly asked: readonly { readonly job: number; readonly inputs: Uint32Array }[];
  /** Where the worker's journal stands, after it grew. */
  readonly journal?: {
    readonly runOffset: Uint32Array;
    readonly runLength: Uint32Array;
    readonly bytes: Uint8Array;
  };
}
