import { utf8Encode } from "../../base/bytes.ts";
import { ManualClock } from "../../base/clock.ts";
import { Prng } from "../../base/prng.ts";
import { ok, type Result, unwrap } from "../../base/result.ts";
import { CpuBackend } from "../../device/cpu-backend.ts";
import { mmsbStart } from "../mmsb.ts";
import type { Session } from "../session.ts";
import { LIFE_STEPS, life } from "./life.ts";
import { MLP_STEPS, mlp } from "./mlp.ts";
import { SHEET_STEPS, sheet } from "./sheet.ts";
import { TENSOR_STEPS, tensors } from "./tensors.ts";

/** Noon on 2026-01-01 UTC: demos live on a clock of their own, so that a seed always gives the same recording. */
const START_NS = 1_767_268_800_000_000_000n;
/** Each reading of the clock is 50 µs after the last. */
const STEP_NS = 50_000n;
/** Small, so that a small demo fills some. */
const DEMO_ARENA_BYTES = 96 * 1024;

/** A step of a demo: an own transaction, and what belongs beside it. */
export type DemoStep = (session: Session, step: number) => void;

export interface Workload {
  readonly defaultSteps: number;
  /** It has pages on a device: the CPU in its place, with the same figures on every machine. */
  readonly needsDevice?: boolean;
  /** Makes the pages and returns what to do `steps` times. Errors are thrown as `MmsbError`. */
  readonly start: (session: Session, seed: number) => DemoStep;
}

export const WORKLOADS = {
  life: { defaultSteps: LIFE_STEPS, start: life },
  mlp: { defaultSteps: MLP_STEPS, start: mlp },
  sheet: { defaultSteps: SHEET_STEPS, start: sheet },
  tensors: { defaultSteps: TENSOR_STEPS, start: tensors, needsDevice: true },
} as const satisfies Record<string, Workload>;
export type WorkloadName = keyof typeof WORKLOADS;

export interface DemoOptions {
  readonly path: string;
  readonly workload: WorkloadName;
  readonly seed: number;
  readonly steps: number;
  /** Called, and waited for, after each step with the steps done. */
  readonly onProgress?: (done: number) => Promise<void>;
}

export interface DemoReport {
  readonly records: number;
  readonly stateHash: Uint8Array;
}

/** Records a workload into a new file. The same workload, seed and steps give the same bytes, on every machine. */
export async function recordDemo(options: DemoOptions): Promise<Result<DemoReport>> {
  const { path, workload, seed, steps } = options;
  const uuid = new Uint8Array(16);
  new Prng(seed).fill(uuid);
  const clock = new ManualClock(START_NS, STEP_NS);
  const { needsDevice = false }: Workload = WORKLOADS[workload];
  const started = await mmsbStart({
    path,
    uuid,
    clock,
    ...(needsDevice && { device: new CpuBackend({ clock, arenaBytes: DEMO_ARENA_BYTES }) }),
    durability: "none",
    metadata: new Map([
      ["seed", utf8Encode(String(seed))],
      ["workload", utf8Encode(workload)],
    ]),
  });
  if (!started.ok) return started;
  const session = started.value;
  try {
    const step = WORKLOADS[workload].start(session, seed);
    // A few checkpoints, every other one of changed pages only.
    const spacing = Math.max(1, Math.ceil(steps / 6));
    for (let done = 1; done <= steps; done++) {
      step(session, done);
      if (done % spacing === 0 && done < steps)
        unwrap(session.checkpoint((done / spacing) % 2 === 1 ? "full" : "dirty"));
      await options.onProgress?.(done);
    }
    unwrap(session.checkpoint("full"));
  } finally {
    await session.stop();
  }
  if (session.failure !== undefined) return { ok: false, error: session.failure };
  return ok({ records: session.lastLsn, stateHash: session.stateHash() });
}
