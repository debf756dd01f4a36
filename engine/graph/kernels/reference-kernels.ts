import type { ArenaView } from "../arena-views.ts";
import { ELEMENT_SHIFT, type KernelBatch, type KernelRunner } from "./kernel-runner.ts";
import type { KernelElement, KernelSpec, MapOperation, ZipOperation } from "./kernel-spec.ts";

type Elements = Float64Array | Float32Array | Int32Array | Uint32Array;
type Binary = (a: number, b: number) => number;

/** F1 and F4 of docs/DeviceMemoryModel.md. */
const LANES = 256;
const TILE = 32;
const GROUP = 32 * TILE;

/** Operations on whole numbers are done so that the low 32 bits are right: storing keeps those. */
const BINARY: Readonly<Record<"float" | "whole", Readonly<Record<ZipOperation, Binary>>>> = {
  float: {
    add: (a, b) => a + b,
    subtract: (a, b) => a - b,
    multiply: (a, b) => a * b,
    divide: (a, b) => a / b,
    min: Math.min,
    max: Math.max,
  },
  whole: {
    add: (a, b) => a + b,
    subtract: (a, b) => a - b,
    multiply: (a, b) => Math.imul(a, b),
    divide: (a, b) => (b === 0 ? 0 : Math.trunc(a / b)),
    min: Math.min,
    max: Math.max,
  },
};

/** To the element type: what storing in its typed array does. */
const ROUND: Readonly<Record<KernelElement, (value: number) => number>> = {
  f64: (value) => value,
  f32: Math.fround,
  i32: (value) => value | 0,
  u32: (value) => value >>> 0,
};

/** What a reduction over elements begins with. */
const NEUTRAL: Readonly<Record<KernelElement, { readonly min: number; readonly max: number }>> = {
  f64: { min: Number.POSITIVE_INFINITY, max: Number.NEGATIVE_INFINITY },
  f32: { min: Number.POSITIVE_INFINITY, max: Number.NEGATIVE_INFINITY },
  i32: { min: 0x7fff_ffff, max: -0x8000_0000 },
  u32: { min: 0xffff_ffff, max: 0 },
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
      const neutral = spec.kind === "sum" ? 0 : NEUTRAL[element][spec.kind];
      return spec.over === "elements"
        ? reduceElements(inputs, count, out, at, length, fold, round, neutral)
        : reduceInputs(inputs, count, out, at, length, fold);
    }
    case "map": {
      if (a.length < length) return false;
      const apply = mapping(spec.operation, spec.scale ?? 1, spec.offset ?? 0, operations, round);
      for (let e = 0; e < length; e++) out[at + e] = stored(apply(a.elements[a.at + e]!));
      return true;
    }
    case "zip": {
      const b = inputs[1];
      if (count < 2 || b === undefined || a.length < length || b.length < length) return false;
      const apply = operations[spec.operation];
      for (let e = 0; e < length; e++)
        out[at + e] = stored(apply(a.elements[a.at + e]!, b.elements[b.at + e]!));
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
      scan(a, out, at, length, round);
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
    if (i === 0) for (let e = 0; e < length; e++) out[at + e] = stored(elements[from + e]!);
    else for (let e = 0; e < length; e++) out[at + e] = stored(fold(out[at + e]!, elements[from + e]!));
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
  neutral: number,
): boolean {
  if (length < 1) return false;
  let result = 0;
  for (let i = 0; i < count; i++) {
    const one = reduceOne(inputs[i]!, fold, round, neutral);
    result = i === 0 ? one : round(fold(result, one));
  }
  out.fill(0, at, at + length);
  out[at] = stored(result);
  return true;
}

/** F1: lane t joins elements t, t + 256, … in order, from the neutral element; then lane t joins lane t + w for w = 128, 64, … 1. */
function reduceOne(
  { elements, at, length }: Operand,
  fold: Binary,
  round: (value: number) => number,
  neutral: number,
): number {
  const lanes = new Float64Array(LANES).fill(neutral);
  for (let from = 0; from < length; from += LANES) {
    const n = Math.min(LANES, length - from);
    for (let t = 0; t < n; t++) lanes[t] = round(fold(lanes[t]!, elements[at + from + t]!));
  }
  for (let w = LANES / 2; w >= 1; w /= 2)
    for (let t = 0; t < w; t++) lanes[t] = round(fold(lanes[t]!, lanes[t + w]!));
  return lanes[0]!;
}

/** F4: running sums within tiles of 32; the totals of a group's 32 tiles, and those of the groups, likewise from zero. */
function scan(a: Operand, out: Elements, at: number, length: number, round: (value: number) => number): void {
  let groupsBefore = 0;
  for (let group = 0; group < length; group += GROUP) {
    let tilesBefore = 0;
    for (let tile = group; tile < Math.min(group + GROUP, length); tile += TILE) {
      const before = round(groupsBefore + tilesBefore);
      let own = 0;
      for (let e = tile; e < Math.min(tile + TILE, length); e++) {
        own = round(own + a.elements[a.at + e]!);
        out[at + e] = stored(round(before + own));
      }
      tilesBefore = round(tilesBefore + own);
    }
    groupsBefore = round(groupsBefore + tilesBefore);
  }
}

/** The canonical NaN for any. */
function stored(value: number): number {
  return Number.isNaN(value) ? Number.NaN : value;
}

function mapping(
  operation: MapOperation,
  scale: number,
  offset: number,
  operations: Readonly<Record<ZipOperation, Binary>>,
  round: (value: number) => number,
): (x: number) => number {
  switch (operation) {
    case "affine": {
      const factor = round(scale);
      const addend = round(offset);
      return (x) => operations.add(round(operations.multiply(x, factor)), addend);
    }
    case "negate":
      return (x) => -x;
    case "absolute":
      return Math.abs;
    case "square":
      return (x) => operations.multiply(x, x);
    case "sqrt":
      return Math.sqrt;
    case "relu":
      return (x) => (Number.isNaN(x) || x > 0 ? x : 0);
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
      out[at + i * columns + j] = stored(sum);
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
  const scale = bins / (high - low);
  for (let e = 0; e < a.length; e++) {
    const bin = Math.floor((a.elements[a.at + e]! - low) * scale);
    if (bin >= 0 && bin < bins) out[at + bin]!++;
  }
  return true;
}
