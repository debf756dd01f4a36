import { join } from "node:path";
import { ArenaViews } from "../../engine/graph/arena-views.ts";
import type { KernelRunner } from "../../engine/graph/kernels/kernel-runner.ts";
import { kernelRunner } from "../../engine/graph/kernels/native-kernels.ts";
import { referenceKernels } from "../../engine/graph/kernels/reference-kernels.ts";
import type { Built, Library } from "./graph-libraries.ts";
import { buildLogged, buildUnlogged } from "./graph-ours.ts";
import { chain, expected, fan, grid, isWide, randomDag, type Shape } from "./graph-shapes.ts";
import { workersBench } from "./graph-workers.ts";
import { type Report, secondsOf } from "./report.ts";

const ROUNDS = 20;
/** A library that takes longer than this over its rounds does fewer of them. */
const MAX_SECONDS = 1.5;

/** A change that reaches fewer nodes is repeated until its code is compiled. */
const SMALL = 1000;
const SMALL_ROUNDS = 30_000;

function measureSmall(built: Built, recomputes: number): number {
  let best = Number.POSITIVE_INFINITY;
  let spent = 0;
  for (let round = 0; round < SMALL_ROUNDS && spent < MAX_SECONDS; round++) {
    const seconds = secondsOf(() => built.round(1000 + round));
    spent += seconds;
    best = Math.min(best, (seconds * 1e9) / recomputes);
  }
  return best;
}

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
    if (round === 2 && recomputes < SMALL) best = measureSmall(built, recomputes);
  }
  return best;
}

/** The least of a library's modes on a shape; a mode that cannot do the shape says so. */
function measureLibrary(library: Library, shape: Shape, report: Report): number {
  let best = Number.POSITIVE_INFINITY;
  for (const mode of library.modes) {
    // Without a batch of its own, it goes through all that a source leads to at every write of one.
    if (library.name === "@vue/reactivity" && mode === "observed" && shape.written.length > 1) continue;
    const label = `${library.name} (${mode})`;
    try {
      const built = library.build(shape, mode);
      const ns = measure(built, shape, label);
      built.dispose();
      report({ name: `${shape.name}: ${label}`, value: ns, unit: "ns/node" });
      best = Math.min(best, ns);
    } catch (error) {
      // Deep graphs overflow the stack of most: that is a result.
      console.error(
        `${shape.name}: ${label}: ${error instanceof Error ? error.message.slice(0, 100) : error}`,
      );
    }
  }
  return best;
}

/** What a node of a wide cone may cost by a built-in kernel, in nanoseconds. */
const KERNEL_NS = 5;

/** Nanoseconds a page of the kernels alone: all computed nodes as one batch. */
function measureBatch(shape: Shape, runner: KernelRunner): number {
  const { nodes, sources, start, inputs } = shape;
  const rows = nodes - sources;
  const views = new ArenaViews();
  views.refresh([new Uint8Array(new SharedArrayBuffer(nodes * 64)), new Uint8Array(rows * 8)]);
  const batch = {
    spec: { kind: "sum", element: "u32" },
    rows,
    slot: Uint32Array.from({ length: rows }, (_, row) => sources + row),
    inputStart: start.subarray(sources),
    inputs,
    arenas: views.all,
    arena: new Uint16Array(nodes),
    arenaOffset: Uint32Array.from({ length: nodes }, (_, node) => node * 64),
    size: new Uint32Array(nodes).fill(8),
    out: views.all[1]!,
    outAt: Uint32Array.from({ length: rows }, (_, row) => row * 8),
    refused: new Uint8Array(rows),
  } as const;
  let best = Number.POSITIVE_INFINITY;
  for (let round = 1; round <= ROUNDS; round++)
    best = Math.min(best, (secondsOf(() => runner.run(batch)) * 1e9) / rows);
  return best;
}

/** Nanoseconds a recompute of the kernel form, whose values are not those of the others. */
function measureKernel(built: Built, shape: Shape): number {
  const { recomputes } = expected(shape, 1);
  let best = Number.POSITIVE_INFINITY;
  for (let round = 1; round <= ROUNDS; round++)
    best = Math.min(best, (secondsOf(() => built.round(round)) * 1e9) / recomputes);
  return best;
}

/** All shapes, or with `--shape=TEXT` those whose name holds the text (`workers`: functions on workers). `bound` = the best library of the same run, `ratio` = how many times faster than it; for kernels `bound` = {@link KERNEL_NS}. */
export async function graphBench(report: Report, folder: string): Promise<void> {
  process.env["NODE_ENV"] = "production";
  const { LIBRARIES } = await import("./graph-libraries.ts");
  const wanted = process.argv.find((arg) => arg.startsWith("--shape="))?.slice("--shape=".length) ?? "";
  const shapes = [randomDag(false), randomDag(true), fan(), grid(), chain(10_000), chain(100_000)];
  for (const shape of shapes.filter(({ name }) => name.includes(wanted))) {
    const tell = (what: string, ns: number, bound: number) => {
      // Where none of the libraries manages the shape there is nothing to compare with.
      const isKnown = Number.isFinite(bound);
      const name = `${shape.name}: mmsb, ${what}`;
      report({ name, value: ns, unit: "ns/node", ...(isKnown ? { bound, ratio: bound / ns } : {}) });
    };
    let best = Number.POSITIVE_INFINITY;
    for (const library of LIBRARIES) best = Math.min(best, measureLibrary(library, shape, report));
    let ours: ReturnType<typeof buildUnlogged> | undefined;
    const buildSeconds = secondsOf(() => {
      ours = buildUnlogged(shape);
    });
    tell("function a page, unlogged", measure(ours!, shape, "mmsb"), best);
    report({ name: `${shape.name}: mmsb, graph memory`, value: ours!.bytesPerNode, unit: "B/node" });
    report({
      name: `${shape.name}: mmsb, build`,
      value: (buildSeconds * 1e9) / shape.nodes,
      unit: "ns/node",
    });
    tell("formula a page, unlogged", measure(buildUnlogged(shape, "formula"), shape, "mmsb formula"), best);
    if (shape.written.length > 1) {
      tell("columns, unlogged", measure(buildUnlogged(shape, "columns"), shape, "mmsb columns"), best);
    }
    if (isWide(shape)) {
      tell("kernel sum, unlogged", measureKernel(buildUnlogged(shape, "kernel"), shape), KERNEL_NS);
      for (const runner of new Set([kernelRunner, referenceKernels]))
        tell(`kernel sum, the batch alone (${runner.name})`, measureBatch(shape, runner), KERNEL_NS);
    }
    for (const form of ["function", "formula", ...(isWide(shape) ? (["kernel"] as const) : [])] as const) {
      const file = join(folder, `${shape.name.replaceAll(" ", "-")}-${form}.tlog`);
      const logged = await buildLogged(shape, file, form);
      const ns =
        form === "kernel" ? measureKernel(logged, shape) : measure(logged, shape, `mmsb logged ${form}`);
      tell(`${form} a page, logged at none`, ns, best);
      await logged.stop();
    }
  }
  if ("workers".includes(wanted)) await workersBench(report);
}
