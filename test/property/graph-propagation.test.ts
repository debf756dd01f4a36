import { expect, it } from "vitest";
import { runReactiveSession, runReactiveSessions } from "../helpers/reactive-model.ts";

const SESSIONS = Number(process.env["MMSB_SESSIONS"] ?? 10_000);
/** Seeds that once found something: they are run first, every time. */
const REGRESSIONS: readonly number[] = [4, 7, 59, 10_004, 30_694];

it("waves leave what recomputing everything would, with cut-offs, failures, changing edges, priorities, pull pages and budgets", () => {
  for (const seed of REGRESSIONS) runReactiveSession(seed);
  const seed = Number(process.env["MMSB_SEED"] ?? Date.now() % 0xffff_ffff);
  console.log(`graph sessions from seed ${seed}`);
  expect(() => runReactiveSessions(seed, SESSIONS)).not.toThrow();
}, 110_000);
