/*
 * The recompute kernels in TypeScript, in the one order of operations that docs/DeviceMemoryModel.md fixes (F1 to F6). Every operation is rounded
 * to the element's type by itself; a stored NaN is the canonical one.
 */
import { ElementType, Kernel, KernelFunction, type KernelJob } from "./kernel-batch.ts";

type Elements = Float32Array | Float64Array | Int32Array | Uint32Array;
type Round = (x: number) => number;
type Job = Required<KernelJob>;

const LANES = 256;
const TILE = 32;
const GROUP = 32 * TILE;

interface Arithmetic {
  readonly round: Round;
  readonly add: (a: number, b: number) => number;
  readonly multiply: (a: number, b: number) => number;
  readonly isInteger: boolean;
  readonly largest: number;
  readonly smallest: number;
}

function arithmeticOf(type: ElementType): Arithmetic {
  if (type === ElementType.I32) {
    const round = (x: number) => x | 0;
    const limits = { largest: 0x7fff_ffff, smallest: -0x8000_0000 };
    return { round, add: (a, b) => (a + b) | 0, multiply: Math.imul, isInteger: true, ...limits };
  }
  if (type === ElementType.U32) {
    const round = (x: number) => x >>> 0;
    const wrapped = {
      add: (a: number, b: number) => (a + b) >>> 0,
      multiply: (a: number, b: number) => Math.imul(a, b) >>> 0,
    };
    return { round, ...wrapped, isInteger: true, largest: 0xffff_ffff, smallest: 0 };
  }
  const round: Round = type === ElementType.F32 ? Math.fround : (x) => x;
  const limits = { largest: Number.POSITIVE_INFINITY, smallest: Number.NEGATIVE_INFINITY };
  return {
    round,
    add: (a, b) => round(a + b),
    multiply: (a, b) => round(a * b),
    isInteger: false,
    ...limits,
  };
}

export function elementBytes(type: ElementType): number {
  return type === ElementType.F64 ? 8 : 4;
}

/** Bytes that a job needs of its pages; undefined for a job that makes no sense. */
export function extentOf(
  job: Job,
): { readonly out: number; readonly a: number; readonly b: number } | undefined {
  const { kernel, function: fn, type, count, inner, columns } = job;
  if (type < ElementType.F32 || type > ElementType.U32) return undefined;
  const isMap = fn >= KernelFunction.Affine && fn <= KernelFunction.Square;
  const isZip = fn >= KernelFunction.Add && fn <= KernelFunction.Larger;
  if ((kernel === Kernel.Map && !isMap) || (kernel === Kernel.Zip && !isZip)) return undefined;
  const bytes = elementBytes(type);
  switch (kernel) {
    case Kernel.Sum:
    case Kernel.Min:
    case Kernel.Max:
      return { out: bytes, a: count * bytes, b: 0 };
    case Kernel.Map:
    case Kernel.Scan:
    case Kernel.Copy:
      return { out: count * bytes, a: count * bytes, b: 0 };
    case Kernel.Zip:
      return { out: count * bytes, a: count * bytes, b: count * bytes };
    case Kernel.Matmul:
      return { out: count * columns * bytes, a: count * inner * bytes, b: inner * columns * bytes };
    case Kernel.Histogram:
      return { out: columns * 4, a: count * bytes, b: 0 };
    default:
      return undefined;
  }
}

/** Runs a job whose pages are long enough; their bytes need no alignment. */
export function runKernel(job: Job, out: Uint8Array, a: Uint8Array, b: Uint8Array): void {
  const need = extentOf(job)!;
  if (job.kernel === Kernel.Copy) {
    out.set(a.subarray(0, need.out));
    return;
  }
  const from = elementsOf(job.type, a, need.a);
  if (job.kernel === Kernel.Histogram) {
    const bins = histogram(job, from);
    out.set(new Uint8Array(bins.buffer, 0, need.out));
    return;
  }
  const result = compute(job, from, elementsOf(job.type, b, need.b), need.out / elementBytes(job.type));
  out.set(new Uint8Array(result.buffer, 0, need.out));
}

/** A copy, because a page may start anywhere. */
function elementsOf(type: ElementType, bytes: Uint8Array, length: number): Elements {
  const { buffer } = bytes.slice(0, length);
  if (type === ElementType.F32) return new Float32Array(buffer);
  if (type === ElementType.U32) return new Uint32Array(buffer);
  return type === ElementType.F64 ? new Float64Array(buffer) : new Int32Array(buffer);
}

function compute(job: Job, a: Elements, b: Elements, length: number): Elements {
  const { type, kernel } = job;
  const out = elementsOf(type, new Uint8Array(length * elementBytes(type)), length * elementBytes(type));
  const math = arithmeticOf(type);
  switch (kernel) {
    case Kernel.Sum:
    case Kernel.Min:
    case Kernel.Max:
      out[0] = stored(reduce(kernel, a, math));
      break;
    case Kernel.Map: {
      const scale = math.round(job.scale);
      const bias = math.round(job.bias);
      for (let i = 0; i < length; i++) out[i] = stored(mapped(job.function, a[i]!, scale, bias, math));
      break;
    }
    case Kernel.Zip:
      for (let i = 0; i < length; i++) out[i] = stored(zipped(job.function, a[i]!, b[i]!, math));
      break;
    case Kernel.Scan:
      scan(a, out, math);
      break;
    case Kernel.Matmul:
      matmul(job, a, b, out, math);
      break;
  }
  return out;
}

/** The canonical NaN for any. */
function stored(x: number): number {
  return Number.isNaN(x) ? Number.NaN : x;
}

/** F1: lane t joins elements t, t + 256, … in order, from the neutral element; then lane t joins lane t + w for w = 128, 64, … 1. */
function reduce(kernel: Kernel, a: Elements, math: Arithmetic): number {
  const join = kernel === Kernel.Sum ? math.add : kernel === Kernel.Min ? Math.min : Math.max;
  const neutral = kernel === Kernel.Sum ? 0 : kernel === Kernel.Min ? math.largest : math.smallest;
  const lanes = new Float64Array(LANES).fill(neutral);
  for (let i = 0; i < a.length; i++) lanes[i % LANES] = join(lanes[i % LANES]!, a[i]!);
  for (let w = LANES / 2; w >= 1; w /= 2)
    for (let t = 0; t < w; t++) lanes[t] = join(lanes[t]!, lanes[t + w]!);
  return lanes[0]!;
}

/** F2. */
function mapped(fn: KernelFunction, x: number, scale: number, bias: number, math: Arithmetic): number {
  switch (fn) {
    case KernelFunction.Affine:
      return math.add(math.multiply(x, scale), bias);
    case KernelFunction.Negate:
      return math.isInteger ? math.round(-x) : -x;
    case KernelFunction.Absolute:
      return math.isInteger ? math.round(Math.abs(x)) : Math.abs(x);
    case KernelFunction.SquareRoot:
      return math.round(Math.sqrt(x));
    case KernelFunction.Square:
      return math.multiply(x, x);
    default:
      return Number.isNaN(x) ? x : x > 0 ? x : 0;
  }
}

/** F3. */
function zipped(fn: KernelFunction, a: number, b: number, math: Arithmetic): number {
  switch (fn) {
    case KernelFunction.Add:
      return math.add(a, b);
    case KernelFunction.Subtract:
      return math.round(a - b);
    case KernelFunction.Multiply:
      return math.multiply(a, b);
    case KernelFunction.Divide:
      if (math.isInteger) return b === 0 ? 0 : math.round(a / b);
      return math.round(a / b);
    case KernelFunction.Smaller:
      return Math.min(a, b);
    default:
      return Math.max(a, b);
  }
}

/**
 * F4: running sums from zero within tiles of 32; the totals of a group's 32 tiles summed from zero in order; the groups' totals likewise. An element
 * is (groups before + tiles before) + its own running sum.
 */
function scan(a: Elements, out: Elements, math: Arithmetic): void {
  const { add } = math;
  let groupsBefore = 0;
  for (let group = 0; group < a.length; group += GROUP) {
    let tilesBefore = 0;
    for (let tile = group; tile < Math.min(group + GROUP, a.length); tile += TILE) {
      const before = add(groupsBefore, tilesBefore);
      let own = 0;
      for (let i = tile; i < Math.min(tile + TILE, a.length); i++) {
        own = add(own, a[i]!);
        out[i] = stored(add(before, own));
      }
      tilesBefore = add(tilesBefore, own);
    }
    groupsBefore = add(groupsBefore, tilesBefore);
  }
}

/** F5: element (i, j) adds a(i, k) * b(k, j) for k = 0, 1, … from zero. */
function matmul(job: Job, a: Elements, b: Elements, out: Elements, math: Arithmetic): void {
  const { count, inner, columns } = job;
  for (let i = 0; i < count; i++) {
    for (let j = 0; j < columns; j++) {
      let sum = 0;
      for (let k = 0; k < inner; k++)
        sum = math.add(sum, math.multiply(a[i * inner + k]!, b[k * columns + j]!));
      out[i * columns + j] = stored(sum);
    }
  }
}

/** F6: in f64; what falls outside, and NaN, is dropped. */
function histogram(job: Job, a: Elements): Uint32Array {
  const bins = new Uint32Array(job.columns);
  for (let i = 0; i < a.length; i++) {
    const bin = Math.floor((a[i]! - job.bias) * job.scale);
    if (bin >= 0 && bin < job.columns) bins[bin]!++;
  }
  return bins;
}
