import { unwrap } from "../../engine/base/result.ts";
import { DependencyGraph } from "../../engine/graph/dependency-graph.ts";
import { Propagation } from "../../engine/graph/propagation.ts";
import type { RecomputeDefinition } from "../../engine/graph/recompute.ts";
import { RecomputeRegistry } from "../../engine/graph/registry.ts";
import { PageTable } from "../../engine/pages/page-table.ts";
import { mmsbStart } from "../../engine/session/mmsb.ts";
import type { Built } from "./graph-libraries.ts";
import { MASK, type Shape } from "./graph-shapes.ts";

/** `function`: called for every page, the ordinary form; `columns`: once a level, with columns of numbers; `kernel`: no callback at all. */
export type Form = "function" | "columns" | "kernel";

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

/** The same for pages that all have `fanIn` inputs. */
const byColumns = (fanIn: number): RecomputeDefinition => ({
  name: "node",
  inputs: fanIn,
  columns(rows, inputs, output) {
    count += rows;
    for (let row = 0; row < rows; row++) output[row] = 1;
    for (let i = 0; i < fanIn; i++) {
      const input = inputs[i]!;
      for (let row = 0; row < rows; row++) output[row]! += input[row]!;
    }
    for (let row = 0; row < rows; row++) output[row] = output[row]! & MASK;
  },
});

/** The nearest built-in: a sum in u32, which wraps instead of being masked; its values are its own. */
const byKernel: RecomputeDefinition = { name: "node", kernel: { kind: "sum", element: "u32" } };

function definitionOf(shape: Shape, form: Form): RecomputeDefinition {
  if (form === "kernel") return byKernel;
  if (form === "function") return perPage;
  return byColumns(shape.start[shape.sources + 1]!);
}

/** Built on the graph alone, without a log. */
export function buildUnlogged(
  shape: Shape,
  form: Form = "function",
): Built & { readonly bytesPerNode: number } {
  const { nodes, sources, start, inputs } = shape;
  const table = new PageTable({ maxPages: nodes });
  const graph = new DependencyGraph(table, { maxNodes: nodes, maxEdges: inputs.length + 1 });
  const registry = new RecomputeRegistry(nodes, nodes);
  const propagation = new Propagation(graph, registry);
  for (let node = 0; node < nodes; node++)
    unwrap(table.create({ sizeBytes: 8, type: node < sources ? "source" : NODE_TYPE }));
  registry.setType(NODE_TYPE, definitionOf(shape, form));
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
    get bytesPerNode() {
      return (graph.bytes + propagation.bytes) / nodes;
    },
  };
}

/** Built as a session that logs everything, at durability `none`. */
export async function buildLogged(
  shape: Shape,
  path: string,
): Promise<Built & { readonly stop: () => Promise<void> }> {
  const { nodes, sources, start, inputs } = shape;
  const session = unwrap(await mmsbStart({ path, durability: "none" }));
  const ids: bigint[] = [];
  unwrap(session.registerRecompute(NODE_TYPE, perPage));
  unwrap(
    session.transaction(() => {
      for (let node = 0; node < nodes; node++)
        ids.push(unwrap(session.createPage({ sizeBytes: 8, type: node < sources ? "source" : NODE_TYPE })));
      for (let node = sources; node < nodes; node++) {
        for (let at = start[node]!; at < start[node + 1]!; at++)
          unwrap(session.addEdge({ from: ids[inputs[at]!]!, to: ids[node]!, type: "data" }));
      }
      return { ok: true, value: undefined };
    }),
  );
  const bytes = new Uint8Array(8);
  const view = new Float64Array(bytes.buffer);
  return {
    round(value) {
      view[0] = value;
      unwrap(
        session.transaction(() => {
          for (const source of shape.written) unwrap(session.write(ids[source]!, 0, bytes));
          return { ok: true, value: undefined };
        }),
      );
    },
    read: (node) => new Float64Array(unwrap(session.read(ids[node]!)).bytes.buffer)[0]!,
    recomputes() {
      const done = count;
      count = 0;
      return done;
    },
    dispose: () => undefined,
    stop: async () => unwrap(await session.stop()),
  };
}
