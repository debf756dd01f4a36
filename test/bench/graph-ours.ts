import { unwrap } from "../../engine/base/result.ts";
import { DependencyGraph } from "../../engine/graph/dependency-graph.ts";
import { Propagation } from "../../engine/graph/propagation.ts";
import type { RecomputeDefinition } from "../../engine/graph/recompute.ts";
import { RecomputeRegistry } from "../../engine/graph/registry.ts";
import { PageTable } from "../../engine/pages/page-table.ts";
import { mmsbStart } from "../../engine/session/mmsb.ts";
import type { Built } from "./graph-libraries.ts";
import { MASK, type Shape } from "./graph-shapes.ts";

/** `function`: called for every page, the ordinary form; `formula`: called for every page with its inputs' numbers; `columns`: once a level, with columns of numbers; `kernel`: no callback at all. */
export type Form = "function" | "formula" | "columns" | "kernel";

let count = 0;

const next = (sum: number): number => {
  count++;
  return sum & MASK;
};

// Straight-line code for one to four inputs, as the libraries have it.

/** The ordinary form: called for every page. */
const FUNCTIONS: readonly RecomputeDefinition[] = [
  { name: "node", run: (ctx) => ctx.setF64(0, next(ctx.f64(0, 0) + 1)) },
  { name: "node", run: (ctx) => ctx.setF64(0, next(ctx.f64(0, 0) + ctx.f64(1, 0) + 1)) },
  { name: "node", run: (ctx) => ctx.setF64(0, next(ctx.f64(0, 0) + ctx.f64(1, 0) + ctx.f64(2, 0) + 1)) },
  {
    name: "node",
    run: (ctx) => ctx.setF64(0, next(ctx.f64(0, 0) + ctx.f64(1, 0) + ctx.f64(2, 0) + ctx.f64(3, 0) + 1)),
  },
];

const FORMULAS: readonly RecomputeDefinition[] = [
  { name: "node", formula: (a) => next(a! + 1) },
  { name: "node", formula: (a, b) => next(a! + b! + 1) },
  { name: "node", formula: (a, b, c) => next(a! + b! + c! + 1) },
  { name: "node", formula: (a, b, c, d) => next(a! + b! + c! + d! + 1) },
];

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

/** By the number of inputs, from one on. */
function definitionsOf(form: Form): readonly RecomputeDefinition[] {
  if (form === "function") return FUNCTIONS;
  if (form === "formula") return FORMULAS;
  return [1, 2, 3, 4].map((fanIn) => (form === "kernel" ? byKernel : byColumns(fanIn)));
}

/** Pages have a type by the number of their inputs. */
function typeOf({ sources, start }: Shape, node: number): string {
  return node < sources ? "source" : `node${start[node + 1]! - start[node]!}`;
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
  for (let node = 0; node < nodes; node++) unwrap(table.create({ sizeBytes: 8, type: typeOf(shape, node) }));
  for (const [i, definition] of definitionsOf(form).entries()) registry.setType(`node${i + 1}`, definition);
  registry.growNodes(nodes);
  for (let node = sources; node < nodes; node++) {
    for (let at = start[node]!; at < start[node + 1]!; at++) unwrap(graph.addEdge(inputs[at]!, node, "data"));
    registry.bind(node, typeOf(shape, node));
    propagation.markDirty(node);
  }
  unwrap(propagation.run());
  const written = shape.written.map((source) => {
    const { buffer, byteOffset } = table.bytes(source);
    return { source, cell: new Float64Array(buffer, byteOffset, 1) };
  });
  return {
    round(value) {
      for (const { source, cell } of written) {
        cell[0] = value;
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
  form: Form,
): Promise<Built & { readonly stop: () => Promise<void> }> {
  const { nodes, sources, start, inputs } = shape;
  const session = unwrap(await mmsbStart({ path, durability: "none" }));
  const ids: bigint[] = [];
  for (const [i, definition] of definitionsOf(form).entries())
    unwrap(session.registerRecompute(`node${i + 1}`, definition));
  unwrap(
    session.transaction(() => {
      for (let node = 0; node < nodes; node++)
        ids.push(unwrap(session.createPage({ sizeBytes: 8, type: typeOf(shape, node) })));
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
