import { ok, type Result } from "../base/result.ts";
import type { RecomputeDefinition } from "../graph/recompute.ts";
import { checkDefinition } from "../graph/registry.ts";
import { RecordBatch } from "../log/record-batch.ts";
import { RecordKind } from "../log/record-kinds.ts";
import { baseOf, type RecordSource } from "../log/record-source.ts";
import { decodeRegistration, type Registration } from "../log/registration.ts";
import type { RecomputeTarget } from "./recompute-target.ts";
import type { StateWriter } from "./state-writer.ts";

/** The registrations that stand at the end of a recording's last whole transaction: those that its first checkpoint lists, and what came after. */
export function registrationsOf(source: RecordSource): Result<Map<RecomputeTarget, Registration>> {
  const standing = new Map<RecomputeTarget, Registration>();
  const base = baseOf(source);
  const image = base === undefined ? undefined : source.loadCheckpoint(base);
  if (image !== undefined) {
    if (!image.ok) return image;
    for (const { pageId, registration } of image.value.registrations)
      standing.set(registration.pageType ?? pageId, registration);
  }
  const batch = new RecordBatch();
  for (let block = 0; block < source.blockCount; block++) {
    const read = source.readBlock(block, batch);
    if (!read.ok) return read;
    for (let row = 0; row < batch.count && batch.lsn(row) <= source.committedLsn; row++) {
      const kind = batch.kind[row]!;
      if (kind === RecordKind.PageDestroy) standing.delete(batch.pageId(row));
      if (kind !== RecordKind.Recompute) continue;
      const registration = decodeRegistration(batch.body(row));
      if (!registration.ok) return registration;
      const { pageType, registered } = registration.value;
      const target = pageType ?? batch.pageId(row);
      if (registered) standing.set(target, registration.value);
      else standing.delete(target);
    }
  }
  return ok(standing);
}

/** Fills the graph of a session that goes on: edges, kernels, and the names of functions that are to be registered again. */
export function rebindRecomputes(source: RecordSource, state: StateWriter): Result<void> {
  const { reactive } = state;
  for (const edge of state.edges.sorted()) {
    const added = reactive.addEdge(edge);
    // Recordings made before cycles were refused may hold one: its last edge stands, and no wave follows it.
    if (!added.ok && added.error.code !== "GRAPH_CYCLE") return added;
  }
  const standing = registrationsOf(source);
  if (!standing.ok) return standing;
  for (const [target, registration] of standing.value) {
    const kernel = kernelOf(registration);
    if (kernel !== undefined && (typeof target === "string" || state.table.slotOf(target) >= 0))
      reactive.define(target, kernel);
    else reactive.unbound.set(target, registration);
  }
  return ok();
}

/** Undefined for a function, and for what is no kernel of this version. */
function kernelOf({ form, name, options }: Registration): RecomputeDefinition | undefined {
  if (form !== "kernel") return undefined;
  let parsed: RecomputeDefinition;
  try {
    const told = JSON.parse(options);
    const operands = told.kernel.operands?.map((id: string) => BigInt(id));
    parsed = { ...told, name, kernel: { ...told.kernel, ...(operands === undefined ? {} : { operands }) } };
  } catch {
    return undefined;
  }
  return checkDefinition(parsed).ok ? parsed : undefined;
}
