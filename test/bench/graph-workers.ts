import { unwrap } from "../../engine/base/result.ts";
import { DependencyGraph } from "../../engine/graph/dependency-graph.ts";
import { Propagation } from "../../engine/graph/propagation.ts";
import { RecomputeRegistry } from "../../engine/graph/registry.ts";
import { WorkerPool } from "../../engine/graph/workers/worker-pool.ts";
import { PageTable } from "../../engine/pages/page-table.ts";
import { heavy, light } from "./graph-heavy-worker.ts";
import { type Report, secondsOf } from "./report.ts";

const MODULE = new URL("./graph-heavy-worker.ts", import.meta.url);
const ROUNDS = 30;

/** Seconds of a wave over `width` pages that are computed from one, the least of some, and what the pages hold after it. */
async function measure(
  width: number,
  name: "heavy" | "light",
  workers: number,
): Promise<{ readonly seconds: number; readonly values: Float64Array }> {
  const table = new PageTable({ maxPages: width + 1 });
  const graph = new DependencyGraph(table);
  const registry = new RecomputeRegistry(width + 1, width + 1);
  const propagation = new Propagation(graph, registry);
  const pool = workers === 0 ? undefined : new WorkerPool(graph, registry, { count: workers, minLevelUs: 0 });
  propagation.workers = pool;
  for (let page = 0; page <= width; page++)
    unwrap(table.create({ sizeBytes: 8, type: page === 0 ? "" : "node" }));
  registry.setType("node", { run: name === "heavy" ? heavy : light, module: MODULE, export: name });
  registry.growNodes(width + 1);
  for (let page = 1; page <= width; page++) {
    unwrap(graph.addEdge(0, page, "data"));
    registry.bind(page, "node");
    propagation.markDirty(page);
  }
  let seconds = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS; round++) {
    table.bytes(0).set(new Uint8Array(Float64Array.of(round).buffer));
    propagation.touch(0);
    seconds = Math.min(
      seconds,
      secondsOf(() => unwrap(propagation.run())),
    );
  }
  await pool?.close();
  return {
    seconds,
    values: Float64Array.from(
      { length: width },
      (_, i) => new Float64Array(table.bytes(i + 1).slice().buffer)[0]!,
    ),
  };
}

/** Functions from a module on 1 and 2 workers. `bound` = the session's thread alone, its time divided by the workers; `ratio` = value / bound. */
export async function workersBench(report: Report): Promise<void> {
  const width = 1000;
  const alone = await measure(width, "heavy", 0);
  report({
    name: "a heavy function on 1000 pages: no workers",
    value: (alone.seconds * 1e6) / width,
    unit: "us/node",
  });
  for (const workers of [1, 2]) {
    const { seconds, values } = await measure(width, "heavy", workers);
    if (Buffer.compare(new Uint8Array(values.buffer), new Uint8Array(alone.values.buffer)) !== 0)
      throw new Error(`${workers} workers computed something else`);
    const bound = (alone.seconds * 1e6) / width / workers;
    const value = (seconds * 1e6) / width;
    report({
      name: `a heavy function on 1000 pages: ${workers} workers`,
      value,
      unit: "us/node",
      bound,
      ratio: value / bound,
    });
  }
  // What it costs to go to the workers at all: what `minLevelUs` is to make good.
  report({
    name: "a level of 2 pages to 2 workers and back",
    value: (await measure(2, "light", 2)).seconds * 1e6,
    unit: "us",
  });
  const many = 20_000;
  const [here, there] = [await measure(many, "light", 0), await measure(many, "light", 1)];
  report({
    name: "a light function on 20,000 pages: no workers",
    value: (here.seconds * 1e9) / many,
    unit: "ns/node",
  });
  report({
    name: "a light function on 20,000 pages: 1 worker",
    value: (there.seconds * 1e9) / many,
    unit: "ns/node",
  });
}
