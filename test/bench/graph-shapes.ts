import { Prng } from "../../engine/base/prng.ts";

/** A graph to measure on: node `n` from `sources` on is computed from `inputs[start[n] .. start[n + 1])`, all of them lower numbers. */
export interface Shape {
  readonly name: string;
  readonly nodes: number;
  readonly sources: number;
  readonly start: Uint32Array;
  readonly inputs: Uint32Array;
  /** The sources that a round writes. */
  readonly written: readonly number[];
}

/** Some levels of thousands of nodes change. */
export function isWide({ name }: Shape): boolean {
  return name.startsWith("random DAG") || name.startsWith("fan");
}

/** What every computed node is: whole numbers, so that a change always goes on, and no engine rounds another way. */
export const MASK = 0x3fff_ffff;

function shapeOf(
  name: string,
  sources: number,
  inputsOf: readonly (readonly number[])[],
  written?: readonly number[],
): Shape {
  const nodes = sources + inputsOf.length;
  const start = new Uint32Array(nodes + 1);
  const flat: number[] = [];
  for (let i = 0; i < inputsOf.length; i++) {
    for (const input of inputsOf[i]!) flat.push(input);
    start[sources + i + 1] = flat.length;
  }
  return {
    name,
    nodes,
    sources,
    start,
    inputs: Uint32Array.from(flat),
    written: written ?? Array.from({ length: sources }, (_, i) => i),
  };
}

/** 50 layers of 2000, each node from three of the layer before. */
export function randomDag(isLocal: boolean): Shape {
  const prng = new Prng(50);
  const width = 2000;
  const inputsOf: number[][] = [];
  for (let layer = 1; layer < 50; layer++) {
    for (let i = 0; i < width; i++) {
      const from = new Set<number>();
      while (from.size < 3) from.add((layer - 1) * width + prng.below(width));
      inputsOf.push([...from].sort((a, b) => a - b));
    }
  }
  // One node of the sixth layer from the end: a cone of some hundred nodes.
  if (!isLocal) return shapeOf("random DAG, 100k nodes", width, inputsOf);
  return localised(inputsOf, width);
}

/** The same graph with a source beside it that feeds one node near its end. */
function localised(inputsOf: number[][], width: number): Shape {
  const shifted = inputsOf.map((inputs) => inputs.map((node) => node + 1));
  shifted[44 * width]!.unshift(0);
  return shapeOf("local change in it", width + 1, shifted, [0]);
}

export function fan(): Shape {
  return shapeOf(
    "fan 1 to 100k",
    1,
    Array.from({ length: 100_000 }, () => [0]),
  );
}

export function grid(): Shape {
  const side = 316;
  const inputsOf: number[][] = [];
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      const inputs: number[] = [];
      if (y > 0) inputs.push(1 + (y - 1) * side + x);
      if (x > 0) inputs.push(1 + y * side + x - 1);
      inputsOf.push(inputs.length > 0 ? inputs : [0]);
    }
  }
  return shapeOf("grid 316 x 316", 1, inputsOf);
}

export function chain(length: number): Shape {
  return shapeOf(
    `chain of ${length / 1000}k`,
    1,
    Array.from({ length }, (_, i) => [i]),
  );
}

/** Nodes that nothing is computed from. */
export function sinksOf({ nodes, sources, inputs }: Shape): number[] {
  const isUsed = new Uint8Array(nodes);
  for (const input of inputs) isUsed[input] = 1;
  const sinks: number[] = [];
  for (let node = sources; node < nodes; node++) if (isUsed[node] === 0) sinks.push(node);
  return sinks;
}

/** Every value, the plain way; and how many nodes must be computed again after a round. */
export function expected(
  shape: Shape,
  written: number,
): { readonly values: Float64Array; readonly recomputes: number } {
  const { nodes, sources, start, inputs } = shape;
  const values = new Float64Array(nodes);
  const isDirty = new Uint8Array(nodes);
  for (const source of shape.written) {
    values[source] = written;
    isDirty[source] = 1;
  }
  let recomputes = 0;
  for (let node = sources; node < nodes; node++) {
    let sum = 1;
    for (let at = start[node]!; at < start[node + 1]!; at++) {
      sum += values[inputs[at]!]!;
      isDirty[node]! |= isDirty[inputs[at]!]!;
    }
    values[node] = sum & MASK;
    recomputes += isDirty[node]!;
  }
  return { values, recomputes };
}
