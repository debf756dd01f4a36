// What stands when, worked out from a recording's records in the plainest way: the oracle for everything that is asked about pages over time.
import { unwrap } from "../../engine/base/result.ts";
import { decodeDeltaBody } from "../../engine/deltas/delta-body.ts";
import { RunList } from "../../engine/deltas/run-list.ts";
import { RecordBatch } from "../../engine/log/record-batch.ts";
import { decodeEdge, decodePageCreate, decodePageMigrate } from "../../engine/log/record-bodies.ts";
import { RecordKind } from "../../engine/log/record-kinds.ts";
import { baseOf, type RecordSource } from "../../engine/log/record-source.ts";

export interface FlatRecord {
  readonly lsn: number;
  readonly kind: number;
  readonly page: bigint;
  readonly epoch: number;
  readonly timeNs: bigint;
  readonly source: string;
  readonly cause: number;
  readonly flags: number;
  readonly bodyBytes: number;
  readonly body: Uint8Array;
}

/** A delta that changed a page which was there. */
export interface AppliedDelta {
  readonly lsn: number;
  readonly epoch: number;
  readonly bodyBytes: number;
  readonly writes: readonly { readonly offset: number; readonly bytes: Uint8Array }[];
}

export interface NaiveLife {
  readonly from: number;
  /** The LSN at which it is gone; Infinity: it stays. */
  until: number;
  readonly type: string;
  readonly sizeBytes: number;
  readonly epoch: number;
  readonly initial: Uint8Array;
  readonly deltas: AppliedDelta[];
  /** Location codes from LSNs on, in order. */
  readonly locations: { readonly lsn: number; readonly location: string }[];
}

export interface NaiveEdge {
  readonly from: bigint;
  readonly to: bigint;
  readonly type: string;
  readonly lsn: number;
  until: number;
}

export class NaiveLives {
  readonly baseLsn: number;
  readonly lastLsn: number;
  readonly records: readonly FlatRecord[];
  /** In order of first appearance. */
  readonly pages = new Map<bigint, NaiveLife[]>();
  readonly edges: NaiveEdge[] = [];

  constructor(source: RecordSource) {
    this.baseLsn = source.firstLsn - 1;
    this.lastLsn = source.lastLsn;
    const base = baseOf(source);
    const image = base === undefined ? undefined : unwrap(source.loadCheckpoint(base));
    image?.pages.forEach((page, at) => {
      const initial = new Uint8Array(page.sizeBytes);
      unwrap(image.readPage(at, initial));
      this.#begin(page.id, {
        from: this.baseLsn,
        type: page.type,
        sizeBytes: page.sizeBytes,
        epoch: page.epoch,
        initial,
        location: page.location,
      });
    });
    for (const { from, to, type } of image?.edges ?? [])
      this.edges.push({ from, to, type, lsn: this.baseLsn, until: Number.POSITIVE_INFINITY });
    this.records = flatRecords(source);
    for (const record of this.records) this.#follow(record);
  }

  #begin(
    id: bigint,
    { location, ...life }: Omit<NaiveLife, "until" | "deltas" | "locations"> & { location: string },
  ): void {
    const lives = this.pages.get(id) ?? [];
    lives.push({
      ...life,
      until: Number.POSITIVE_INFINITY,
      deltas: [],
      locations: [{ lsn: life.from, location }],
    });
    this.pages.set(id, lives);
  }

  #follow({ lsn, kind, page, epoch, body, bodyBytes }: FlatRecord): void {
    const newest = this.pages.get(page)?.at(-1);
    const alive = newest?.until === Number.POSITIVE_INFINITY ? newest : undefined;
    if (kind === RecordKind.PageCreate) {
      if (alive !== undefined) alive.until = lsn;
      const { sizeBytes, type, location } = unwrap(decodePageCreate(body));
      this.#begin(page, { from: lsn, type, sizeBytes, epoch, initial: new Uint8Array(sizeBytes), location });
    } else if (kind === RecordKind.PageDestroy && alive !== undefined) alive.until = lsn;
    else if (kind === RecordKind.PageMigrate && alive !== undefined)
      alive.locations.push({ lsn, location: unwrap(decodePageMigrate(body)) });
    else if (kind === RecordKind.Delta && alive !== undefined)
      alive.deltas.push({ lsn, epoch, bodyBytes, writes: writesOf(body) });
    else if (kind === RecordKind.EdgeAdd || kind === RecordKind.EdgeRemove) {
      const { to, type } = unwrap(decodeEdge(body));
      const standing = this.edges.find(
        (edge) =>
          edge.from === page &&
          edge.to === to &&
          edge.until === Number.POSITIVE_INFINITY &&
          edge.type === type,
      );
      if (kind === RecordKind.EdgeAdd && standing === undefined)
        this.edges.push({ from: page, to, type, lsn, until: Number.POSITIVE_INFINITY });
      else if (kind === RecordKind.EdgeRemove && standing !== undefined) standing.until = lsn;
    }
  }

  at(lsn: number): FlatRecord {
    return this.records[lsn - this.baseLsn - 1]!;
  }

  lifeAt(page: bigint, lsn: number): NaiveLife | undefined {
    return this.pages.get(page)?.find((life) => life.from <= lsn && lsn < life.until);
  }

  /** All deltas that any life of the page took. */
  deltasOf(page: bigint): AppliedDelta[] {
    return (this.pages.get(page) ?? []).flatMap((life) => life.deltas);
  }

  bytesAt(life: NaiveLife, lsn: number): Uint8Array {
    const bytes = life.initial.slice();
    for (const delta of life.deltas) {
      if (delta.lsn > lsn) break;
      for (const { offset, bytes: written } of delta.writes)
        for (let i = 0; i < written.length && offset + i < bytes.length; i++) bytes[offset + i] = written[i]!;
    }
    return bytes;
  }

  edgesAt(lsn: number): NaiveEdge[] {
    return this.edges.filter((edge) => edge.lsn <= lsn && lsn < edge.until);
  }

  /** LSN of the transaction open after `lsn`; 0 = none. */
  openTransaction(lsn: number): number {
    let open = 0;
    for (const { kind, lsn: at } of this.records) {
      if (at > lsn) break;
      if (kind === RecordKind.TransactionBegin) open = at;
      else if (kind === RecordKind.TransactionCommit || kind === RecordKind.TransactionAbort) open = 0;
    }
    return open;
  }

  /** The last LSN up to which no record is later than that. */
  lsnAtTime(timeNs: bigint): number {
    let lsn = this.baseLsn;
    for (const record of this.records) {
      if (record.timeNs > timeNs) return lsn;
      lsn = record.lsn;
    }
    return lsn;
  }
}

function writesOf(body: Uint8Array): { offset: number; bytes: Uint8Array }[] {
  const runs = new RunList();
  let at = decodeDeltaBody(body, 0, body.length, runs);
  return Array.from({ length: runs.count }, (_, run) => {
    const bytes = body.slice(at, at + runs.length[run]!);
    at += bytes.length;
    return { offset: runs.offset[run]!, bytes };
  });
}

function flatRecords(source: RecordSource): FlatRecord[] {
  const batch = new RecordBatch();
  const records: FlatRecord[] = [];
  for (let block = 0; block < source.blockCount; block++) {
    unwrap(source.readBlock(block, batch));
    for (let row = 0; row < batch.count; row++) {
      records.push({
        lsn: batch.lsn(row),
        kind: batch.kind[row]!,
        page: batch.pageId(row),
        epoch: batch.epoch[row]!,
        timeNs: batch.timestampNs(row),
        source: batch.sourceText(row),
        cause: batch.cause[row]!,
        flags: batch.flags[row]!,
        bodyBytes: batch.bodyLength[row]!,
        body: batch.body(row).slice(),
      });
    }
  }
  return records;
}
