// Random sessions with everything a log can hold, and a naive oracle that knows the state after every record.
import { Prng } from "../../engine/base/prng.ts";
import {
  encodeEdge,
  encodeEvent,
  encodeMetadataBody,
  encodePageCreate,
  encodePageMigrate,
  encodeSchemaBody,
  encodeTransactionEnd,
} from "../../engine/log/record-bodies.ts";
import { RecordFlag, RecordKind } from "../../engine/log/record-kinds.ts";
import {
  EDGE_TYPES,
  type Edge,
  LOCATIONS,
  type PageImage,
  type PageMetadata,
} from "../../engine/pages/page-types.ts";
import { compareEdges } from "../../engine/pages/state-hash.ts";
import { deltaBody, imageOf, MemorySource, type MemoryState } from "./memory-recording.ts";

export interface OracleWrite {
  readonly lsn: number;
  readonly page: bigint;
  readonly ranges: readonly { readonly start: number; readonly end: number }[];
}

/** The state after one record, copied: slow, and obviously right. */
export interface OracleState {
  readonly lsn: number;
  readonly pages: ReadonlyMap<bigint, PageImage>;
  readonly edges: readonly Edge[];
  /** LSN of the open TransactionBegin; 0 = none. */
  readonly open: number;
  /** Where each page's present life began. */
  readonly born: ReadonlyMap<bigint, number>;
}

export interface RandomRecording {
  readonly source: MemorySource;
  /** `states[lsn - source.firstLsn + 1]`; the first is the genesis. */
  readonly states: OracleState[];
  readonly writes: OracleWrite[];
}

export interface RandomOptions {
  readonly records: number;
  readonly blockRecords?: number;
  readonly pages?: number;
  readonly pageBytes?: number;
  /** Share of records that are deltas. */
  readonly deltas?: number;
  readonly genesisPages?: number;
  readonly firstLsn?: number;
  /** Full checkpoints now and then, so many records apart. */
  readonly checkpointEvery?: number;
  /** Page ids are used again after a destroy, as in foreign or mended logs. */
  readonly reuseIds?: boolean;
}

const IDS = [0n, 1n, 2n, 3n, 9007199254740993n, 18446744073709551615n, 7n, 8n, 9n, 10n, 11n, 12n, 13n, 14n];

export function randomRecording(seed: number, options: RandomOptions): RandomRecording {
  const random = new Prng(seed);
  const {
    records,
    blockRecords = 10,
    pages: pageCount = 6,
    pageBytes = 64,
    deltas = 0.7,
    genesisPages = 0,
  } = options;
  const ids = IDS.slice(0, pageCount);
  let nextId = 100n;
  const pages = new Map<bigint, PageImage>();
  const born = new Map<bigint, number>();
  let edges: Edge[] = [];
  let open = 0;

  const bytes = (length: number) => Uint8Array.from({ length }, () => random.u32());
  const metadata = (): PageMetadata =>
    random.chance(0.5) ? new Map() : new Map([[`k${random.below(3)}`, bytes(random.below(5))]]);
  const schema = (sizeBytes: number) =>
    random.chance(0.5) || sizeBytes < 4
      ? undefined
      : {
          fields: [
            {
              name: `f${random.below(3)}`,
              type: "u32" as const,
              offset: random.below(sizeBytes - 3),
              shape: [],
            },
          ],
        };
  const page = (id: bigint, lsn: number, content: boolean): PageImage => {
    const sizeBytes = 1 + random.below(pageBytes);
    born.set(id, lsn);
    return {
      id,
      sizeBytes,
      epoch: content ? random.below(1000) : 0,
      location: random.pick(LOCATIONS),
      type: `type${random.below(3)}`,
      metadata: metadata(),
      schema: schema(sizeBytes),
      bytes: content ? bytes(sizeBytes) : new Uint8Array(sizeBytes),
    };
  };

  const genesisLsn = (options.firstLsn ?? 1) - 1;
  for (const id of ids.slice(0, genesisPages)) pages.set(id, page(id, genesisLsn, true));
  const sorted = (): PageImage[] => [...pages.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
  const copied = (): PageImage[] => sorted().map((one) => ({ ...one, bytes: one.bytes.slice() }));
  const memoryState = (lsn: number): MemoryState => ({ lsn, pages: copied(), edges: [...edges] });
  const source = new MemorySource(blockRecords, memoryState(genesisLsn));
  const states: OracleState[] = [];
  const writes: OracleWrite[] = [];
  const snapshot = (lsn: number) =>
    states.push({
      lsn,
      pages: new Map(copied().map((one) => [one.id, one])),
      edges: [...edges],
      open,
      born: new Map(born),
    });
  snapshot(genesisLsn);

  let time = 1_700_000_000_000_000_000n;
  const common = (lsn: number) => {
    // now and then equal, now and then earlier than before
    time += BigInt(random.below(4)) * 500n;
    return {
      timeNs: random.chance(0.1) ? time - 700n : time,
      source: `source${random.below(4)}`,
      cause: random.chance(0.5) && lsn > 1 ? 1 + random.below(lsn - 1) : 0,
    };
  };
  const add = (record: Parameters<MemorySource["add"]>[0]) => {
    const lsn = source.add({ ...common(source.firstLsn + source.records.length), ...record });
    return lsn;
  };

  const writeTo = (target: PageImage) => {
    const isWhole = random.chance(0.05);
    const runs: [number, Uint8Array][] = [];
    // now and then beyond the page's end
    for (let at = isWhole ? 0 : random.below(target.sizeBytes); runs.length < 4; ) {
      const length = isWhole ? target.sizeBytes : 1 + random.below(8);
      runs.push([at, bytes(length)]);
      at += length + 1 + random.below(16);
      if (at >= target.sizeBytes || random.chance(0.5)) break;
    }
    const epoch = target.epoch + 1;
    const lsn = add({
      kind: RecordKind.Delta,
      page: target.id,
      epoch,
      body: deltaBody(...runs),
      flags: random.chance(0.2) ? RecordFlag.Derived : 0,
    });
    for (const [offset, written] of runs)
      target.bytes.set(
        written.subarray(0, Math.max(0, target.sizeBytes - offset)),
        Math.min(offset, target.sizeBytes),
      );
    pages.set(target.id, { ...target, epoch });
    const ranges = runs
      .map(([start, written]) => ({ start, end: Math.min(target.sizeBytes, start + written.length) }))
      .filter(({ start, end }) => start < end);
    writes.push({ lsn, page: target.id, ranges });
    return lsn;
  };

  const structural = (): number => {
    const live = sorted();
    const target = live.length === 0 ? undefined : random.pick(live);
    switch (random.below(9)) {
      case 0:
      case 1: {
        const free = ids.filter((id) => !pages.has(id));
        const id =
          free.length > 0 && (options.reuseIds === true || random.chance(0.3)) ? random.pick(free) : nextId++;
        const isReuse = states.some((state) => state.pages.has(id));
        if (isReuse && options.reuseIds !== true)
          return add({ kind: RecordKind.SessionStart, body: new Uint8Array([0, 0]) });
        const { bytes: content, ...rest } = page(id, 0, false);
        const lsn = add({ kind: RecordKind.PageCreate, page: id, body: encodePageCreate(rest) });
        born.set(id, lsn);
        pages.set(id, { ...rest, bytes: content });
        return lsn;
      }
      case 2: {
        if (target === undefined || random.chance(0.5)) break;
        pages.delete(target.id);
        return add({ kind: RecordKind.PageDestroy, page: target.id });
      }
      case 3: {
        if (target === undefined) break;
        const location = random.pick(LOCATIONS);
        pages.set(target.id, { ...target, location });
        return add({ kind: RecordKind.PageMigrate, page: target.id, body: encodePageMigrate(location) });
      }
      case 4: {
        if (target === undefined) break;
        const changed = schema(target.sizeBytes);
        pages.set(target.id, { ...target, schema: changed });
        return add({ kind: RecordKind.SchemaChange, page: target.id, body: encodeSchemaBody(changed) });
      }
      case 5: {
        if (target === undefined) break;
        const changed = metadata();
        pages.set(target.id, { ...target, metadata: changed });
        return add({ kind: RecordKind.MetadataChange, page: target.id, body: encodeMetadataBody(changed) });
      }
      case 6: {
        const edge: Edge = { from: random.pick(ids), to: random.pick(ids), type: random.pick(EDGE_TYPES) };
        if (!edges.some((other) => compareEdges(edge, other) === 0))
          edges = [...edges, edge].sort(compareEdges);
        return add({ kind: RecordKind.EdgeAdd, page: edge.from, body: encodeEdge(edge) });
      }
      case 7: {
        const edge = edges.length > 0 ? random.pick(edges) : { from: 1n, to: 2n, type: "data" as const };
        edges = edges.filter((other) => compareEdges(edge, other) !== 0);
        return add({ kind: RecordKind.EdgeRemove, page: edge.from, body: encodeEdge(edge) });
      }
      default:
        break;
    }
    // a delta for a page that is not there
    if (random.chance(0.5))
      return add({ kind: RecordKind.Delta, page: 999_999n, epoch: 1, body: deltaBody([0, [1]]) });
    return add({
      kind: RecordKind.Event,
      body: encodeEvent({ eventType: random.below(5), payload: bytes(3) }),
    });
  };

  while (source.records.length < records) {
    const live = sorted();
    let lsn: number;
    if (open === 0 && random.chance(0.1)) {
      lsn = add({ kind: RecordKind.TransactionBegin });
      open = lsn;
    } else if (open !== 0 && random.chance(0.2)) {
      const kind = random.chance(0.7) ? RecordKind.TransactionCommit : RecordKind.TransactionAbort;
      lsn = add({ kind, body: encodeTransactionEnd(open) });
      open = 0;
    } else if (live.length > 0 && random.chance(deltas)) lsn = writeTo(random.pick(live));
    else lsn = structural();
    snapshot(lsn);
    if (options.checkpointEvery !== undefined && open === 0 && random.chance(1 / options.checkpointEvery)) {
      source.images.push(imageOf(memoryState(lsn)));
    }
  }
  if (open !== 0) source.committed = open - 1;
  return { source, states, writes };
}
