import { unwrap } from "../../engine/base/result.ts";
import { DependencyGraph } from "../../engine/graph/dependency-graph.ts";
import { Propagation } from "../../engine/graph/propagation.ts";
import type { RecomputeDefinition } from "../../engine/graph/recompute.ts";
import { RecomputeRegistry } from "../../engine/graph/registry.ts";
import { PageTable } from "../../engine/pages/page-table.ts";
import type { Built } from "./graph-libraries.ts";
import { MASK, type Shape } from "./graph-shapes.ts";

export type Form = "function" | "columns";

const NODE_TYPE = "node";

/** The ordinary form: called for every page. */
const perPage: RecomputeDefinition = {
  name: "node",
  run(ctx) {
    count++;
    let sum = 1;
    for (let i = 0; i < ctx.inputCount; i++) sum += ctx.f64(i, 0);
    ctx.setF64(0, sum & MASK);
  },
};
let count = 0;

/** Built on the graph alone, without a log. */
export function buildUnlogged(shape: Shape): Built & { readonly bytesPerNode: number } {
  const { nodes, sources, start, inputs } = shape;
  const table = new PageTable({ maxPages: nodes });
  const graph = new DependencyGraph(table, { maxNodes: nodes, maxEdges: inputs.length + 1 });
  const registry = new RecomputeRegistry(nodes, nodes);
  const propagation = new Propagation(graph, registry);
  for (let node = 0; node < nodes; node++)
    unwrap(table.create({ sizeBytes: 8, type: node < sources ? "source" : NODE_TYPE }));
  registry.setType(NODE_TYPE, perPage);
  registry.growNodes(nodes);
  for (let node = sources; node < nodes; node++) {
    for (let at = start[node]!; at < start[node + 1]!; at++) unwrap(graph.addEdge(inputs[at]!, node, "data"));
    registry.bind(node, NODE_TYPE);
    propagation.markDirty(node);
  }
  unwrap(propagation.run());
  const view = new Float64Array(1);
  const bytes = new Uint8Array(view.buffer);
  return {
    round(value) {
      view[0] = value;
      for (const source of shape.written) {
        table.bytes(source).set(bytes);
        propagation.touch(source);
      }
      unwrap(propagation.run());
    },
    read: (node) => new Float64Array(table.bytes(node).slice().buffer)[0]!,
    recomputes() {
      const done = count;
      count = 0;
      return done;
    },
    dispose: () => undefined,
    bytesPerNode: (graph.bytes + propagation.bytes) / nodes,
  };
}
