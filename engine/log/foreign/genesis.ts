import { createHash } from "node:crypto";
import { fail, ok, type Result } from "../../base/result.ts";
import { EMPTY_METADATA } from "../../pages/metadata.ts";
import { DEFAULT_PAGE_TYPE, type PageDescriptor } from "../../pages/page-types.ts";
import { stateHashOf, structureHash } from "../../pages/state-hash.ts";
import type { CheckpointImage, CheckpointRef } from "../record-source.ts";
import type { MmsbSnap } from "./mmsbsnap.ts";

/** The longest page that can stand in memory: one arena. */
export const MAX_PAGE_BYTES = 2 ** 30;
const CHUNK_BYTES = 1024 * 1024;

/** The sizes that a caller gave for a log's pages. Errors: PAGE_SIZE_INVALID. */
export function checkPageSizes(sizes: ReadonlyMap<bigint, number>): Result<void> {
  for (const [pageId, sizeBytes] of sizes) {
    if (!Number.isSafeInteger(sizeBytes) || sizeBytes < 0 || sizeBytes > MAX_PAGE_BYTES) {
      const remedy = `Give a whole number of bytes from 0 to ${MAX_PAGE_BYTES}`;
      return fail("PAGE_SIZE_INVALID", `a page cannot have ${sizeBytes} bytes`, remedy, { pageId });
    }
  }
  return ok();
}

/**
 * What a foreign log starts from, as a full checkpoint: pages of zeros in the sizes given, or those of a snapshot, or both. Where both
 * name a page, they must agree on its size.
 */
export function buildGenesis(
  lsn: number,
  sizes: ReadonlyMap<bigint, number>,
  snapshot: MmsbSnap | undefined,
): Result<CheckpointImage> {
  const pages: { readonly page: PageDescriptor; readonly snapshotIndex: number }[] = [];
  for (const [index, page] of (snapshot?.pages ?? []).entries()) {
    const wanted = sizes.get(page.id);
    if (wanted !== undefined && wanted !== page.sizeBytes) {
      const message = `the snapshot holds ${page.sizeBytes} bytes of a page that is said to have ${wanted}`;
      return fail("PAGE_SIZE_INVALID", message, "Leave this page out of the sizes", { pageId: page.id });
    }
    pages.push({ page, snapshotIndex: index });
  }
  const known = new Set(pages.map(({ page }) => page.id));
  for (const [id, sizeBytes] of sizes) {
    if (!known.has(id)) pages.push({ page: zeroPage(id, sizeBytes), snapshotIndex: -1 });
  }
  pages.sort((a, b) => (a.page.id < b.page.id ? -1 : 1));

  const zeroHashes = new Map<number, Uint8Array>();
  const rows: { id: bigint; sizeBytes: number; epoch: number; sha256: Uint8Array }[] = [];
  let totalBytes = 0;
  for (const { page, snapshotIndex } of pages) {
    const { id, sizeBytes, epoch } = page;
    totalBytes += sizeBytes;
    let sha256 = snapshotIndex < 0 ? zeroHashes.get(sizeBytes) : undefined;
    if (sha256 === undefined) {
      const hashed = snapshotIndex < 0 ? ok(hashZeros(sizeBytes)) : snapshot!.hashPage(snapshotIndex);
      if (!hashed.ok) return hashed;
      sha256 = hashed.value;
      if (snapshotIndex < 0) zeroHashes.set(sizeBytes, sha256);
    }
    rows.push({ id, sizeBytes, epoch, sha256 });
  }
  const descriptors = pages.map(({ page }) => page);
  const ref: CheckpointRef = {
    lsn,
    kind: "full",
    baseLsn: lsn,
    recordLsn: 0,
    stateHash: stateHashOf(rows),
    structureHash: structureHash(descriptors, []),
    sizeBytes: totalBytes,
  };
  return ok({
    ref,
    pages: descriptors,
    destroyed: [],
    edges: [],
    registrations: [],
    readPage(index, out) {
      const { snapshotIndex } = pages[index]!;
      if (snapshotIndex >= 0) return snapshot!.readPage(snapshotIndex, out);
      out.fill(0);
      return ok();
    },
  });
}

function zeroPage(id: bigint, sizeBytes: number): PageDescriptor {
  return {
    id,
    sizeBytes,
    epoch: 0,
    location: "cpu",
    type: DEFAULT_PAGE_TYPE,
    metadata: EMPTY_METADATA,
    schema: undefined,
  };
}

function hashZeros(sizeBytes: number): Uint8Array {
  const hash = createHash("sha256");
  const zeros = new Uint8Array(Math.min(sizeBytes, CHUNK_BYTES));
  for (let left = sizeBytes; left > 0; left -= zeros.length) {
    hash.update(left < zeros.length ? zeros.subarray(0, left) : zeros);
  }
  return hash.digest();
}
