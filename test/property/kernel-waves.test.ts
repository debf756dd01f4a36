// Law: waves of built-in kernels tell, write and count the same whether a level, or many of them, is a call of the addon, or each page goes through the TypeScript reference.
import { expect, it } from "vitest";
import { Prng } from "../../engine/base/prng.ts";
import { unwrap } from "../../engine/base/result.ts";
import { DependencyGraph } from "../../engine/graph/dependency-graph.ts";
import { referenceKernels } from "../../engine/graph/kernels/reference-kernels.ts";
import { Propagation } from "../../engine/graph/propagation.ts";
import type { RecomputeDefinition } from "../../engine/graph/recompute.ts";
import { RecomputeRegistry } from "../../engine/graph/registry.ts";
import type { WaveRecord, WaveSink } from "../../engine/graph/wave-sink.ts";
import { PageTable } from "../../engine/pages/page-table.ts";
import { addon } from "../helpers/kernel-batches.ts";

const seed = Number(process.env["MMSB_SEED"] ?? Date.now() % 2 ** 32);

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

/** All that a wave tells, as a value. */
function toldBy({ rows, failures, levels, cutOff, blocked, counts }: WaveRecord) {
  const { deltas, before } = rows;
  const { count, runCount, payloadBytes } = deltas;
  return {
    counts,
    slots: `${deltas.slot.subarray(0, count)}`,
    sources: `${deltas.source.subarray(0, count)}`,
    causes: `${deltas.cause.subarray(0, count)}`,
    runs: `${deltas.runStart.subarray(0, count + 1)} ${deltas.runOffset.subarray(0, runCount)} ${deltas.runLength.subarray(0, runCount)}`,
    now: hex(deltas.payload.subarray(0, payloadBytes)),
    before: hex(before.subarray(0, payloadBytes)),
    failures: failures.map(({ slot, error, beforeRow }) => [slot, error.message, beforeRow]),
    levels: `${levels.level} ${levels.members} ${levels.cutOff} ${levels.blocked}`,
    cutOff: `${cutOff}`,
    blocked: `${blocked}`,
  };
}

interface Graph {
  readonly sources: readonly number[];
  readonly nodes: number;
  readonly table: PageTable;
  readonly propagation: Propagation;
  readonly told: ReturnType<typeof toldBy>[];
}

/** Layers that are wide enough to be swept: mostly one kernel over pages of one word. */
function build(rng: Prng, isLogged: boolean, usesAddon: boolean): Graph {
  const width = 70 + rng.below(60);
  const layers = 2 + rng.below(6);
  const nodes = width * layers;
  const table = new PageTable({ maxPages: nodes });
  const graph = new DependencyGraph(table, { maxNodes: nodes, maxEdges: nodes * 5 });
  const registry = new RecomputeRegistry(nodes, nodes);
  const told: Graph["told"] = [];
  const sink: WaveSink = {
    begin: () => told.length + 1,
    end(wave) {
      told.push(toldBy(wave));
      for (let row = 0; row < wave.rows.count; row++) table.bumpEpoch(wave.rows.deltas.slot[row]!);
      return true;
    },
    stopped: () => undefined,
  };
  const propagation = new Propagation(graph, registry, isLogged ? sink : undefined);
  if (!usesAddon) propagation.executor.kernels = { ...referenceKernels };
  const element = rng.pick(["u32", "f64", "f32"] as const);
  const kernels: RecomputeDefinition[] = [
    { name: "usual", kernel: { kind: rng.pick(["sum", "sum", "max"]), element } },
    { name: "other", kernel: { kind: "min", element } },
    { name: "mapped", kernel: { kind: "map", operation: "negate", element } },
  ];
  for (const [i, definition] of kernels.entries()) registry.setType(`k${i}`, definition);
  registry.growNodes(nodes);
  const isMixed = rng.chance(0.4);
  const odd = isMixed ? 0.01 : 0;
  const fewInputs = rng.chance(0.3) ? 0.01 : 0;
  for (let node = 0; node < nodes; node++) {
    const isOdd = rng.chance(odd);
    unwrap(table.create({ sizeBytes: isOdd ? rng.pick([4, 16, 24]) : 8, type: "page" }));
  }
  for (let node = width; node < nodes; node++) {
    const above = Math.floor(node / width) * width - width;
    for (let i = rng.chance(fewInputs) ? rng.below(6) : 3; i > 0; i--) {
      const from = rng.chance(fewInputs) ? rng.below(above + width) : above + rng.below(width);
      unwrap(graph.addEdge(from, node, "data"));
    }
    registry.bind(node, rng.chance(odd) ? `k${rng.below(3)}` : "k0");
    propagation.markDirty(node);
  }
  return { sources: Array.from({ length: width }, (_, node) => node), nodes, table, propagation, told };
}

/** What a graph is after a wave. */
function stateOf({ nodes, table, propagation }: Graph) {
  const { graph, failures } = propagation;
  const pages = Array.from({ length: nodes }, (_, slot) => hex(table.bytes(slot)));
  const errors = [...failures.errors].map(([slot, error]) => [slot, error.message]);
  return {
    pages,
    errors: errors.sort((a, b) => Number(a[0]) - Number(b[0])),
    state: hex(graph.state.subarray(0, nodes)),
    epochs: `${table.epoch.subarray(0, nodes)}`,
  };
}

it("waves of kernels are the same with the addon and without", (ctx) => {
  addon(ctx);
  let [whole, cutOff, failed, stopped] = [0, 0, 0, 0];
  for (let round = 0; round < 60; round++) {
    const isLogged = round % 2 === 0;
    const graphs = [true, false].map((usesAddon) => build(new Prng(seed + round), isLogged, usesAddon));
    const rng = new Prng(seed + round + 1000);
    for (let wave = 0; wave < 8; wave++) {
      const written = graphs[0]!.sources.filter(() => wave % 3 < 2 || rng.chance(0.6));
      const values = written.map(() => [rng.u32(), rng.u32() >>> rng.below(32)] as const);
      const budget = rng.chance(0.2) ? { budget: rng.below(700) } : {};
      const outcomes = graphs.map(({ table, propagation }) => {
        for (const [i, slot] of written.entries()) {
          const bytes = table.bytes(slot);
          bytes.set(new Uint8Array(Uint32Array.of(...values[i]!).buffer).subarray(0, bytes.length));
          propagation.touch(slot);
        }
        const outcome = propagation.run(budget);
        return outcome.ok ? outcome.value : { code: outcome.error.code };
      });
      const what = `MMSB_SEED=${seed + round}, wave ${wave}`;
      expect(outcomes[0], what).toEqual(outcomes[1]);
      const counts = outcomes[0]!;
      if ("code" in counts) stopped++;
      else {
        if (counts.cutOff === 0) whole++;
        else cutOff++;
        if (counts.failed > 0) failed++;
      }
      expect(stateOf(graphs[0]!), what).toEqual(stateOf(graphs[1]!));
      expect(graphs[0]!.told, what).toEqual(graphs[1]!.told);
      graphs[0]!.told.length = graphs[1]!.told.length = 0;
    }
  }
  for (const times of [whole, cutOff, failed, stopped]) expect(times).toBeGreaterThan(10);
});
