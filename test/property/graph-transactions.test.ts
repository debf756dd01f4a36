import { expect, it } from "vitest";
import { assert } from "../../engine/base/assert.ts";
import { ManualClock } from "../../engine/base/clock.ts";
import { Prng } from "../../engine/base/prng.ts";
import { fail, ok, type Result, unwrap } from "../../engine/base/result.ts";
import type { RecomputeContext } from "../../engine/graph/recompute.ts";
import { mmsbStart } from "../../engine/session/mmsb.ts";
import type { Session } from "../../engine/session/session.ts";
import { SimulatedDisk } from "../fault/simulated-disk.ts";

const SESSIONS = Math.ceil(Number(process.env["MMSB_SESSIONS"] ?? 10_000) / 50);
const SOURCES = 3;
const PAGES = 9;
const SUM_AT_WHICH_IT_FAILS = 13;

/** A page's inputs, or undefined where nothing computes it; they are lower pages. */
type Inputs = readonly number[] | undefined;

/** What stands: the sources' values, and what computes the other pages. A transaction that fails goes back to a copy. */
interface Model {
  readonly sources: number[];
  readonly inputs: Inputs[];
  readonly isLazy: boolean[];
}

const copyOf = ({ sources, inputs, isLazy }: Model): Model => ({
  sources: [...sources],
  inputs: [...inputs],
  isLazy: [...isLazy],
});

/** Sums modulo 16 that fail at one value. */
function add(ctx: RecomputeContext): void {
  let total = 0;
  for (let i = 0; i < ctx.inputCount; i++) total += ctx.u8(i, 0);
  if (total === SUM_AT_WHICH_IT_FAILS) throw new Error("unlucky");
  ctx.setU8(0, total % 16);
}

/** Transactions in transactions, some of which fail, with waves and reads in between: behind each of the outermost, pages are what everything recomputed would be. */
class NestedTransactions {
  readonly #session: Session;
  readonly #prng: Prng;
  readonly #pages: readonly bigint[];
  #model: Model = {
    sources: Array.from({ length: SOURCES }, () => 0),
    inputs: Array.from({ length: PAGES }, () => undefined),
    isLazy: Array.from({ length: PAGES }, () => false),
  };
  constructor(session: Session, prng: Prng) {
    this.#session = session;
    this.#prng = prng;
    this.#pages = Array.from({ length: PAGES }, () => unwrap(session.createPage({ sizeBytes: 8 })));
  }

  run(): void {
    for (let page = SOURCES; page < PAGES; page++) this.#register(page);
    for (let round = this.#prng.between(3, 8); round > 0; round--) {
      this.#transaction(0);
      this.#check();
    }
  }

  #transaction(depth: number): void {
    const before = copyOf(this.#model);
    const fails = this.#prng.chance(0.4);
    const done = this.#session.transaction((): Result<void> => {
      for (let steps = this.#prng.between(1, 4); steps > 0; steps--) this.#step(depth);
      return fails ? fail("CANCELLED", "on purpose", "Nothing to do") : ok();
    });
    assert(done.ok !== fails, "only what is told to fail does");
    if (fails) this.#model = before;
  }

  #step(depth: number): void {
    const prng = this.#prng;
    const page = prng.below(PAGES);
    switch (prng.below(6)) {
      case 0:
        if (depth < 3) this.#transaction(depth + 1);
        break;
      case 1:
        unwrap(this.#session.propagate());
        break;
      case 2:
        unwrap(this.#session.read(this.#pages[page]!));
        break;
      case 3:
        if (page >= SOURCES && prng.chance(0.5)) this.#register(page);
        break;
      default: {
        const source = prng.below(SOURCES);
        const value = prng.below(8);
        this.#model.sources[source] = value;
        unwrap(this.#session.write(this.#pages[source]!, 0, Uint8Array.of(value)));
      }
    }
  }

  #register(page: number): void {
    const prng = this.#prng;
    const id = this.#pages[page]!;
    for (const input of this.#model.inputs[page] ?? [])
      unwrap(this.#session.removeEdge({ from: this.#pages[input]!, to: id, type: "data" }));
    const inputs = [...new Set([prng.below(page), prng.below(page)])];
    const lazy = prng.chance(0.4);
    unwrap(
      this.#session.registerRecompute(
        id,
        { run: add, lazy },
        { inputs: inputs.map((input) => this.#pages[input]!) },
      ),
    );
    this.#model.inputs[page] = inputs;
    this.#model.isLazy[page] = lazy;
  }

  #check(): void {
    const { sources, inputs } = this.#model;
    const values: (number | undefined)[] = [...sources];
    for (let page = SOURCES; page < PAGES; page++) {
      const of = inputs[page]!.map((input) => values[input]);
      const total = of.reduce<number>((sum, value) => sum + (value ?? 0), 0);
      const fails = of.includes(undefined) || total === SUM_AT_WHICH_IT_FAILS;
      values[page] = fails ? undefined : total % 16;
    }
    for (let page = 0; page < PAGES; page++) {
      const id = this.#pages[page]!;
      const { bytes } = unwrap(this.#session.read(id));
      const { state } = unwrap(this.#session.recomputes.state(id));
      const told = `page ${page} is ${state}, ${bytes[0]}: should be ${values[page] ?? "failed"}`;
      assert((state === "failed") === (values[page] === undefined), told);
      assert(state === "failed" || bytes[0] === values[page], told);
    }
  }
}

async function runSession(seed: number): Promise<void> {
  const disk = new SimulatedDisk(seed);
  const session = unwrap(
    await mmsbStart({
      path: "/simulated/x.tlog",
      uuid: new Uint8Array(16).fill(9),
      clock: new ManualClock(0n, 1n),
      durability: "none",
      fileSystem: disk,
      lock: disk.lock,
    }),
  );
  new NestedTransactions(session, new Prng(seed)).run();
  unwrap(await session.stop());
}

it("R4: transactions in transactions leave what recomputing everything would, whichever of them fail", async () => {
  const first = Number(process.env["MMSB_SEED"] ?? Date.now() % 0xffff_ffff);
  console.log(`nested transactions from seed ${first}`);
  for (let i = 0; i < SESSIONS; i++) {
    await expect(runSession((first + i) >>> 0), `session of seed ${first + i}`).resolves.toBeUndefined();
  }
}, 60_000);
