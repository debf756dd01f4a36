import { ok, type Result } from "../base/result.ts";
import type { DeltaBatch } from "../deltas/delta-batch.ts";
import { badCall } from "./device-errors.ts";
import { DeviceMemory } from "./device-memory.ts";
import type { DevicePages } from "./device-pages.ts";
import { KernelBatch, type KernelJob } from "./kernel-batch.ts";

/** A recompute kernel over pages of the table, which are named by slot. */
export type PageJob = Omit<KernelJob, "out" | "a" | "b"> & {
  readonly out: number;
  readonly a: number;
  readonly b?: number;
};

/**
 * Runs kernels on resident pages and adds what they changed to `deltas`: one row a page, in the order of the jobs, of the bytes that differ. The caller
 * logs and applies them like any write (the device has them already; writing the same bytes again is harmless), or calls `undo` on the outcome.
 *
 * What changed is found on the device: the pages are cloned, the kernels run, and clone and page are compared. Only changed bytes cross the link.
 * Errors: ARGUMENT_INVALID (a page that is not on the device, or is written twice), DEVICE_OUT_OF_MEMORY, DEVICE_FAILED; the pages are as before then.
 */
export function runOnPages(
  pages: DevicePages,
  jobs: readonly PageJob[],
  deltas: DeltaBatch,
  source: number,
  cause: number,
): Result<{ undo(): void }> {
  const { backend, table } = pages;
  const flushed = pages.flush();
  if (!flushed.ok) return flushed;
  const outs = new Set<number>();
  const batch = new KernelBatch(jobs.length);
  for (const job of jobs) {
    const { out, a, b } = job;
    for (const slot of [out, a, ...(b === undefined ? [] : [b])])
      if (pages.handleOf(slot) < 0) return badCall(`page ${table.idOf(slot)} is not on the device`);
    if (outs.has(out)) return badCall(`page ${table.idOf(out)} is written by two kernels`);
    outs.add(out);
    const handles = { out: pages.handleOf(out), a: pages.handleOf(a) };
    batch.push({ ...job, ...handles, ...(b === undefined ? {} : { b: pages.handleOf(b) }) });
  }
  const slots = [...outs];
  const after = Uint32Array.from(slots, (slot) => pages.handleOf(slot));
  const before = new Uint32Array(slots.length);
  let made = 0;
  const free = () => {
    for (let i = 0; i < made; i++) backend.freePage(before[i]!);
  };
  for (const slot of slots) {
    const clone = backend.createPage(DeviceMemory.Device, table.idOf(slot), table.size[slot]!);
    if (!clone.ok) {
      free();
      return clone;
    }
    before[made++] = clone.value;
  }
  const restore = () => backend.clone(before, after, made);
  const ran = backend.clone(after, before, made);
  const done = ran.ok ? backend.run(batch) : ran;
  const collected = done.ok ? collect(pages, slots, before, after, deltas, source, cause) : done;
  if (!collected.ok && done.ok) restore();
  free();
  if (!collected.ok) return collected;
  const undo = () => {
    for (const slot of slots)
      if (pages.handleOf(slot) >= 0) backend.write(pages.handleOf(slot), 0, table.bytes(slot));
  };
  return ok({ undo });
}

/** The runs in which the pages changed, and their bytes, gathered into one buffer and read in one piece. */
function collect(
  pages: DevicePages,
  slots: readonly number[],
  before: Uint32Array,
  after: Uint32Array,
  deltas: DeltaBatch,
  source: number,
  cause: number,
): Result<void> {
  const { backend, table } = pages;
  const found = backend.diff(before, after, slots.length);
  if (!found.ok) return found;
  const { runStart, runOffset, runLength } = found.value;
  const runs = runOffset.length;
  if (runs === 0) return ok();
  const page = new Uint32Array(runs);
  let total = 0;
  for (let i = 0; i < slots.length; i++) page.fill(after[i]!, runStart[i]!, runStart[i + 1]!);
  for (let run = 0; run < runs; run++) total += runLength[run]!;
  const buffer = backend.createPage(DeviceMemory.Device, 0n, total);
  if (!buffer.ok) return buffer;
  const bytes = new Uint8Array(total);
  const gathered = backend.gather(buffer.value, 0, {
    page,
    offset: runOffset,
    length: runLength,
    count: runs,
  });
  const read = gathered.ok ? backend.read(buffer.value, 0, bytes) : gathered;
  backend.freePage(buffer.value);
  if (!read.ok) return read;
  let at = 0;
  for (let i = 0; i < slots.length; i++) {
    const from = runStart[i]!;
    const to = runStart[i + 1]!;
    if (from === to) continue;
    const slot = slots[i]!;
    const { idLo, idHi } = table;
    deltas.pushRuns(slot, idLo[slot]!, idHi[slot]!, runOffset, runLength, from, to, bytes, at, source, cause);
    for (let run = from; run < to; run++) at += runLength[run]!;
  }
  return ok();
}
