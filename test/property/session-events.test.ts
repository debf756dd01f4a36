import { describe, expect, it } from "vitest";
import { toHex } from "../../engine/base/bytes.ts";
import { ManualClock } from "../../engine/base/clock.ts";
import { Prng } from "../../engine/base/prng.ts";
import { unwrap } from "../../engine/base/result.ts";
import { deserializeEvent, serializeEvent } from "../../engine/events/event-codec.ts";
import { EVENT_TYPES, type MmsbEvent } from "../../engine/events/event-types.ts";
import { LogReader } from "../../engine/log/log-reader.ts";
import { replayAll } from "../../engine/replay/replay-all.ts";
import { mmsbStart } from "../../engine/session/mmsb.ts";
import { replayEvents } from "../../engine/session/replay-events.ts";
import { SimulatedDisk } from "../fault/simulated-disk.ts";
import { RandomSession } from "../helpers/random-session.ts";

const FILE = "/simulated/x.tlog";
const SESSIONS = Number(process.env["MMSB_RUNS"] ?? 150);
const FIRST_SEED = Number(process.env["MMSB_SEED"] ?? 20_260_101);
/** Seeds that found something once. */
const PINNED: readonly number[] = [20_260_116];

interface Told {
  readonly disk: SimulatedDisk;
  /** Every event that the firehose handed out, as bytes. */
  readonly live: string[];
  readonly stateHash: string;
  readonly structureHash: string;
  readonly edges: readonly unknown[];
}

const asHex = (event: MmsbEvent) => toHex(serializeEvent(event));

/** A random session with a firehose from its first record on; in some of them handlers answer by writing. */
async function randomSession(seed: number): Promise<Told> {
  const prng = new Prng(seed);
  const disk = new SimulatedDisk(seed);
  const live: string[] = [];
  const trouble: string[] = [];
  const lives = prng.between(1, 3);
  let told: Omit<Told, "disk" | "live"> | undefined;
  for (let life = 0; life < lives; life++) {
    const session = unwrap(
      await mmsbStart({
        path: FILE,
        reopen: life > 0,
        uuid: new Uint8Array(16).fill(9),
        clock: new ManualClock(1_000n + BigInt(live.length) * 1_000_000n, 7n),
        durability: "none",
        fileSystem: disk,
        lock: disk.lock,
        ...(prng.chance(0.3) ? { rotateBytes: 20_000 } : {}),
        events: {
          onEvent: (event) => void live.push(asHex(event)),
          onTrouble: (error) => void trouble.push(error.describe()),
        },
      }),
    );
    const random = new RandomSession(session, prng);
    if (prng.chance(0.4)) {
      let answers = 0;
      unwrap(
        session.on(["delta", "page-create", "wave-end"], () => {
          if (answers++ < 10) random.step();
        }),
      );
    }
    for (let step = prng.between(5, 40); step > 0; step--) random.step();
    const hashes = { stateHash: toHex(session.stateHash()), structureHash: toHex(session.structureHash()) };
    told = { ...hashes, edges: session.edges() };
    unwrap(await session.stop());
  }
  expect(trouble).toEqual([]);
  return { disk, live, ...told! };
}

/** Every type that sessions without a device can tell; `failure` is what fails outside of a wave. */
const TYPES = EVENT_TYPES.filter(
  (type) => !/^(allocation|kernel-launch|copy|device-sample|device-stop|failure)$/.test(type),
);
const seen = new Set<string>();

async function check(seed: number): Promise<void> {
  const { disk, live, ...state } = await randomSession(seed);
  const source = unwrap(LogReader.open(FILE, { fileSystem: disk }));
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

describe("a random session, replayed", () => {
  it.each(PINNED.map((seed) => [seed]))("has the same state, graph and events: seed %i", check);

  it(`has the same state, graph and events bit for bit (E8, N1, N2, N10): ${SESSIONS} seeds from ${FIRST_SEED}`, async () => {
    for (let seed = FIRST_SEED; seed < FIRST_SEED + SESSIONS; seed++) {
      await check(seed).catch((error: Error) => {
        error.message = `seed ${seed} (pin it): ${error.message}`;
        throw error;
      });
    }
    expect(TYPES.filter((type) => !seen.has(type))).toEqual([]);
  });
});
