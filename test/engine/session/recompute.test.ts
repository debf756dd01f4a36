import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { ManualClock } from "../../../engine/base/clock.ts";
import { fail, ok, unwrap } from "../../../engine/base/result.ts";
import type { RecomputeContext } from "../../../engine/graph/recompute.ts";
import { LogReader } from "../../../engine/log/log-reader.ts";
import { history } from "../../../engine/replay/history.ts";
import { Recording } from "../../../engine/replay/recording.ts";
import { mmsbStart } from "../../../engine/session/mmsb.ts";
import { replayEvents } from "../../../engine/session/replay-events.ts";
import type { Session } from "../../../engine/session/session.ts";
import type { SessionOptions } from "../../../engine/session/session-options.ts";
import { moduleFile } from "../../helpers/module-file.ts";

const folder = mkdtempSync(path.join(tmpdir(), "mmsb-recompute-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let file = "";
let nth = 0;
beforeEach(() => {
  file = path.join(folder, `${++nth}.tlog`);
});

const start = async (options: Partial<SessionOptions> = {}) =>
  unwrap(await mmsbStart({ path: file, durability: "none", clock: new ManualClock(0n, 1n), ...options }));

const f64 = (value: number) => new Uint8Array(Float64Array.of(value).buffer);
const number = (session: Session, id: bigint) => new Float64Array(unwrap(session.read(id)).bytes.buffer)[0]!;
const page = (session: Session, type = "cell") => unwrap(session.createPage({ sizeBytes: 8, type }));
const opened = () => unwrap(Recording.fromSource(unwrap(LogReader.open(file)), { index: "memory" }));

/** The recording's kinds in order, events by their type's number. */
function kinds(): string[] {
  const recording = opened();
  const found: string[] = [];
  for (let lsn = 1; lsn <= recording.lastLsn; lsn++) {
    const { kindName, pageId } = unwrap(recording.record(lsn));
    found.push(pageId === undefined || pageId === 0n ? kindName : `${kindName} ${pageId}`);
  }
  recording.close();
  return found;
}

describe("a session's recomputes", () => {
  it("R1: follow a write in its transaction, and every byte leads back to the write that began it", async () => {
    const session = await start();
    const [a, b, c] = [page(session), page(session), page(session)];
    unwrap(session.registerRecompute(b, (ctx) => ctx.setF64(0, ctx.f64(0, 0) + 1), { inputs: [a] }));
    unwrap(session.registerRecompute(c, { kernel: { kind: "map", operation: "square" } }, { inputs: [b] }));
    const before = session.lastLsn;
    unwrap(session.write(a, 0, f64(2), { source: "main" }));
    expect([number(session, b), number(session, c)]).toEqual([3, 9]);
    unwrap(await session.stop());
    expect(kinds().slice(before)).toEqual([
      "tx-begin",
      "delta 1",
      "event",
      "delta 2",
      "delta 3",
      "event",
      "tx-commit",
      "session-stop",
    ]);
    const recording = opened();
    const [write] = unwrap(history(recording, c)).writes;
    expect(write).toMatchObject({ lsn: before + 5, source: "kernel.map", cause: before + 3 });
    expect(unwrap(recording.record(before + 3)).cause).toBe(before + 2);
    expect(unwrap(recording.record(before + 2)).source).toBe("main");
    recording.close();
  });

  it("R2: replay runs none of them and gives the same bytes, edges and registrations", async () => {
    const session = await start();
    const ids = [page(session), page(session), page(session)];
    let runs = 0;
    for (const [i, id] of ids.entries()) {
      if (i === 0) continue;
      const run = (ctx: { setF64(i: number, v: number): void; f64(i: number, e: number): number }) => {
        runs++;
        ctx.setF64(0, ctx.f64(0, 0) * 3);
      };
      unwrap(session.registerRecompute(id, { run, name: "triple" }, { inputs: [ids[i - 1]!] }));
    }
    unwrap(session.write(ids[0]!, 0, f64(1)));
    const hash = [...session.stateHash()];
    const structure = [...session.structureHash()];
    const done = runs;
    unwrap(await session.stop());
    const again = await start({ reopen: true });
    expect([...again.stateHash()]).toEqual(hash);
    expect([...again.structureHash()]).toEqual(structure);
    expect(again.recomputes.list()).toEqual([
      { target: ids[1], name: "triple", form: "function", isBound: false },
      { target: ids[2], name: "triple", form: "function", isBound: false },
    ]);
    expect(runs).toBe(done);
    expect(again.recomputes.path(ids[0]!, ids[2]!)).toEqual(ids);
    unwrap(
      again.registerRecompute(ids[1]!, { run: (ctx) => ctx.setF64(0, ctx.f64(0, 0) + 1), name: "triple" }),
    );
    expect(number(again, ids[1]!)).toBe(2);
    unwrap(await again.stop());
  });

  it("R2: kernels run again by themselves when a recording is gone on with", async () => {
    const session = await start();
    const [a, b, c] = [page(session), page(session), page(session)];
    unwrap(
      session.registerRecompute(
        c,
        { kernel: { kind: "zip", operation: "subtract", operands: [b, a] } },
        { inputs: [a, b] },
      ),
    );
    unwrap(await session.stop());
    const again = await start({ reopen: true });
    unwrap(again.write(b, 0, f64(7)));
    expect(number(again, c)).toBe(7);
    unwrap(await again.stop());
  });

  it("R2: a bounded recording that has dropped its first segments still knows every registration", async () => {
    const bounds = { rotateBytes: 2000, keepSegments: 2 };
    const session = await start(bounds);
    const [a, b, c, d] = [page(session), page(session), page(session, "free"), page(session, "typed")];
    const square = { kernel: { kind: "map", operation: "square" } } as const;
    unwrap(session.registerRecompute(b, square, { inputs: [a] }));
    unwrap(session.registerRecompute(c, (ctx) => ctx.setF64(0, ctx.f64(0, 0)), { inputs: [b] }));
    unwrap(session.registerRecompute("typed", { run: (ctx) => ctx.setF64(0, 1), name: "one" }));
    unwrap(session.registerRecompute(d, square, { inputs: [a] }));
    unwrap(session.recomputes.unregister(d));
    for (let i = 0; i < 300; i++) unwrap(session.write(a, 0, f64(i)));
    const listed = session.recomputes.list();
    unwrap(await session.stop());
    const recording = opened();
    expect(recording.firstLsn).toBeGreaterThan(100);
    recording.close();
    // Twice: those that nobody has registered again are kept as well.
    for (let round = 0; round < 2; round++) {
      const again = await start({ ...bounds, reopen: true });
      const known = again.recomputes.list();
      expect(new Set(known.map(({ target }) => target))).toEqual(new Set(listed.map(({ target }) => target)));
      expect(known.map(({ target, isBound }) => [target, isBound])).toContainEqual(["typed", false]);
      for (let i = 0; i < 300; i++) unwrap(again.write(a, 0, f64(i)));
      expect(number(again, b)).toBe(299 ** 2);
      unwrap(await again.stop());
    }
  });

  it("R3: a type's recompute computes its pages, those to come included; a page's own comes first", async () => {
    const session = await start();
    const source = page(session, "source");
    const first = page(session);
    unwrap(session.addEdge({ from: source, to: first, type: "data" }));
    unwrap(
      session.registerRecompute("cell", (ctx) => ctx.setF64(0, ctx.inputCount === 0 ? -1 : ctx.f64(0, 0))),
    );
    const second = page(session);
    expect(number(session, second)).toBe(-1);
    unwrap(session.addEdge({ from: source, to: second, type: "data" }));
    unwrap(session.registerRecompute(second, (ctx) => ctx.setF64(0, 2 * ctx.f64(0, 0))));
    unwrap(session.write(source, 0, f64(4)));
    expect([number(session, first), number(session, second)]).toEqual([4, 8]);
    unwrap(session.recomputes.unregister(second));
    expect(number(session, second)).toBe(4);
    unwrap(session.recomputes.unregister("cell"));
    unwrap(session.write(source, 0, f64(5)));
    expect(number(session, first)).toBe(4);
    expect(unwrap(session.recomputes.state(first))).toEqual({ state: "none" });
    unwrap(await session.stop());
  });

  it("R4: a transaction that fails takes its wave back, bytes and failures", async () => {
    const session = await start();
    const [a, b] = [page(session), page(session)];
    const run = (ctx: { setF64(i: number, v: number): void; f64(i: number, e: number): number }) => {
      if (ctx.f64(0, 0) === 13) throw new Error("unlucky");
      ctx.setF64(0, ctx.f64(0, 0));
    };
    unwrap(session.registerRecompute(b, { run, name: "copy" }, { inputs: [a] }));
    unwrap(session.write(a, 0, f64(1)));
    const hash = [...unwrap(session.read(b)).bytes];
    const failed = session.transaction(() => {
      unwrap(session.write(a, 0, f64(13)));
      unwrap(session.propagate());
      expect(unwrap(session.recomputes.state(b))).toMatchObject({
        state: "failed",
        error: { code: "RECOMPUTE_FAILED" },
      });
      unwrap(session.write(a, 0, f64(2)));
      unwrap(session.propagate());
      expect(number(session, b)).toBe(2);
      return session.write(99n, 0, f64(1));
    });
    expect(failed.ok).toBe(false);
    expect([...unwrap(session.read(b)).bytes]).toEqual(hash);
    expect(unwrap(session.recomputes.state(b))).toEqual({ state: "current", name: "copy" });
    unwrap(session.write(a, 0, f64(13)));
    expect(number(session, b)).toBe(1);
    expect(kindsOf(session).filter((kind) => kind.startsWith("failure"))).toEqual(["failure 2", "failure 2"]);
    unwrap(await session.stop());
  });

  it("R5: a wave over its budget takes its transaction back, and the next one is not held up", async () => {
    const session = await start({ waveBudget: 2 });
    const a = page(session);
    const derived = Array.from({ length: 3 }, () => page(session));
    for (const id of derived)
      unwrap(session.registerRecompute(id, (ctx) => ctx.setF64(0, ctx.f64(0, 0)), { inputs: [a] }));
    expect(session.write(a, 0, f64(1))).toMatchObject({ ok: false, error: { code: "WAVE_BUDGET" } });
    expect([a, ...derived].map((id) => number(session, id))).toEqual([0, 0, 0, 0]);
    unwrap(session.recomputes.unregister(derived[0]!));
    unwrap(session.write(a, 0, f64(1)));
    expect([a, ...derived].map((id) => number(session, id))).toEqual([1, 0, 1, 1]);
    unwrap(await session.stop());
  });

  it("R4: what a failed transaction computed by reading is to be computed again", async () => {
    const session = await start();
    const [a, b] = [page(session), page(session)];
    const run = (ctx: RecomputeContext) => ctx.setF64(0, ctx.f64(0, 0) + 2);
    unwrap(session.registerRecompute(b, { run, lazy: true }, { inputs: [a] }));
    unwrap(session.write(a, 0, f64(5)));
    session.transaction(() => {
      expect(number(session, b)).toBe(7);
      return fail("CANCELLED", "on purpose", "Nothing to do");
    });
    expect(unwrap(session.recomputes.state(b)).state).toBe("stale");
    expect(number(session, b)).toBe(7);
    unwrap(await session.stop());
  });

  it.each([
    ["", () => undefined],
    [", which had run a wave over it", (session: Session) => unwrap(session.propagate())],
  ])("R4: a write stands and is followed where a transaction inside its own fails%s", async (_, inside) => {
    const session = await start();
    const [a, b, c] = [page(session), page(session), page(session)];
    unwrap(session.registerRecompute(b, (ctx) => ctx.setF64(0, ctx.f64(0, 0) + 1), { inputs: [a] }));
    unwrap(session.registerRecompute(c, (ctx) => ctx.setF64(0, ctx.f64(0, 0) * 2), { inputs: [b] }));
    unwrap(
      session.transaction(() => {
        unwrap(session.write(a, 0, f64(5)));
        session.transaction(() => {
          inside(session);
          return fail("CANCELLED", "on purpose", "Nothing to do");
        });
        return ok();
      }),
    );
    expect([a, b, c].map((id) => number(session, id))).toEqual([5, 6, 12]);
    unwrap(await session.stop());
  });

  it("R6: a recompute that changes another page, or reads one that is no input, fails with both named", async () => {
    const session = await start();
    const [a, b, c, d] = [page(session), page(session), page(session), page(session)];
    unwrap(session.registerRecompute(b, () => void session.write(c, 0, f64(1)), { inputs: [a] }));
    unwrap(session.registerRecompute(d, () => void session.read(c), { inputs: [a] }));
    expect(unwrap(session.recomputes.state(b))).toMatchObject({
      state: "failed",
      error: { code: "RECOMPUTE_FOREIGN_WRITE" },
    });
    expect(unwrap(session.recomputes.state(b)).error?.message).toMatch(/page 2 changes page 3/);
    expect(unwrap(session.recomputes.state(d)).error).toMatchObject({ code: "RECOMPUTE_UNDECLARED_READ" });
    expect(unwrap(session.recomputes.state(d)).error?.message).toMatch(/page 4 reads page 3/);
    expect(number(session, c)).toBe(0);
    unwrap(await session.stop());
  });

  it("P8: a recompute that reads its own page through the session finds what it has written so far", async () => {
    const session = await start();
    const [a, b] = [page(session), page(session)];
    const found: number[][] = [];
    const run = (ctx: RecomputeContext) => {
      const before = number(session, b);
      ctx.setF64(0, ctx.f64(0, 0));
      const between = number(session, b);
      ctx.setF64(0, ctx.f64(0, 0) + 0.5);
      found.push([before, between, number(session, b)]);
    };
    unwrap(session.registerRecompute(b, run, { inputs: [a] }));
    // Enough waves for a plan.
    for (let wave = 1; wave <= 40; wave++) {
      unwrap(session.write(a, 0, f64(wave)));
      expect(found.at(-1)).toEqual([wave - 0.5, wave, wave + 0.5]);
      expect(number(session, b)).toBe(wave + 0.5);
    }
    unwrap(await session.stop());
  });

  it("R7: reading a pull page computes it, as a transaction of its own", async () => {
    const session = await start();
    const [a, b] = [page(session), page(session)];
    let runs = 0;
    const run = (ctx: { setF64(i: number, v: number): void; f64(i: number, e: number): number }) => {
      runs++;
      ctx.setF64(0, ctx.f64(0, 0) + 1);
    };
    unwrap(session.registerRecompute(b, { run, lazy: true }, { inputs: [a] }));
    unwrap(session.write(a, 0, f64(1)));
    unwrap(session.write(a, 0, f64(2)));
    expect(runs).toBe(0);
    expect(unwrap(session.recomputes.state(b)).state).toBe("stale");
    expect([number(session, b), number(session, b), runs]).toEqual([3, 3, 1]);
    unwrap(await session.stop());
  });

  it("R8: a cycle is refused with its path, inside a transaction and outside", async () => {
    const session = await start();
    const [a, b] = [page(session), page(session)];
    unwrap(session.addEdge({ from: a, to: b, type: "data" }));
    const lsn = session.lastLsn;
    expect(session.addEdge({ from: b, to: a, type: "control" })).toMatchObject({
      ok: false,
      error: { code: "GRAPH_CYCLE", cycle: [a, b] },
    });
    expect([session.lastLsn, session.edges().length]).toEqual([lsn, 1]);
    unwrap(await session.stop());
  });

  it("R9: discovered edges are records, and are there after replay", async () => {
    const session = await start();
    const [a, b, c, d] = [page(session), page(session), page(session), page(session)];
    const run = (ctx: {
      setF64(i: number, v: number): void;
      f64(i: number, e: number): number;
      inputOf(id: bigint): number;
    }) => ctx.setF64(0, ctx.f64(ctx.inputOf(ctx.f64(ctx.inputOf(a), 0) > 0 ? b : c), 0));
    unwrap(session.registerRecompute(d, { run, discover: true }));
    const inputs = () => session.edges().map(({ from }) => from);
    expect(inputs()).toEqual([a, c]);
    unwrap(session.write(a, 0, f64(1)));
    expect(inputs()).toEqual([a, b]);
    const structure = [...session.structureHash()];
    unwrap(await session.stop());
    const again = await start({ reopen: true });
    expect([...again.structureHash()]).toEqual(structure);
    unwrap(await again.stop());
  });

  it("R1: what a wave went back for stands in (level, slot) order, and replay and a checkpoint have it", async () => {
    const session = await start();
    const [a, far, near, pulled, beside] = Array.from({ length: 5 }, () => page(session));
    const plusOne = (ctx: RecomputeContext) => ctx.setF64(0, ctx.f64(0, 0) + 1);
    unwrap(session.registerRecompute(pulled!, { run: plusOne, lazy: true }, { inputs: [a!] }));
    unwrap(session.registerRecompute(beside!, plusOne, { inputs: [a!] }));
    unwrap(session.registerRecompute(near!, plusOne, { inputs: [beside!] }));
    const asks = (ctx: RecomputeContext) =>
      ctx.setF64(
        0,
        ctx.f64(ctx.inputOf(near!), 0) +
          (ctx.f64(ctx.inputOf(a!), 0) > 0 ? ctx.f64(ctx.inputOf(pulled!), 0) : 0),
      );
    unwrap(session.registerRecompute(far!, { run: asks, discover: true }));
    const before = session.lastLsn;
    unwrap(session.write(a!, 0, f64(5)));
    expect([far, near, pulled, beside].map((id) => number(session, id!))).toEqual([13, 7, 6, 6]);
    const kindsSince = kindsOf(session).slice(before);
    expect(kindsSince).toEqual([
      "tx-begin",
      "delta 1",
      "event",
      "delta 4",
      "delta 5",
      "delta 3",
      "delta 2",
      "event",
      "edge-add 4",
      "tx-commit",
    ]);
    unwrap(session.checkpoint());
    const [state, structure] = [session.stateHash(), session.structureHash()];
    unwrap(await session.stop());
    const again = await start({ reopen: true });
    expect([again.stateHash(), again.structureHash()]).toEqual([state, structure]);
    unwrap(await again.stop());
  });

  it("R10: a wave's events are told, and a recording tells them again", async () => {
    const live: unknown[] = [];
    const strip = (event: object) =>
      JSON.stringify(event, (_, value) => (typeof value === "bigint" ? String(value) : value));
    const session = await start({ events: { onEvent: (event) => live.push(strip(event)) } });
    const [a, b, c, d] = [page(session), page(session), page(session), page(session)];
    unwrap(
      session.registerRecompute(b, (ctx) => ctx.setF64(0, Math.floor(ctx.f64(0, 0) / 2)), { inputs: [a] }),
    );
    unwrap(
      session.registerRecompute(
        c,
        (ctx) => {
          if (ctx.f64(0, 0) === 3) throw new Error("three");
          ctx.setF64(0, 1);
        },
        { inputs: [a] },
      ),
    );
    unwrap(session.registerRecompute(d, { kernel: { kind: "copy" } }, { inputs: [c] }));
    for (const value of [2, 3, 3, 4]) unwrap(session.write(a, 0, f64(value)));
    unwrap(await session.stop());
    for (const type of [
      "wave-start",
      "wave-end",
      "recompute-failed",
      "recompute-cut-off",
      "recompute-blocked",
      "recompute-end",
    ])
      expect(
        live.some((event) => String(event).includes(`"${type}"`)),
        type,
      ).toBe(true);
    const replayed: unknown[] = [];
    const source = unwrap(LogReader.open(file));
    for (const event of replayEvents(source)) replayed.push(strip(unwrap(event)));
    source.close();
    expect(replayed).toEqual(live);
  });

  it("R11: an event handler may write, and its wave follows", async () => {
    const session = await start();
    const [a, b, c] = [page(session), page(session), page(session)];
    unwrap(session.registerRecompute(b, (ctx) => ctx.setF64(0, ctx.f64(0, 0) + 1), { inputs: [a] }));
    unwrap(session.registerRecompute(c, (ctx) => ctx.setF64(0, ctx.f64(0, 0) + 1), { inputs: [b] }));
    let once = true;
    unwrap(
      session.on("wave-end", () => {
        if (once) unwrap(session.write(a, 0, f64(10)));
        once = false;
      }),
    );
    unwrap(session.write(a, 0, f64(1)));
    expect(number(session, c)).toBe(12);
    unwrap(await session.stop());
  });
});

function kindsOf(session: Session): string[] {
  unwrap(session.flush());
  return kinds();
}

describe("NaNs of whatever bits", () => {
  /** Distinct ones, quiet and signalling, of both signs. */
  const nan = (i: number) => {
    const bytes = new Uint8Array(8);
    const view = new DataView(bytes.buffer);
    view.setUint32(0, 1 + i * 2_654_435, true);
    view.setUint32(4, (i & 1 ? 0x7ff0_0000 : 0xfff8_0000) | (i & 0x3ffff), true);
    return bytes;
  };
  const bits = (session: Session, ids: readonly bigint[]) =>
    ids.map((id) => Buffer.from(unwrap(session.read(id)).bytes).toString("hex"));
  const COPY = { kernel: { kind: "copy" } } as const;
  const forms = {
    "a kernel": COPY,
    "a function": { run: (ctx: RecomputeContext) => ctx.setF64(0, ctx.f64(0, 0)), name: "same" },
    "a formula": { formula: (a: number) => a, name: "same" },
  };
  // Many go straight into blocks, few are staged.
  for (const count of [520, 20])
    for (const [form, recompute] of Object.entries(forms))
      it(`R2: come back from the log as ${form} wrote them into ${count} pages`, async () => {
        const session = await start();
        const sources = Array.from({ length: count }, () => page(session, "source"));
        const targets = sources.map((source) => {
          const id = page(session);
          unwrap(session.registerRecompute(id, recompute, { inputs: [source] }));
          return id;
        });
        const states: { readonly lsn: number; readonly hash: Uint8Array }[] = [];
        const wave = (bytesOf: (i: number) => Uint8Array) => {
          unwrap(
            session.transaction(() => {
              for (const [i, source] of sources.entries()) unwrap(session.write(source, 0, bytesOf(i)));
              return ok();
            }),
          );
          states.push({ lsn: session.lastLsn, hash: session.stateHash().slice() });
        };
        const isCopied = () => expect(bits(session, targets)).toEqual(bits(session, sources));
        wave((i) => f64(i + 1));
        isCopied();
        wave(nan);
        // JavaScript hands no more on of a NaN than that it is one; what was made of it is what must come back.
        if (recompute === COPY) isCopied();
        wave((i) => nan(i + 1));
        wave((i) => f64(-i));
        isCopied();
        unwrap(await session.stop());
        const recording = opened();
        for (const { lsn, hash } of states)
          expect(Buffer.from(unwrap(recording.stateHashAt(lsn))).equals(hash)).toBe(true);
        recording.close();
      });
});

describe("a session with workers", () => {
  it("W1: writes what one without them writes, and leaves no thread", async () => {
    const module = moduleFile("export const half = (ctx) => ctx.setF64(0, ctx.f64(0, 0) / 2);");
    const logs: Buffer[] = [];
    for (const workers of [0, { count: 2, minLevelUs: 0 }]) {
      file = path.join(folder, `${++nth}.tlog`);
      const session = await start({ workers, uuid: new Uint8Array(16).fill(1) });
      const source = page(session, "source");
      unwrap(session.registerRecompute("cell", { module, export: "half" }));
      const cells = Array.from({ length: 40 }, () => page(session));
      for (const to of cells) unwrap(session.addEdge({ from: source, to, type: "data" }));
      unwrap(session.write(source, 0, f64(5)));
      expect(cells.map((id) => number(session, id))).toEqual(new Array(40).fill(2.5));
      unwrap(await session.stop());
      logs.push(readFileSync(file));
    }
    expect(logs[0]!.equals(logs[1]!)).toBe(true);
  });

  it("refuses a number of workers that is none", async () => {
    const refused = await mmsbStart({ path: file, durability: "none", workers: -1 });
    expect(refused).toMatchObject({ error: { code: "ARGUMENT_INVALID" } });
    unwrap(await (await start({ path: `${file}2` })).stop());
  });
});
