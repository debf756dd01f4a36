import { Prng } from "../../engine/base/prng.ts";
import { ok, unwrap } from "../../engine/base/result.ts";
import { DeltaBatch } from "../../engine/deltas/delta-batch.ts";
import { mmsbStart } from "../../engine/session/mmsb.ts";
import type { Session } from "../../engine/session/session.ts";

const PAGE_BYTES = 1024;
const DELTA_BYTES = 64;
const TYPES = ["input", "weights", "activation", "gradient", "metric", "cache"];
const SOURCES = ["write", ...TYPES.map((type) => `recompute.${type}`)];
const LEVELS = 50;
const FAN_IN = 3;
/** A wave: one write and what follows from it. */
const TRANSACTION_DELTAS = 256;
const MARK_EVERY_TRANSACTIONS = 40;
const DRAWS = 1 << 16;

/**
 * A recording as a long run leaves it: pages of six types in 50 levels, each depending on three pages of the level before, written in
 * transactions of 256 deltas, with a mark now and then. The same arguments give the same records.
 */
export async function recordStudioRun(
  path: string,
  { deltas, pages, seed }: { readonly deltas: number; readonly pages: number; readonly seed: number },
): Promise<void> {
  const prng = new Prng(seed);
  const session = unwrap(await mmsbStart({ path, durability: "none", intervalMs: 60_000 }));
  const slots = makeGraph(session, pages, prng);
  const draws = Uint32Array.from({ length: DRAWS }, () => prng.below(pages));
  const offsets = Uint32Array.from({ length: DRAWS }, () => prng.below((PAGE_BYTES - DELTA_BYTES) / 4) * 4);
  const payload = new Uint8Array(DRAWS + DELTA_BYTES);
  prng.fill(payload);
  const batch = new DeltaBatch();
  for (let done = 0, turn = 0; done < deltas; turn++) {
    if (turn % MARK_EVERY_TRANSACTIONS === 0) unwrap(session.mark(`${done} deltas written`));
    const end = Math.min(deltas, done + TRANSACTION_DELTAS);
    unwrap(
      session.transaction((begin) => {
        batch.clear();
        for (let delta = done; delta < end; delta++) {
          const draw = (delta * 7919) & (DRAWS - 1);
          const page = draws[draw]!;
          const source = delta === done ? 0 : 1 + (page % TYPES.length);
          batch.pushRange(slots[page]!, 0, 0, offsets[draw]!, payload, draw, DELTA_BYTES, source, begin);
        }
        unwrap(session.writeBatch(batch, SOURCES));
        return ok();
      }),
    );
    done = end;
  }
  unwrap(await session.stop());
}

function makeGraph(session: Session, pages: number, prng: Prng): Uint32Array {
  const ids: bigint[] = [];
  for (let page = 0; page < pages; page++)
    ids.push(unwrap(session.createPage({ sizeBytes: PAGE_BYTES, type: TYPES[page % TYPES.length]! })));
  const perLevel = Math.ceil(pages / LEVELS);
  for (let page = perLevel; page < pages; page++) {
    const before = Math.floor(page / perLevel - 1) * perLevel;
    const inputs = new Set(Array.from({ length: FAN_IN }, () => before + prng.below(perLevel)));
    for (const input of inputs) unwrap(session.addEdge({ from: ids[input]!, to: ids[page]!, type: "data" }));
  }
  return Uint32Array.from(ids, (id) => unwrap(session.slotOf(id)));
}
