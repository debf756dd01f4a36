import { assert } from "../base/assert.ts";
import { bytesEqual, EMPTY_BYTES } from "../base/bytes.ts";
import { err, ok, type Result } from "../base/result.ts";
import { RunList } from "../deltas/run-list.ts";
import { encodeMetadataBody, encodeSchemaBody } from "../log/record-bodies.ts";
import { RecordFlag } from "../log/record-kinds.ts";
import type { EdgeSet } from "../pages/edge-set.ts";
import type { PageTable } from "../pages/page-table.ts";
import type { Edge, PageImage } from "../pages/page-types.ts";
import type { Recording } from "../replay/recording.ts";
import type { Origin, StateWriter } from "./state-writer.ts";

/** Fills an empty table and edge set with the state after the recording's last record, an unfinished transaction included. */
export function rebuildState(recording: Recording, table: PageTable, edges: EdgeSet): Result<void> {
  if (recording.stop !== undefined) return err(recording.stop.error);
  const { lastLsn } = recording;
  const { ids } = recording.index.tables;
  for (let slot = 0; slot < ids.count; slot++) table.retireIds(ids.id(slot), ids.id(slot));
  const pages = recording.pagesAt(lastLsn);
  if (!pages.ok) return pages;
  for (const { id } of pages.value) {
    const image = recording.pageAt(id, lastLsn);
    if (!image.ok) return image;
    assert(image.value !== undefined, "a listed page is there");
    const slot = table.revive(image.value);
    if (!slot.ok) return slot;
  }
  const standing = recording.edgesAt(lastLsn);
  if (!standing.ok) return standing;
  for (const edge of standing.value) edges.add(edge);
  return ok();
}

/**
 * Takes back the transaction that the last session did not finish: logs and applies what leads from the state at the recording's end to the
 * one before the transaction, then the abort. The old bytes are known from the recording alone.
 */
export function abortUnfinished(recording: Recording, state: StateWriter): Result<void> {
  const beginLsn = state.log.openTransactionLsn;
  const origin: Origin = {
    source: "mmsb.reopen",
    cause: beginLsn,
    flags: RecordFlag.Compensation,
    metadata: EMPTY_BYTES,
  };
  const undone = restore(recording, beginLsn - 1, state, origin);
  if (!undone.ok) return undone;
  return state.end("abort");
}

function restore(recording: Recording, lsn: number, state: StateWriter, origin: Origin): Result<void> {
  const pages = recording.pagesAt(lsn);
  if (!pages.ok) return pages;
  const edges = recording.edgesAt(lsn);
  if (!edges.ok) return edges;
  const wanted = new Set(edges.value.map(edgeKey));
  for (const edge of [...state.edges.sorted()]) {
    const removed = wanted.has(edgeKey(edge)) ? ok(0) : state.removeEdge(edge, origin);
    if (!removed.ok) return removed;
  }
  const ids = new Set(pages.value.map((page) => page.id));
  for (const slot of state.table.slotsInIdOrder()) {
    const destroyed = ids.has(state.table.idOf(slot)) ? ok(0) : state.destroy(slot, origin);
    if (!destroyed.ok) return destroyed;
  }
  for (const id of ids) {
    const image = recording.pageAt(id, lsn);
    if (!image.ok) return image;
    assert(image.value !== undefined, "a listed page is there");
    const restored = restorePage(image.value, state, origin);
    if (!restored.ok) return restored;
  }
  for (const edge of edges.value) {
    const added = state.edges.has(edge) ? ok(0) : state.addEdge(edge, origin);
    if (!added.ok) return added;
  }
  return ok();
}

function restorePage(image: PageImage, state: StateWriter, origin: Origin): Result<unknown> {
  const { table } = state;
  let slot = table.slotOf(image.id);
  if (slot < 0) {
    const { bytes: _bytes, ...page } = image;
    const revived = state.create(page, origin, true);
    if (!revived.ok) return revived;
    slot = revived.value;
  }
  const runs = new RunList();
  runs.assignDiff(table.bytes(slot), 0, image.bytes, 0, image.bytes.length);
  if (runs.count > 0) {
    const payload = new Uint8Array(runs.totalBytes);
    for (let i = 0, at = 0; i < runs.count; i++) {
      const from = runs.offset[i]!;
      payload.set(image.bytes.subarray(from, from + runs.length[i]!), at);
      at += runs.length[i]!;
    }
    const written = state.delta(slot, runs.offset, runs.length, 0, runs.count, payload, 0, origin);
    if (!written.ok) return written;
  }
  if (table.locationOf(slot) !== image.location) {
    const moved = state.migrate(slot, image.location, origin);
    if (!moved.ok) return moved;
  }
  if (!bytesEqual(encodeMetadataBody(table.metadataOf(slot)), encodeMetadataBody(image.metadata))) {
    const set = state.setMetadata(slot, image.metadata, origin);
    if (!set.ok) return set;
  }
  if (!bytesEqual(encodeSchemaBody(table.schemaOf(slot)), encodeSchemaBody(image.schema)))
    return state.setSchema(slot, image.schema, origin);
  return ok();
}

function edgeKey({ from, to, type }: Edge): string {
  return `${from}-${to}-${type}`;
}
