import { Prng } from "../../../engine/base/prng.ts";
import type { WireSchemaField } from "../../../engine/protocol/requests/pages.ts";

/** A record of the made-up recording: what the real engine keeps in columns, as an object. */
export interface FakeRecord {
  readonly lsn: number;
  readonly kind: string;
  readonly timeNs: bigint;
  readonly page: bigint | undefined;
  readonly source: string;
  readonly cause: number;
  /** LSN of the TransactionBegin; 0 = none. */
  readonly transaction: number;
  readonly epoch: number;
  readonly ranges: readonly { readonly offset: number; readonly bytes: Uint8Array }[];
  readonly derived: boolean;
  readonly metadata: string | undefined;
  readonly eventType: string | undefined;
  readonly text: string;
  readonly severity: number;
  readonly durationNs: bigint;
  /** For edges: the page that depends on `page`. */
  readonly to: bigint | undefined;
}

export interface FakePage {
  readonly id: bigint;
  readonly type: string;
  readonly sizeBytes: number;
  readonly fields: readonly WireSchemaField[] | undefined;
  readonly createdLsn: number;
  destroyedLsn: number;
  /** Its deltas, in LSN order. */
  readonly deltas: FakeRecord[];
}

export interface FakeRecording {
  readonly records: readonly FakeRecord[];
  readonly pages: ReadonlyMap<bigint, FakePage>;
  readonly edges: readonly { readonly from: bigint; readonly to: bigint; readonly lsn: number }[];
  readonly sources: readonly string[];
  readonly pageTypes: readonly string[];
  readonly eventTypes: readonly string[];
}

export interface FakeOptions {
  readonly seed?: number;
  readonly generations?: number;
  readonly tiles?: number;
}

export const FIRST_TIME_NS = 1_777_888_999_000_000_000n;
const HUGE_ID = 18446744073709551615n;

/** Something like the Game of Life on pages: tiles, sums that depend on them, transactions, events, a failure, a page with the largest id. */
export function makeFakeRecording({
  seed = 7,
  generations = 300,
  tiles = 24,
}: FakeOptions = {}): FakeRecording {
  const random = new Prng(seed);
  const records: FakeRecord[] = [];
  const pages = new Map<bigint, FakePage>();
  const edges: { from: bigint; to: bigint; lsn: number }[] = [];
  let time = FIRST_TIME_NS;
  let transaction = 0;
  const epochs = new Map<bigint, number>();

  const add = (kind: string, change: Partial<FakeRecord> = {}): FakeRecord => {
    time += BigInt(200 + random.below(9_000));
    const record: FakeRecord = {
      lsn: records.length + 1,
      kind,
      timeNs: time,
      page: undefined,
      source: "life",
      cause: 0,
      transaction,
      epoch: 0,
      ranges: [],
      derived: false,
      metadata: undefined,
      eventType: undefined,
      text: "",
      severity: 0,
      durationNs: 0n,
      to: undefined,
      ...change,
    };
    records.push(record);
    return record;
  };
  const create = (id: bigint, type: string, sizeBytes: number, fields?: WireSchemaField[]) => {
    const { lsn } = add("page-create", { page: id, text: `${type}, ${sizeBytes} bytes` });
    pages.set(id, { id, type, sizeBytes, fields, createdLsn: lsn, destroyedLsn: 0, deltas: [] });
  };
  const write = (page: bigint, ranges: FakeRecord["ranges"], change: Partial<FakeRecord> = {}) => {
    const epoch = (epochs.get(page) ?? 0) + 1;
    epochs.set(page, epoch);
    const record = add("delta", { page, ranges, epoch, ...change });
    pages.get(page)!.deltas.push(record);
    return record;
  };
  const inTransaction = (body: (begin: number) => void, outcome = "tx-commit") => {
    transaction = records.length + 1;
    const begin = add("tx-begin").lsn;
    body(begin);
    add(outcome, { cause: begin });
    transaction = 0;
  };
  const depend = (from: bigint, to: bigint) => {
    const { lsn } = add("edge-add", { page: from, to });
    edges.push({ from, to, lsn });
  };

  add("session-start", { source: "session", text: "life, seed 7" });
  inTransaction(() => {
    for (let tile = 1; tile <= tiles; tile++) {
      create(BigInt(tile), "tile", 1024, [{ name: "cells", type: "u8", offset: 0, shape: [32, 32] }]);
    }
    create(100n, "population", 64, [
      { name: "alive", type: "u32", offset: 0, shape: [] },
      { name: "density", type: "f32", offset: 4, shape: [] },
      { name: "history", type: "u32", offset: 16, shape: [12] },
    ]);
    create(101n, "heat", 4096, [{ name: "heat", type: "f32", offset: 0, shape: [32, 32] }]);
    create(HUGE_ID, "bytes", 70_000);
    for (let tile = 1; tile <= tiles; tile++) depend(BigInt(tile), tile % 2 === 0 ? 100n : 101n);
    depend(100n, 101n);
    depend(101n, HUGE_ID);
  });
  for (let generation = 0; generation < generations; generation++) {
    inTransaction(
      (begin) => {
        const wave = add("event", {
          eventType: "wave-start",
          text: `generation ${generation}`,
          source: "graph",
          cause: begin,
        });
        let last = begin;
        const active =
          2 + random.below(Math.max(1, Math.round(tiles * (0.5 + 0.5 * Math.sin(generation / 17)))));
        for (let i = 0; i < active; i++) {
          const tile = BigInt(1 + random.below(tiles));
          const ranges = Array.from({ length: 1 + random.below(4) }, (_, at) => ({
            offset: at * 256 + random.below(200),
            bytes: Uint8Array.from({ length: 1 + random.below(24) }, () => random.below(2)),
          }));
          const metadata = i === 0 ? JSON.stringify({ generation, rule: "B3/S23" }) : undefined;
          last = write(tile, ranges, {
            cause: begin,
            metadata,
            source: random.chance(0.2) ? "seeder" : "life",
          }).lsn;
        }
        const sum = new DataView(new ArrayBuffer(8));
        sum.setUint32(0, 400 + Math.round(120 * Math.sin(generation / 9)) + random.below(20), true);
        sum.setFloat32(4, 0.2 + 0.1 * Math.sin(generation / 9), true);
        const sumBytes = new Uint8Array(sum.buffer);
        const population = write(
          100n,
          [
            { offset: 0, bytes: sumBytes },
            { offset: 16 + (generation % 12) * 4, bytes: sumBytes.slice(0, 4) },
          ],
          {
            cause: wave.lsn,
            derived: true,
            source: "recompute:population",
          },
        );
        const heat = new Float32Array(32).map(() => random.float());
        write(101n, [{ offset: (generation % 32) * 128, bytes: new Uint8Array(heat.buffer) }], {
          cause: population.lsn,
          derived: true,
          source: "recompute:heat",
        });
        if (generation % 40 === 20) {
          add("failure", {
            page: HUGE_ID,
            source: "recompute:archive",
            text: "the archive function threw: out of ink",
            severity: 2,
            cause: population.lsn,
          });
        } else if (generation % 5 === 0) {
          write(
            HUGE_ID,
            [
              {
                offset: random.below(69_000),
                bytes: Uint8Array.from({ length: 120 }, () => random.below(256)),
              },
            ],
            {
              cause: last,
              derived: true,
              source: "recompute:archive",
            },
          );
        }
        add("event", {
          eventType: "wave-end",
          text: `${active + 2} pages`,
          source: "graph",
          cause: wave.lsn,
          durationNs: BigInt(20_000 + random.below(90_000)),
        });
      },
      generation % 67 === 66 ? "tx-abort" : "tx-commit",
    );
    if (generation % 60 === 59) add("checkpoint", { source: "session", text: "full" });
    if (generation % 90 === 45)
      add("event", { eventType: "user-mark", text: "look here", source: "user", severity: 1 });
    time += BigInt(random.below(400_000));
  }
  add("session-stop", { source: "session", text: "closed" });
  const unique = (texts: readonly (string | undefined)[]) => [
    ...new Set(texts.filter((text): text is string => text !== undefined)),
  ];
  return {
    records,
    pages,
    edges,
    sources: unique(records.map((record) => record.source)),
    pageTypes: unique([...pages.values()].map((page) => page.type)),
    eventTypes: unique(records.map((record) => record.eventType)),
  };
}

/** A page's bytes after record `lsn`, and who wrote each last. */
export function pageAt(
  page: FakePage,
  lsn: number,
): { bytes: Uint8Array; writers: Float64Array; last: FakeRecord | undefined } {
  const bytes = new Uint8Array(page.sizeBytes);
  const writers = new Float64Array(page.sizeBytes);
  let last: FakeRecord | undefined;
  for (const delta of page.deltas) {
    if (delta.lsn > lsn) break;
    for (const range of delta.ranges) {
      bytes.set(range.bytes, range.offset);
      writers.fill(delta.lsn, range.offset, range.offset + range.bytes.length);
    }
    last = delta;
  }
  return { bytes, writers, last };
}
