import { describe, expect, it } from "vitest";
import { toHex } from "../../engine/base/bytes.ts";
import { ManualClock } from "../../engine/base/clock.ts";
import { Prng } from "../../engine/base/prng.ts";
import { unwrap } from "../../engine/base/result.ts";
import { CpuBackend } from "../../engine/device/cpu-backend.ts";
import { deserializeEvent, serializeEvent } from "../../engine/events/event-codec.ts";
import { EVENT_TYPES, type MmsbEvent } from "../../engine/events/event-types.ts";
import { LogReader } from "../../engine/log/log-reader.ts";
import { replayAll } from "../../engine/replay/replay-all.ts";
import { replayEvents } from "../../engine/session/replay-events.ts";
import { type OnDevice, RECORDING, randomSession, type Told } from "../helpers/random-session.ts";

const SESSIONS = Number(process.env["MMSB_RUNS"] ?? 150);
const FIRST_SEED = Number(process.env["MMSB_SEED"] ?? 20_260_101);
/** Each starts threads. */
const WORKER_SESSIONS = Math.ceil(SESSIONS / 20);
/** Each is three sessions or more. */
const DEVICE_SESSIONS = Math.ceil(SESSIONS / 5);
/** Seeds that found something once. */
const PINNED: readonly number[] = [20_260_116];

const asHex = (event: MmsbEvent) => toHex(serializeEvent(event));

/** What only sessions with a device tell; `failure` is what fails outside of a wave. */
const DEVICE_TYPES = ["allocation", "kernel-launch", "copy", "device-sample", "device-stop", "failure"];
const TYPES = EVENT_TYPES.filter((type) => !DEVICE_TYPES.includes(type));
const seen = new Set<string>();

async function check(seed: number, told?: Told): Promise<void> {
  const { disk, live, ...state } = told ?? (await randomSession(seed));
  const source = unwrap(LogReader.open(RECORDING, { fileSystem: disk }));
  const replayed = [...replayEvents(source)].map(unwrap);
  expect(replayed.map(asHex)).toEqual(live);
  for (const event of replayed) {
    seen.add(event.type);
    expect(unwrap(deserializeEvent(serializeEvent(event)))).toEqual(event);
  }

  const rebuilt = unwrap(replayAll(source));
  expect(toHex(rebuilt.stateHash)).toBe(state.stateHash);
  expect(toHex(rebuilt.structureHash)).toBe(state.structureHash);
  expect(rebuilt.state.edges.sorted()).toEqual(state.edges);

  // Any part of it tells what it told within the whole.
  const prng = new Prng(seed ^ 0x9a27);
  for (let n = 0; n < 4; n++) {
    const fromLsn = prng.between(1, source.lastLsn);
    const toLsn = prng.between(fromLsn, source.lastLsn);
    const part = [...replayEvents(source, { fromLsn, toLsn })].map(unwrap);
    const wanted = replayed.filter(({ lsn }) => lsn >= fromLsn && lsn <= toLsn);
    expect(part.map(asHex)).toEqual(wanted.map(asHex));
  }
  source.close();
}

/** Two sessions wrote the same bytes, told the same events and came to the same state. */
function expectSame(one: Told, other: Told, told: string): void {
  const { disk, live, ...state } = one;
  const { disk: otherDisk, live: otherLive, ...otherState } = other;
  expect(live, told).toEqual(otherLive);
  expect(state, told).toEqual(otherState);
  expect(disk.paths(), told).toEqual(otherDisk.paths());
  for (const path of disk.paths())
    expect(Buffer.compare(disk.content(path)!, otherDisk.content(path)!), `${told}: ${path}`).toBe(0);
}

/** The CPU in a device's place, which takes as long as its clock says: what it tells is the same each time. With `lostAt` it is lost at that operation. */
function onDevice(rows: { count: number }, lostAt = Number.POSITIVE_INFINITY): Required<OnDevice> {
  let operations = 0;
  return {
    device: () =>
      new CpuBackend({
        clock: new ManualClock(1_000n, 7n),
        fault: () => (operations++ === lostAt ? 700 : 0),
      }),
    onRows: (count) => {
      rows.count += count;
    },
  };
}

describe("a random session, replayed", () => {
  it.each(PINNED.map((seed) => [seed]))("has the same state, graph and events: seed %i", (seed) =>
    check(seed),
  );

  it(`has the same state, graph and events bit for bit (E8, N1, N2, N10): ${SESSIONS} seeds from ${FIRST_SEED}`, async () => {
    for (let seed = FIRST_SEED; seed < FIRST_SEED + SESSIONS; seed++) {
      await check(seed).catch((error: Error) => {
        error.message = `seed ${seed} (pin it): ${error.message}`;
        throw error;
      });
    }
    expect(TYPES.filter((type) => !seen.has(type))).toEqual([]);
  });

  it(`has the same log, state and events with 1, 2 and 4 workers (W1): ${WORKER_SESSIONS} seeds from ${FIRST_SEED}`, async () => {
    // On a machine that does much else threads wait long for each other: then fewer do.
    const until = performance.now() + 20_000;
    for (let seed = FIRST_SEED; seed < FIRST_SEED + WORKER_SESSIONS; seed++) {
      if (seed > FIRST_SEED && performance.now() > until) break;
      const alone = await randomSession(seed);
      for (const count of [1, 2, 4]) {
        const told = await randomSession(seed, { workers: { count, minLevelUs: 0 } });
        expectSame(told, alone, `seed ${seed}, ${count} workers`);
      }
    }
  }, 60_000);

  it(`has the same state with pages on a device and without one, and the same log, state and events with workers, lost device or not (W1, V1, V8, E3): ${DEVICE_SESSIONS} seeds from ${FIRST_SEED}`, async () => {
    const until = performance.now() + 20_000;
    const rows = { count: 0 };
    for (let seed = FIRST_SEED; seed < FIRST_SEED + DEVICE_SESSIONS; seed++) {
      if (seed > FIRST_SEED && performance.now() > until) return;
      const told = `seed ${seed} (pin it)`;
      const plain = await randomSession(seed, {}, {});
      const lostAt = seed % 3 === 0 ? new Prng(seed).below(150) : undefined;
      const alone = await randomSession(seed, {}, onDevice(rows, lostAt));
      expect(alone.stateHash, told).toBe(plain.stateHash);
      expect(alone.structureHash, told).toBe(plain.structureHash);
      expect(alone.edges, told).toEqual(plain.edges);
      await check(seed, alone);
      if (seed % 4 !== 0) continue;
      for (const count of [2, 4]) {
        const workers = { count, minLevelUs: 0 };
        const parallel = await randomSession(seed, { workers }, onDevice(rows, lostAt));
        expectSame(parallel, alone, `${told}, ${count} workers`);
      }
    }
    expect(rows.count).toBeGreaterThan(20);
    expect(DEVICE_TYPES.filter((type) => !seen.has(type))).toEqual([]);
  }, 60_000);
});
