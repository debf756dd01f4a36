import type { Built } from "./graph-libraries.ts";
import { buildUnlogged } from "./graph-ours.ts";
import { chain, expected, fan, grid, randomDag, type Shape } from "./graph-shapes.ts";
import { type Report, secondsOf } from "./report.ts";

const ROUNDS = 7;
/** A library that takes longer than this over its rounds does fewer of them. */
const MAX_SECONDS = 1.5;

/** Nanoseconds a recompute: the least of some rounds, each checked. */
function measure(built: Built, shape: Shape, name: string): number {
  let best = Number.POSITIVE_INFINITY;
  let spent = 0;
  for (let round = 1; round <= ROUNDS + 2 && (round < 4 || spent < MAX_SECONDS); round++) {
    built.recomputes();
    const seconds = secondsOf(() => built.round(round));
    spent += seconds;
    const { values, recomputes } = expected(shape, round);
    const done = built.recomputes();
    if (done !== recomputes)
      throw new Error(`${name}, ${shape.name}: ${done} computations, ${recomputes} were due`);
    for (const node of [shape.nodes - 1, shape.nodes >>> 1, shape.sources]) {
      if (built.read(node) !== values[node])
        throw new Error(`${name}, ${shape.name}: node ${node} is ${built.read(node)}, not ${values[node]}`);
    }
    built.recomputes();
    if (round > 2) best = Math.min(best, (seconds * 1e9) / recomputes);
  }
  return best;
}

export async function graphBench(report: Report, _folder: string): Promise<void> {
  process.env["NODE_ENV"] = "production";
  const { LIBRARIES } = await import("./graph-libraries.ts");
  for (const shape of [randomDag(false), randomDag(true), fan(), grid(), chain(10_000), chain(100_000)]) {
    let best = Number.POSITIVE_INFINITY;
    for (const library of LIBRARIES) {
      for (const mode of library.modes) {
        const label = `${library.name} (${mode})`;
        try {
          const built = library.build(shape, mode);
          const ns = measure(built, shape, label);
          built.dispose();
          best = Math.min(best, ns);
          report({ name: `${shape.name}: ${label}`, value: ns, unit: "ns/node" });
        } catch (error) {
          console.error(
            `${shape.name}: ${label}: ${error instanceof Error ? error.message.slice(0, 100) : error}`,
          );
        }
      }
    }
    const ours = buildUnlogged(shape);
    const ns = measure(ours, shape, "mmsb");
    report({
      name: `${shape.name}: mmsb, function a page, unlogged`,
      value: ns,
      unit: "ns/node",
      bound: best,
      ratio: best / ns,
    });
    report({ name: `${shape.name}: mmsb, graph memory`, value: ours.bytesPerNode, unit: "B/node" });
  }
}
