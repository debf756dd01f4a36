import { ok, type Result } from "../base/result.ts";
import { DeviceMemory } from "../device/device-memory.ts";
import type { DevicePages } from "../device/device-pages.ts";
import {
  KernelBatch as DeviceJobs,
  ElementType,
  Kernel,
  KernelFunction,
  type KernelJob,
} from "../device/kernel-batch.ts";
import { ELEMENT_SHIFT, type KernelBatch, type KernelRunner } from "../graph/kernels/kernel-runner.ts";
import type { KernelElement, KernelSpec, MapOperation, ZipOperation } from "../graph/kernels/kernel-spec.ts";

/** What a batch reads for each of its launches at least before a device is worth them and the way back: the CPU does as much in their time. */
const MIN_BYTES = 32_768;

const TYPES: Readonly<Record<KernelElement, ElementType>> = {
  f64: ElementType.F64,
  f32: ElementType.F32,
  i32: ElementType.I32,
  u32: ElementType.U32,
};
const MAPS: Readonly<Record<MapOperation, KernelFunction>> = {
  affine: KernelFunction.Affine,
  negate: KernelFunction.Negate,
  absolute: KernelFunction.Absolute,
  square: KernelFunction.Square,
  sqrt: KernelFunction.SquareRoot,
  relu: KernelFunction.Relu,
};
const ZIPS: Readonly<Record<ZipOperation, KernelFunction>> = {
  add: KernelFunction.Add,
  subtract: KernelFunction.Subtract,
  multiply: KernelFunction.Multiply,
  divide: KernelFunction.Divide,
  min: KernelFunction.Smaller,
  max: KernelFunction.Larger,
};
const FOLDS = { sum: KernelFunction.Add, min: KernelFunction.Smaller, max: KernelFunction.Larger } as const;
const REDUCTIONS = { sum: Kernel.Sum, min: Kernel.Min, max: Kernel.Max } as const;

export interface DeviceKernelsOptions {
  readonly pages: DevicePages;
  /** Runs what is not for the device, and everything where that fails. */
  readonly cpu: KernelRunner;
  /** Pages that a wave may write: their copies on the device are not those of this wave. */
  readonly isComputed: (slot: number) => boolean;
  /** Says which wave runs. */
  readonly wave: () => number;
  readonly minBytes?: number;
}

/**
 * Runs the graph's kernels on pages that live on a device, with the bits that the CPU gives (docs/DeviceMemoryModel.md, F1 to F6). Pages are only read: results
 * come back whole, the wave finds what has changed, logs it and sends it to the device as deltas. Within a wave the results stay there, so that the level below reads
 * them in place. What lives elsewhere, is small, or names inputs that do not fit goes to the CPU.
 */
export class DeviceKernels implements KernelRunner {
  readonly name = "device";
  /** Rows that a device computed. */
  rowsRun = 0;
  readonly #pages: DevicePages;
  readonly #cpu: KernelRunner;
  readonly #isComputed: (slot: number) => boolean;
  readonly #waveOf: () => number;
  readonly #minBytes: number;
  /** By slot: this wave's bytes of a computed page. */
  readonly #fresh = new Map<number, number>();
  #wave = 0;

  constructor({ pages, cpu, isComputed, wave, minBytes = MIN_BYTES }: DeviceKernelsOptions) {
    this.#pages = pages;
    this.#cpu = cpu;
    this.#isComputed = isComputed;
    this.#waveOf = wave;
    this.#minBytes = minBytes;
  }

  run(batch: KernelBatch): void {
    const rows = this.#rowsFor(batch);
    if (rows.length === 0 || !this.#runRows(batch, rows).ok) {
      this.#cpu.run(batch);
      return;
    }
    this.rowsRun += rows.length;
    for (const row of rows) batch.refused[row] = 0;
    if (rows.length < batch.rows) this.#runRest(batch, new Set(rows));
  }

  /** The wave is over: its results on the device are let go. */
  release(): void {
    for (const handle of this.#fresh.values()) this.#pages.backend.freePage(handle);
    this.#fresh.clear();
  }

  /** Rows all of whose pages live on the device and fit; none where they are too few to be worth it. */
  #rowsFor(batch: KernelBatch): number[] {
    const { slot, inputStart, inputs, size } = batch;
    const { backend } = this.#pages;
    if (this.#pages.count === 0 || backend.failure !== undefined) return [];
    const rows: number[] = [];
    let bytes = 0;
    let launches = 1;
    for (let row = 0; row < batch.rows; row++) {
      const operands = inputs.subarray(inputStart[row]!, inputStart[row + 1]!);
      if (
        !isForDevice(
          batch.spec,
          size[slot[row]!]!,
          [...operands].map((operand) => size[operand]!),
        )
      )
        continue;
      if (this.#pages.handleOf(slot[row]!) < 0) continue;
      if (!operands.every((operand) => this.#pages.handleOf(operand) >= 0)) continue;
      rows.push(row);
      for (const operand of operands) bytes += size[operand]!;
      launches = Math.max(launches, launchesOf(batch.spec, operands.length));
    }
    return bytes < this.#minBytes * launches ? [] : rows;
  }

  /** Errors: those of the device. Nothing of the batch has changed then. */
  #runRows(batch: KernelBatch, rows: readonly number[]): Result<void> {
    if (this.#waveOf() !== this.#wave) {
      this.release();
      this.#wave = this.#waveOf();
    }
    const scratch: number[] = [];
    const results: number[] = [];
    const done = this.#compute(batch, rows, scratch, results);
    const read = done.ok ? this.#readBack(batch, rows, results, scratch) : done;
    const { backend } = this.#pages;
    for (const handle of scratch) backend.freePage(handle);
    for (const [at, handle] of results.entries()) {
      const slot = batch.slot[rows[at]!]!;
      const before = this.#fresh.get(slot);
      if (before !== undefined) backend.freePage(before);
      if (read.ok) this.#fresh.set(slot, handle);
      else {
        this.#fresh.delete(slot);
        backend.freePage(handle);
      }
    }
    return this.#pages.judged(read);
  }

  #compute(batch: KernelBatch, rows: readonly number[], scratch: number[], results: number[]): Result<void> {
    const { backend } = this.#pages;
    const flushed = this.#pages.flush();
    if (!flushed.ok) return flushed;
    this.#pages.nameCause(0);
    const { spec, slot, inputStart, inputs, size } = batch;
    const steps: DeviceJobs[] = [];
    for (const row of rows) {
      const sizeBytes = size[slot[row]!]!;
      const operands: number[] = [];
      for (const operand of inputs.subarray(inputStart[row]!, inputStart[row + 1]!)) {
        const handle = this.#current(batch, operand);
        if (!handle.ok) return handle;
        operands.push(handle.value);
      }
      const make = (list: number[], bytes: number): Result<number> => {
        const made = backend.createPage(DeviceMemory.Device, 0n, bytes);
        if (made.ok) list.push(made.value);
        return made;
      };
      const out = make(results, sizeBytes);
      if (!out.ok) return out;
      if (!isReduction(spec) || operands.length === 1) {
        const inputBytes = size[inputs[inputStart[row]!]!]!;
        const pages = { out: out.value, a: operands[0]!, b: operands[1] ?? 0 };
        (steps[0] ??= new DeviceJobs()).push({ ...jobOf(spec, sizeBytes, inputBytes), ...pages });
        continue;
      }
      let step = 0;
      const join = joinOf(spec, sizeBytes);
      if (spec.over === "elements") {
        // each input by itself, all in one launch
        for (const [i, a] of operands.entries()) {
          const part = make(scratch, 8);
          if (!part.ok) return part;
          const job = jobOf(spec, sizeBytes, size[inputs[inputStart[row]! + i]!]!);
          (steps[0] ??= new DeviceJobs()).push({ ...job, out: part.value, a, b: 0 });
          operands[i] = part.value;
        }
        step = 1;
      }
      // ((in0 ∘ in1) ∘ in2) ∘ …: what was joined so far changes places between two pages, and the last one stands in the result.
      const spare: number[] = [];
      let joined = operands[0]!;
      for (let next = 1; next < operands.length; next++, step++) {
        let to = next === operands.length - 1 ? out.value : spare[next & 1];
        if (to === undefined) {
          const made = make(scratch, sizeBytes);
          if (!made.ok) return made;
          to = spare[next & 1] = made.value;
        }
        (steps[step] ??= new DeviceJobs()).push({ ...join, out: to, a: joined, b: operands[next]! });
        joined = to;
      }
    }
    for (const jobs of steps) {
      const ran = backend.run(jobs);
      if (!ran.ok) return ran;
    }
    return ok();
  }

  /** The page as this wave sees it: its own copy on the device, or of a page that waves compute, its bytes of now. */
  #current({ arenas, arena, arenaOffset, size }: KernelBatch, slot: number): Result<number> {
    if (!this.#isComputed(slot)) return ok(this.#pages.handleOf(slot));
    const known = this.#fresh.get(slot);
    if (known !== undefined) return ok(known);
    const { backend } = this.#pages;
    const made = backend.createPage(DeviceMemory.Device, 0n, size[slot]!);
    if (!made.ok) return made;
    this.#fresh.set(slot, made.value);
    const at = arenaOffset[slot]!;
    const sent = backend.write(made.value, 0, arenas[arena[slot]!]!.bytes.subarray(at, at + size[slot]!));
    return sent.ok ? made : sent;
  }

  /** All results in one piece over the link. */
  #readBack(
    batch: KernelBatch,
    rows: readonly number[],
    results: readonly number[],
    scratch: number[],
  ): Result<void> {
    const { backend } = this.#pages;
    const length = Uint32Array.from(rows, (row) => batch.size[batch.slot[row]!]!);
    const total = length.reduce((sum, bytes) => sum + bytes, 0);
    const buffer = backend.createPage(DeviceMemory.Device, 0n, total);
    if (!buffer.ok) return buffer;
    scratch.push(buffer.value);
    const ranges = { page: Uint32Array.from(results), offset: new Uint32Array(rows.length), length };
    const gathered = backend.gather(buffer.value, 0, { ...ranges, count: rows.length });
    if (!gathered.ok) return gathered;
    const bytes = new Uint8Array(total);
    const read = backend.read(buffer.value, 0, bytes);
    if (!read.ok) return read;
    let at = 0;
    for (const [i, row] of rows.entries()) {
      batch.out.bytes.set(bytes.subarray(at, at + length[i]!), batch.outAt[row]!);
      at += length[i]!;
    }
    return ok();
  }

  /** The rows that are not for the device, as a batch of their own. */
  #runRest(batch: KernelBatch, done: ReadonlySet<number>): void {
    const rows = Array.from({ length: batch.rows }, (_, row) => row).filter((row) => !done.has(row));
    const inputs: number[] = [];
    const inputStart = [0];
    for (const row of rows) {
      for (const operand of batch.inputs.subarray(batch.inputStart[row]!, batch.inputStart[row + 1]!))
        inputs.push(operand);
      inputStart.push(inputs.length);
    }
    const refused = new Uint8Array(rows.length);
    this.#cpu.run({
      ...batch,
      rows: rows.length,
      slot: Uint32Array.from(rows, (row) => batch.slot[row]!),
      inputStart: Uint32Array.from(inputStart),
      inputs: Uint32Array.from(inputs),
      outAt: Uint32Array.from(rows, (row) => batch.outAt[row]!),
      refused,
    });
    for (const [at, row] of rows.entries()) batch.refused[row] = refused[at]!;
  }
}

type Reduction = Extract<KernelSpec, { kind: "sum" | "min" | "max" }>;

function isReduction(spec: KernelSpec): spec is Reduction {
  return spec.kind === "sum" || spec.kind === "min" || spec.kind === "max";
}

/** Launches that a page with so many inputs takes, one after the other: a reduction joins them one by one. */
function launchesOf(spec: KernelSpec, inputs: number): number {
  if (!isReduction(spec) || inputs === 1) return 1;
  return spec.over === "elements" ? inputs : inputs - 1;
}

/** Whether a device takes a page of so many bytes, computed from inputs of such sizes. What does not fit is the CPU's to refuse. */
function isForDevice(spec: KernelSpec, bytes: number, inputs: readonly number[]): boolean {
  if (inputs.length === 0) return false;
  const shift = spec.kind === "copy" ? 2 : ELEMENT_SHIFT[spec.element ?? "f64"];
  const length = bytes >>> shift;
  const [a, b] = inputs.map((size) => size >>> shift);
  switch (spec.kind) {
    case "copy":
      return bytes % 4 === 0 && inputs[0]! >= bytes;
    case "sum":
    case "min":
    case "max":
      if (spec.over === "elements") return length > 0 && inputs.every((size) => size >>> shift > 0);
      return inputs.length > 1 && inputs.every((size) => size >>> shift >= length);
    case "zip":
      return inputs.length > 1 && a! >= length && b! >= length;
    case "matmul": {
      const { rows, inner, columns } = spec;
      return inputs.length > 1 && rows * columns <= length && rows * inner <= a! && inner * columns <= b!;
    }
    case "histogram":
      return length > 0;
    default:
      return a! >= length;
  }
}

/** The job that joins two inputs of a reduction, or what each of two comes to, without its pages. */
function joinOf(spec: Reduction, bytes: number): Omit<KernelJob, "out" | "a" | "b"> {
  const element = spec.element ?? "f64";
  const count = spec.over === "elements" ? 1 : bytes >>> ELEMENT_SHIFT[element];
  return { kernel: Kernel.Zip, function: FOLDS[spec.kind], type: TYPES[element], count };
}

/** The job of a row, without its pages. Of a reduction over elements: of one of its inputs. */
function jobOf(spec: KernelSpec, bytes: number, inputBytes: number): Omit<KernelJob, "out" | "a" | "b"> {
  if (spec.kind === "copy") return { kernel: Kernel.Copy, type: ElementType.U32, count: bytes >>> 2 };
  const element = spec.element ?? "f64";
  const shift = ELEMENT_SHIFT[element];
  const type = TYPES[element];
  const count = bytes >>> shift;
  switch (spec.kind) {
    case "sum":
    case "min":
    case "max":
      return { kernel: REDUCTIONS[spec.kind], type, count: inputBytes >>> shift };
    case "map": {
      const { scale = 1, offset: bias = 0 } = spec;
      return { kernel: Kernel.Map, function: MAPS[spec.operation], type, count, scale, bias };
    }
    case "zip":
      return { kernel: Kernel.Zip, function: ZIPS[spec.operation], type, count };
    case "matmul":
      return { kernel: Kernel.Matmul, type, count: spec.rows, inner: spec.inner, columns: spec.columns };
    case "scan":
      return { kernel: Kernel.Scan, type, count };
    case "histogram": {
      const columns = (count << shift) >>> 2;
      const scale = columns / (spec.high - spec.low);
      return { kernel: Kernel.Histogram, type, count: inputBytes >>> shift, columns, scale, bias: spec.low };
    }
  }
}
