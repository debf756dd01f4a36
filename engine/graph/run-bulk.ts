import { accel } from "../accel/index.ts";
import { MmsbError } from "../base/errors.ts";
import type { ArenaView } from "./arena-views.ts";
import type { Executor } from "./executor.ts";
import { ELEMENT_SHIFT, type KernelBatch } from "./kernels/kernel-runner.ts";
import { type LevelRun, RunResult } from "./level-run.ts";
import type { Recompute } from "./registry.ts";

/** Staging for results of kernels: at most this many bytes at a time, or one page. */
const STAGING_BYTES = 2 ** 20;

/** Runs rows `[from, to)` of a level, all of which have this columns function or kernel. */
export function runBulk(
  executor: Executor,
  recompute: Recompute,
  run: LevelRun,
  from: number,
  to: number,
): void {
  if (recompute.columns !== undefined) runColumns(executor, recompute, run, from, to);
  else runKernel(executor, recompute, run, from, to);
}

// ---- columns

let columns: Float64Array[] = [];
let output = new Float64Array(0);
let rowOf = new Uint32Array(0);

function reserveColumns(inputs: number, rows: number): void {
  if (columns.length >= inputs && output.length >= rows) return;
  const capacity = Math.max(rows, output.length * 2, 64);
  columns = Array.from({ length: Math.max(inputs, columns.length) }, () => new Float64Array(capacity));
  output = new Float64Array(capacity);
  rowOf = new Uint32Array(capacity);
}

function runColumns(executor: Executor, recompute: Recompute, run: LevelRun, from: number, to: number): void {
  const { graph, views } = executor;
  const { table, incoming } = graph;
  const { inputs, element } = recompute;
  const shift = ELEMENT_SHIFT[element];
  reserveColumns(inputs, to - from);
  let rows = 0;
  for (let k = from; k < to; k++) {
    if (executor.checksResults && run.result[k] !== RunResult.Equal) continue;
    const slot = run.list[k]!;
    graph.sortInputs(slot);
    const bad = missingInput(executor, slot, inputs, shift);
    if (bad !== undefined) executor.fail(recompute, run, k, bad);
    else rowOf[rows++] = k;
  }
  const { start, pool } = incoming;
  const { arena, arenaOffset } = table;
  for (let i = 0; i < inputs; i++) {
    const column = columns[i]!;
    for (let row = 0; row < rows; row++) {
      const input = pool[start[run.list[rowOf[row]!]!]! + i]! >>> 1;
      column[row] = views.all[arena[input]!]![element][arenaOffset[input]! >>> shift]!;
    }
  }
  try {
    recompute.columns!(rows, columns, output);
  } catch (error) {
    for (let row = 0; row < rows; row++) executor.fail(recompute, run, rowOf[row]!, error);
    return;
  }
  for (let row = 0; row < rows; row++) {
    const k = rowOf[row]!;
    const slot = run.list[k]!;
    const view = views.all[arena[slot]!]!;
    storeElement(run, k, view, arenaOffset[slot]!, element, shift, output[row]!);
  }
}

function storeElement(
  run: LevelRun,
  k: number,
  view: ArenaView,
  at: number,
  element: "f64" | "f32" | "u32" | "i32",
  shift: number,
  value: number,
): void {
  const words = view.i32;
  const word = at >>> 2;
  const lo = words[word]!;
  const hi = words[word + 1]!;
  view[element][at >>> shift] = value;
  if (words[word] === lo && (shift === 2 || words[word + 1] === hi)) {
    run.result[k] = RunResult.Equal;
    return;
  }
  run.result[k] = RunResult.Element;
  run.elementOffset[k] = 0;
  run.elementBytes[k] = 1 << shift;
  run.oldLo[k] = lo;
  run.oldHi[k] = hi;
}

function missingInput(
  executor: Executor,
  slot: number,
  inputs: number,
  shift: number,
): MmsbError | undefined {
  const { graph } = executor;
  const { start, pool } = graph.incoming;
  const { size } = graph.table;
  const width = 1 << shift;
  let isFit = graph.dataInputs(slot) >= inputs && size[slot]! >= width;
  for (let i = 0; isFit && i < inputs; i++) isFit = size[pool[start[slot]! + i]! >>> 1]! >= width;
  if (isFit) return undefined;
  const pageId = graph.table.idOf(slot);
  const message = `page ${pageId} needs ${inputs} data inputs, and ${width} bytes in each and in itself`;
  return new MmsbError("DELTA_RANGE", message, "Add the missing edges, or make the pages larger", { pageId });
}

// ---- kernels

let staging = viewOf(STAGING_BYTES);

function viewOf(bytes: number): ArenaView {
  const buffer = new ArrayBuffer(bytes);
  return {
    bytes: new Uint8Array(buffer),
    i8: new Int8Array(buffer),
    u16: new Uint16Array(buffer),
    i16: new Int16Array(buffer),
    u32: new Uint32Array(buffer),
    i32: new Int32Array(buffer),
    f32: new Float32Array(buffer),
    f64: new Float64Array(buffer),
  };
}

/** Kernels write whole pages into staging, and what differs goes into the page: pages are only read while they run. */
function runKernel(executor: Executor, recompute: Recompute, run: LevelRun, from: number, to: number): void {
  let first = from;
  while (first < to) {
    const last = stagingEnd(executor, run, first, to);
    runStaged(executor, recompute, run, first, last);
    first = last;
  }
}

/** The row before which the staging area is full. */
function stagingEnd(executor: Executor, run: LevelRun, from: number, to: number): number {
  const { size } = executor.graph.table;
  let bytes = 0;
  let k = from;
  for (; k < to; k++) {
    const page = (size[run.list[k]!]! + 7) & ~7;
    if (bytes + page > staging.bytes.length) {
      if (k > from) break;
      staging = viewOf(page);
    }
    bytes += page;
  }
  return k;
}

function runStaged(executor: Executor, recompute: Recompute, run: LevelRun, from: number, to: number): void {
  const { graph, views } = executor;
  const { table } = graph;
  const { size, arena, arenaOffset } = table;
  const slots: number[] = [];
  const rowsOf: number[] = [];
  const outAt: number[] = [];
  const inputStart: number[] = [0];
  const inputs: number[] = [];
  let bytes = 0;
  for (let k = from; k < to; k++) {
    if (executor.checksResults && run.result[k] !== RunResult.Equal) continue;
    const slot = run.list[k]!;
    const operands = operandsOf(executor, recompute, slot);
    if (operands instanceof MmsbError) {
      executor.fail(recompute, run, k, operands);
      continue;
    }
    for (const operand of operands) inputs.push(operand);
    inputStart.push(inputs.length);
    slots.push(slot);
    rowsOf.push(k);
    outAt.push(bytes);
    bytes += (size[slot]! + 7) & ~7;
  }
  const batch: KernelBatch = {
    spec: recompute.kernel!,
    rows: slots.length,
    slot: Uint32Array.from(slots),
    inputStart: Uint32Array.from(inputStart),
    inputs: Uint32Array.from(inputs),
    arenas: views.all,
    arena,
    arenaOffset,
    size,
    out: staging,
    outAt: Uint32Array.from(outAt),
    refused: new Uint8Array(slots.length),
  };
  executor.kernels.run(batch);
  for (const [row, k] of rowsOf.entries()) {
    const slot = slots[row]!;
    if (batch.refused[row] !== 0) {
      executor.fail(recompute, run, k, unfitInput(executor, recompute, slot));
      continue;
    }
    if (size[slot] === 8) {
      keepWord(executor, run, k, staging.i32, outAt[row]! >>> 2);
      continue;
    }
    const page = views.all[arena[slot]!]!.bytes;
    const at = arenaOffset[slot]!;
    // The page takes the new bytes, and staging keeps the old ones: what `keepRuns` wants.
    swapBytes(page, at, staging.bytes, outAt[row]!, size[slot]!);
    executor.keepRuns(run, k, staging.bytes, outAt[row]!);
  }
}

/** A page of one word is written whole, as a number is. */
function keepWord(executor: Executor, run: LevelRun, k: number, words: Int32Array, at: number): void {
  const { table } = executor.graph;
  const slot = run.list[k]!;
  const page = executor.views.all[table.arena[slot]!]!.i32;
  const pageAt = table.arenaOffset[slot]! >>> 2;
  if (page[pageAt] === words[at] && page[pageAt + 1] === words[at + 1]) run.result[k] = RunResult.Equal;
  else executor.putElement(run, k, 0, 8, words[at]!, words[at + 1]!);
}

let swapped = new Uint8Array(4096);

function swapBytes(a: Uint8Array, aAt: number, b: Uint8Array, bAt: number, length: number): void {
  if (swapped.length < length) swapped = new Uint8Array(length);
  accel.copyBytes(a, aAt, swapped, 0, length);
  accel.copyBytes(b, bAt, a, aAt, length);
  accel.copyBytes(swapped, 0, b, bAt, length);
}

/** The input pages in the order that the kernel counts them. */
function operandsOf(executor: Executor, recompute: Recompute, slot: number): readonly number[] | MmsbError {
  const { graph } = executor;
  graph.sortInputs(slot);
  const { start, pool } = graph.incoming;
  const data = Array.from(
    pool.subarray(start[slot]!, start[slot]! + graph.dataInputs(slot)),
    (entry) => entry >>> 1,
  );
  const wanted = recompute.kernel!.operands;
  if (wanted === undefined) return data;
  const operands: number[] = [];
  for (const id of wanted) {
    const operand = graph.table.slotOf(id);
    if (!data.includes(operand)) return unknownOperand(graph.table.idOf(slot), id);
    operands.push(operand);
  }
  return operands;
}

function unknownOperand(pageId: bigint, operand: bigint): MmsbError {
  const message = `the kernel of page ${pageId} has page ${operand} as an operand, which is no data input of it`;
  return new MmsbError("RECOMPUTE_UNDECLARED_READ", message, "Add a data edge from that page", { pageId });
}

/** Why a page failed whose inputs a kernel has refused. */
export function unfitInput(executor: Executor, recompute: Recompute, slot: number): MmsbError {
  const pageId = executor.graph.table.idOf(slot);
  const message = `the inputs of page ${pageId} are too few or too short for its ${recompute.name}`;
  return new MmsbError("DELTA_RANGE", message, "Add the missing edges, or make the pages larger", { pageId });
}
