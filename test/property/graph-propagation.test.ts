import { expect, it } from "vitest";
import {
  comparePlans,
  compareWorkers,
  runReactiveSession,
  runReactiveSessions,
} from "../helpers/reactive-model.ts";

const SESSIONS = Number(process.env["MMSB_SESSIONS"] ?? 10_000);
/** Of those with workers each starts threads: fewer, and some with wide levels. */
const WORKER_SESSIONS = Math.ceil(SESSIONS / 250);
/** Of those that are compared with and without plans each runs twice, and its waves become text. */
const PLANNED_SESSIONS = Math.ceil(SESSIONS / 20);
const DISCOVERING_SESSIONS = Math.ceil(SESSIONS / 4);
/** Seeds that once found something: they are run first, every time. */
const REGRESSIONS: readonly number[] = [4, 7, 59, 10_004, 30_694];

it("waves leave what recomputing everything would, with cut-offs, failures, changing edges, priorities, pull pages and budgets", () => {
  for (const seed of REGRESSIONS) runReactiveSession(seed);
  const seed = Number(process.env["MMSB_SEED"] ?? Date.now() % 0xffff_ffff);
  console.log(`graph sessions from seed ${seed}`);
  expect(() => runReactiveSessions(seed, SESSIONS)).not.toThrow();
}, 110_000);

it("the same where levels are so wide that they are swept, and most or all of a level changes at once", () => {
  const seed = Number(process.env["MMSB_SEED"] ?? Date.now() % 0xffff_ffff);
  console.log(`wide graph sessions from seed ${seed}`);
  expect(() => runReactiveSessions(seed, Math.min(SESSIONS, 300), { isWide: true })).not.toThrow();
}, 60_000);

it("P7: the same where many pages discover their inputs and many of those are pull pages", () => {
  const seed = Number(process.env["MMSB_SEED"] ?? Date.now() % 0xffff_ffff);
  console.log(`discovering graph sessions from seed ${seed}`);
  let wavesBack = 0;
  runReactiveSessions(seed, DISCOVERING_SESSIONS, { discovers: true }, (model) => {
    wavesBack += model.wavesBack;
  });
  // Not to pass by doing nothing: waves go back to pull pages that they had left out.
  expect(wavesBack).toBeGreaterThan(DISCOVERING_SESSIONS / 10);
}, 60_000);

it("P13: a page that is written again and again has the waves that it had at first", () => {
  const seed = Number(process.env["MMSB_SEED"] ?? Date.now() % 0xffff_ffff);
  console.log(`planned graph sessions from seed ${seed}`);
  let planned = 0;
  for (let i = 0; i < PLANNED_SESSIONS; i++) {
    try {
      planned += comparePlans(seed + i, i % 20 === 0);
    } catch (error) {
      throw new Error(`session of seed ${seed + i}: ${error instanceof Error ? error.message : error}`, {
        cause: error,
      });
    }
  }
  // Not to pass by doing nothing: at least some sessions end with such waves.
  expect(planned).toBeGreaterThan(PLANNED_SESSIONS / 100);
}, 60_000);

it("W1: with 1, 2 and 4 workers waves tell, write and fail the same as with none", async () => {
  const seed = Number(process.env["MMSB_SEED"] ?? Date.now() % 0xffff_ffff);
  console.log(`graph sessions with workers from seed ${seed}`);
  // On a machine that does much else threads wait long for each other: then fewer do.
  const until = performance.now() + 40_000;
  for (let i = 0; i < WORKER_SESSIONS && (i < 4 || performance.now() < until); i++) {
    await compareWorkers(seed + i, { isWide: i % 4 === 3, discovers: i % 4 === 1 }, [1, 2, 4]).catch(
      (error: Error) => {
        error.message = `session of seed ${seed + i}: ${error.message}`;
        throw error;
      },
    );
  }
}, 110_000);
