import type { ArenaView } from "../arena-views.ts";
import { ELEMENT_SHIFT, type KernelBatch, type KernelRunner } from "./kernel-runner.ts";
import type { KernelElement, KernelSpec, MapOperation, ZipOperation } from "./kernel-spec.ts";

type Elements = Float64Array | Float32Array | Int32Array | Uint32Array;
type Binary = (a: number, b: number) => number;

const min: Binary = (a, b) => (b < a ? b : a);
const max: Binary = (a, b) => (b > a ? b : a);

/** Operations on whole numbers are done so that the low 32 bits are right: storing keeps those. */
const BINARY: Readonly<Record<"float" | "whole", Readonly<Record<ZipOperation, Binary>>>> = {
  float: {
    add: (a, b) => a + b,
    subtract: (a, b) => a - b,
    multiply: (a, b) => a * b,
    divide: (a, b) => a / b,
    min,
    max,
  },
  whole: {
    add: (a, b) => a + b,
    subtract: (a, b) => a - b,
    multiply: (a, b) => Math.imul(a, b),
    divide: (a, b) => (b === 0 ? 0 : Math.trunc(a / b)),
    min,
    max,
  },
};

/** To the element type: what storing in its typed array does. */
const ROUND: Readonly<Record<KernelElement, (value: number) => number>> = {
  f64: (value) => value,
  f32: Math.fround,
  i32: (value) => value | 0,
  u32: (value) => value >>> 0,
};

/** Every kernel in TypeScript: the reference that others are held against. */
export const referenceKernels: KernelRunner = { name: "typescript", run };

function run(batch: KernelBatch): void {
  const { spec, rows, slot, inputStart, size, outAt } = batch;
  const element = spec.kind === "copy" ? "u32" : (spec.element ?? "f64");
  const shift = ELEMENT_SHIFT[element];
  const out = elementsOf(batch.out, element);
  const inputs: Operand[] = [];
  for (let row = 0; row < rows; row++) {
    const from = inputStart[row]!;
    const count = inputStart[row + 1]! - from;
    while (inputs.length < count) inputs.push(new Operand());
    for (let i = 0; i < count; i++) inputs[i]!.set(batch, batch.inputs[from + i]!, element, shift);
    const bytes = size[slot[row]!]!;
    const isDone =
      spec.kind === "copy"
        ? copy(batch, row, count, bytes)
        : compute(
            spec,
            element,
            inputs,
            count,
            out,
            outAt[row]! >>> shift,
            bytes >>> shift,
            batch.out,
            outAt[row]!,
          );
    batch.refused[row] = isDone ? 0 : 1;
    // what is left of a page that is no whole number of elements stays zero
    if (isDone && spec.kind !== "copy")
      batch.out.bytes.fill(0, outAt[row]! + ((bytes >>> shift) << shift), outAt[row]! + bytes);
  }
}

/** Where an input's elements stand. */
class Operand {
  elements: Elements = NO_ELEMENTS;
  at = 0;
  length = 0;

  set(batch: KernelBatch, slot: number, element: KernelElement, shift: number): void {
    this.elements = elementsOf(batch.arenas[batch.arena[slot]!]!, element);
    this.at = batch.arenaOffset[slot]! >>> shift;
    this.length = batch.size[slot]! >>> shift;
  }
}

const NO_ELEMENTS = new Float64Array(0);

function elementsOf(view: ArenaView, element: KernelElement): Elements {
  return view[element];
}

function copy(batch: KernelBatch, row: number, count: number, bytes: number): boolean {
  if (count < 1) return false;
  const from = batch.inputs[batch.inputStart[row]!]!;
  if (batch.size[from]! < bytes) return false;
  const at = batch.arenaOffset[from]!;
  batch.out.bytes.set(batch.arenas[batch.arena[from]!]!.bytes.subarray(at, at + bytes), batch.outAt[row]!);
  return true;
}

function compute(
  spec: Exclude<KernelSpec, { kind: "copy" }>,
  element: KernelElement,
  inputs: readonly Operand[],
  count: number,
  out: Elements,
  at: number,
  length: number,
  view: ArenaView,
  byteAt: number,
): boolean {
  if (count < 1) return false;
  const isWhole = element === "i32" || element === "u32";
  const operations = BINARY[isWhole ? "whole" : "float"];
  const round = ROUND[element];
  const a = inputs[0]!;
  switch (spec.kind) {
    case "sum":
    case "min":
    case "max": {
      const fold = spec.kind === "sum" ? operations.add : operations[spec.kind];
      return spec.over === "elements"
        ? reduceElements(inputs, count, out, at, length, fold, round)
        : reduceInputs(inputs, count, out, at, length, fold);
    }
    case "map": {
      if (a.length < length) return false;
      const apply = mapping(spec.operation, spec.scale ?? 1, spec.offset ?? 0, operations, round);
      for (let e = 0; e < length; e++) out[at + e] = apply(a.elements[a.at + e]!);
      return true;
    }
    case "zip": {
      const b = inputs[1];
      if (count < 2 || b === undefined || a.length < length || b.length < length) return false;
      const apply = operations[spec.operation];
      for (let e = 0; e < length; e++) out[at + e] = apply(a.elements[a.at + e]!, b.elements[b.at + e]!);
      return true;
    }
    case "matmul":
      return (
        count >= 2 &&
        multiply(
          spec.rows,
          spec.inner,
          spec.columns,
          a,
          inputs[1]!,
          out,
          at,
          length,
          operations.multiply,
          round,
        )
      );
    case "scan": {
      if (a.length < length) return false;
      let sum = 0;
      for (let e = 0; e < length; e++) {
        sum = e === 0 ? a.elements[a.at]! : round(sum + a.elements[a.at + e]!);
        out[at + e] = sum;
      }
      return true;
    }
    case "histogram":
      return countInto(
        view.u32,
        byteAt >>> 2,
        (length << ELEMENT_SHIFT[element]) >>> 2,
        a,
        spec.low,
        spec.high,
      );
  }
}

function reduceInputs(
  inputs: readonly Operand[],
  count: number,
  out: Elements,
  at: number,
  length: number,
  fold: Binary,
): boolean {
  for (let i = 0; i < count; i++) if (inputs[i]!.length < length) return false;
  for (let i = 0; i < count; i++) {
    const { elements, at: from } = inputs[i]!;
    // Storing rounds to the element type after each operation.
    if (i === 0) for (let e = 0; e < length; e++) out[at + e] = elements[from + e]!;
    else for (let e = 0; e < length; e++) out[at + e] = fold(out[at + e]!, elements[from + e]!);
  }
  return true;
}

function reduceElements(
  inputs: readonly Operand[],
  count: number,
  out: Elements,
  at: number,
  length: number,
  fold: Binary,
  round: (value: number) => number,
): boolean {
  if (length < 1) return false;
  let result = 0;
  let isFirst = true;
  for (let i = 0; i < count; i++) {
    const { elements, at: from, length: n } = inputs[i]!;
    for (let e = 0; e < n; e++) {
      result = isFirst ? elements[from + e]! : round(fold(result, elements[from + e]!));
      isFirst = false;
    }
  }
  out.fill(0, at, at + length);
  out[at] = result;
  return true;
}

function mapping(
  operation: MapOperation,
  scale: number,
  offset: number,
  operations: Readonly<Record<ZipOperation, Binary>>,
  round: (value: number) => number,
): (x: number) => number {
  switch (operation) {
    case "affine":
      return (x) => operations.add(round(operations.multiply(x, scale)), offset);
    case "negate":
      return (x) => -x;
    case "absolute":
      return Math.abs;
    case "square":
      return (x) => operations.multiply(x, x);
    case "sqrt":
      return Math.sqrt;
    case "relu":
      return (x) => (x > 0 ? x : 0);
  }
}

function multiply(
  rows: number,
  inner: number,
  columns: number,
  a: Operand,
  b: Operand,
  out: Elements,
  at: number,
  length: number,
  times: Binary,
  round: (value: number) => number,
): boolean {
  if (rows * columns > length || rows * inner > a.length || inner * columns > b.length) return false;
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) {
      let sum = 0;
      for (let p = 0; p < inner; p++) {
        sum = round(
          sum + round(times(a.elements[a.at + i * inner + p]!, b.elements[b.at + p * columns + j]!)),
        );
      }
      out[at + i * columns + j] = sum;
    }
  }
  out.fill(0, at + rows * columns, at + length);
  return true;
}

function countInto(
  out: Uint32Array,
  at: number,
  bins: number,
  a: Operand,
  low: number,
  high: number,
): boolean {
  out.fill(0, at, at + bins);
  for (let e = 0; e < a.length; e++) {
    const bin = Math.floor(((a.elements[a.at + e]! - low) / (high - low)) * bins);
    if (bin >= 0 && bin < bins) out[at + bin]!++;
  }
  return true;
}
