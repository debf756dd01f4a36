import { bytesEqual } from "../base/bytes.ts";
import { fail, ok, type Result } from "../base/result.ts";
import {
  type CheckpointImage,
  type CheckpointRef,
  type RecordSource,
  readPages,
} from "../log/record-source.ts";
import { EdgeSet } from "../pages/edge-set.ts";
import { PageTable, type PageTableOptions } from "../pages/page-table.ts";
import { StateHasher, structureHash } from "../pages/state-hash.ts";
import type { Session } from "./session.ts";

/** A whole state in memory, and the LSN that it stands after. */
export interface LoadedState {
  readonly lsn: number;
  readonly table: PageTable;
  readonly edges: EdgeSet;
}

/** Writes a checkpoint of the session's state into its log; returns the LSN of its record. Errors: TRANSACTION_STATE, LOG_READ_ONLY. */
export function checkpointLog(session: Session, kind: "full" | "dirty" = "full"): Result<number> {
  return session.checkpoint(kind);
}

/**
 * Loads the last checkpoint at or before `lsn`: a dirty one on top of those it builds upon. The state is compared with the checkpoint's
 * hashes. Errors: CHECKPOINT_NOT_FOUND, CHECKPOINT_DAMAGED, HASH_MISMATCH, PAGE_OUT_OF_MEMORY, those of the source.
 */
export function loadCheckpoint(
  source: RecordSource,
  lsn: number,
  memory: PageTableOptions = {},
): Result<LoadedState> {
  const chain = chainAt(source, lsn);
  if (!chain.ok) return chain;
  const table = new PageTable(memory);
  const edges = new EdgeSet();
  for (const ref of chain.value) {
    const image = source.loadCheckpoint(ref);
    if (!image.ok) return image;
    const applied = applyImage(image.value, table, edges);
    if (!applied.ok) return applied;
  }
  const ref = chain.value.at(-1)!;
  const sameState = bytesEqual(new StateHasher(table).stateHash(), ref.stateHash);
  if (!sameState || !bytesEqual(structureHash(table.descriptors(), edges.sorted()), ref.structureHash)) {
    const message = "the checkpoint's pages do not have the hash that it gives them";
    return fail("HASH_MISMATCH", message, "Run 'mmsb verify' on the recording", {
      path: source.path,
      lsn: ref.lsn,
    });
  }
  return ok({ lsn: ref.lsn, table, edges });
}

/** The checkpoints to apply one after another: a full one, then the dirty ones up to the last at or before `lsn`. */
function chainAt(source: RecordSource, lsn: number): Result<CheckpointRef[]> {
  let ref = source.checkpoints.findLast((candidate) => candidate.lsn <= lsn);
  if (ref === undefined) {
    const message = "there is no checkpoint at or before this LSN";
    return fail("CHECKPOINT_NOT_FOUND", message, "Replay from the recording's beginning", {
      path: source.path,
      lsn,
    });
  }
  const chain = [ref];
  while (ref.kind === "dirty") {
    const { baseLsn, lsn: dirtyLsn }: CheckpointRef = ref;
    const base: CheckpointRef | undefined = source.checkpoints.findLast(
      (candidate) => candidate.lsn === baseLsn && candidate.lsn < dirtyLsn,
    );
    if (base === undefined) {
      const message = `the checkpoint builds on one at LSN ${baseLsn}, which is not there`;
      return fail("CHECKPOINT_DAMAGED", message, "Use an earlier full checkpoint", {
        path: source.path,
        lsn: dirtyLsn,
      });
    }
    chain.push(base);
    ref = base;
  }
  return ok(chain.reverse());
}

function applyImage(image: CheckpointImage, table: PageTable, edges: EdgeSet): Result<void> {
  for (const id of image.destroyed) {
    const slot = table.slotOf(id);
    if (slot >= 0) table.destroy(slot);
    else table.retireIds(id, id);
  }
  const outs: Uint8Array[] = [];
  for (const page of image.pages) {
    const known = table.slotOf(page.id);
    if (known >= 0) table.destroy(known);
    const slot = table.revive(page);
    if (!slot.ok) return slot;
    outs.push(table.bytes(slot.value));
  }
  const read = readPages(image, 0, outs);
  if (!read.ok) return read;
  edges.clear();
  for (const edge of image.edges) edges.add(edge);
  return ok();
}
