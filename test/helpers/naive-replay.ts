// What a recording's readable records mean, worked out in the plainest way: the oracle for recordings that lost some.

import { unwrap } from "../../engine/base/result.ts";
import { decodeDeltaBody } from "../../engine/deltas/delta-body.ts";
import { RunList } from "../../engine/deltas/run-list.ts";
import {
  decodeEdge,
  decodeMetadataBody,
  decodePageCreate,
  decodePageMigrate,
  decodeSchemaBody,
} from "../../engine/log/record-bodies.ts";
import { RecordKind } from "../../engine/log/record-kinds.ts";
import type { Edge, PageImage } from "../../engine/pages/page-types.ts";
import { compareEdges } from "../../engine/pages/state-hash.ts";
import type { MemorySource } from "./memory-recording.ts";

export interface NaiveState {
  readonly lsn: number;
  readonly pages: Map<bigint, PageImage>;
  readonly edges: Edge[];
  readonly unknown: number;
  /** Known to be uncertain from the records up to here. */
  readonly uncertain: Set<bigint>;
  readonly afterGap: boolean;
}

/** A page's bytes are not known for certain from one LSN to before another. */
export interface NaiveDoubt {
  readonly id: bigint;
  readonly from: number;
  until: number;
}

/** The state after every readable record, genesis first, and what the whole recording shows to be uncertain. */
export function naiveReplay(source: MemorySource): { states: NaiveState[]; doubts: NaiveDoubt[] } {
  let pages = new Map<bigint, PageImage>();
  let edges: Edge[] = [];
  let unknown = 0;
  const uncertain = new Set<bigint>();
  /** Pages not yet seen since a gap: the LSN from which they are in doubt. */
  const inDoubt = new Map<bigint, number>();
  const doubts: NaiveDoubt[] = [];
  let afterGap = false;
  let lastGap = 0;
  const states: NaiveState[] = [];
  const load = (lsn: number) => {
    const image = source.images.find((candidate) => candidate.ref.lsn === lsn);
    if (image === undefined) return false;
    pages = new Map();
    for (const [i, page] of image.pages.entries()) {
      const bytes = new Uint8Array(page.sizeBytes);
      unwrap(image.readPage(i, bytes));
      pages.set(page.id, { ...page, bytes });
    }
    edges = [...image.edges];
    return true;
  };
  const snapshot = (lsn: number) =>
    states.push({
      lsn,
      pages: new Map([...pages].map(([id, page]) => [id, { ...page, bytes: page.bytes.slice() }])),
      edges: [...edges].sort(compareEdges),
      unknown,
      uncertain: new Set(uncertain),
      afterGap,
    });
  const pass = (from: number) => {
    afterGap = true;
    lastGap = from;
    for (const id of pages.keys()) if (!inDoubt.has(id)) inDoubt.set(id, from);
  };
  const clear = (id: bigint, lsn: number) => {
    uncertain.delete(id);
    inDoubt.delete(id);
    for (const doubt of doubts) if (doubt.id === id) doubt.until = Math.min(doubt.until, lsn);
  };
  const mend = (lsn: number) => {
    if (!afterGap || !load(lsn)) return;
    afterGap = false;
    inDoubt.clear();
    for (const id of [...uncertain]) clear(id, lsn);
  };

  load(source.firstLsn - 1);
  snapshot(source.firstLsn - 1);
  const runs = new RunList();
  for (let lsn = source.firstLsn; lsn <= source.lastLsn; lsn++) {
    const gap = source.gaps.find(({ fromLsn, toLsn }) => fromLsn <= lsn && lsn <= toLsn);
    if (gap !== undefined) {
      if (lsn === gap.fromLsn) pass(gap.toLsn + 1);
      // a checkpoint may stand where the records are gone
      if (afterGap && source.images.some((image) => image.ref.lsn === lsn)) {
        mend(lsn);
        if (lsn < gap.toLsn) pass(gap.toLsn + 1);
      }
      continue;
    }
    const {
      kind,
      page: id = 0n,
      epoch = 0,
      body = new Uint8Array(0),
    } = source.records[lsn - source.firstLsn]!;
    const page = pages.get(id);
    if (kind === RecordKind.PageCreate) {
      const { sizeBytes, ...rest } = unwrap(decodePageCreate(body));
      pages.set(id, { id, sizeBytes, epoch, ...rest, bytes: new Uint8Array(sizeBytes) });
      clear(id, lsn);
    } else if (kind === RecordKind.PageDestroy) {
      if (page === undefined) unknown++;
      pages.delete(id);
      clear(id, lsn);
    } else if (kind === RecordKind.PageMigrate) {
      if (page === undefined) unknown++;
      else pages.set(id, { ...page, location: unwrap(decodePageMigrate(body)) });
    } else if (kind === RecordKind.SchemaChange) {
      if (page === undefined) unknown++;
      else {
        const schema = decodeSchemaBody(body, page.sizeBytes);
        if (schema.ok) pages.set(id, { ...page, schema: schema.value });
        else {
          // of a page whose creation is lost: it does not fit the one that stands
          if (!uncertain.has(id))
            doubts.push({ id, from: inDoubt.get(id) ?? lastGap, until: Number.POSITIVE_INFINITY });
          uncertain.add(id);
          inDoubt.delete(id);
        }
      }
    } else if (kind === RecordKind.MetadataChange) {
      if (page === undefined) unknown++;
      else pages.set(id, { ...page, metadata: unwrap(decodeMetadataBody(body)) });
    } else if (kind === RecordKind.EdgeAdd || kind === RecordKind.EdgeRemove) {
      const edge: Edge = { from: id, ...unwrap(decodeEdge(body)) };
      edges = edges.filter((other) => compareEdges(edge, other) !== 0);
      if (kind === RecordKind.EdgeAdd) edges.push(edge);
    } else if (kind === RecordKind.Gap) pass(lsn);
    else if (kind === RecordKind.Delta) {
      if (page === undefined) unknown++;
      else {
        let at = decodeDeltaBody(body, 0, body.length, runs);
        let covered = 0;
        for (let run = 0; run < runs.count; run++) {
          for (let i = 0; i < runs.length[run]!; i++, at++) {
            const offset = runs.offset[run]! + i;
            if (offset >= page.sizeBytes) continue;
            page.bytes[offset] = body[at]!;
            covered++;
          }
        }
        const since = inDoubt.get(id);
        if (since !== undefined && epoch !== page.epoch + 1 && !uncertain.has(id)) {
          uncertain.add(id);
          doubts.push({ id, from: since, until: Number.POSITIVE_INFINITY });
        }
        inDoubt.delete(id);
        if (covered === page.sizeBytes) clear(id, lsn);
        pages.set(id, { ...page, epoch });
      }
    }
    mend(lsn);
    snapshot(lsn);
  }
  return { states, doubts };
}
