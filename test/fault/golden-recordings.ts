import { createHash } from "node:crypto";
import { ManualClock } from "../../engine/base/clock.ts";
import { unwrap } from "../../engine/base/result.ts";
import type { CheckpointContent } from "../../engine/log/checkpoint-format.ts";
import type { LogReader } from "../../engine/log/log-reader.ts";
import { LogWriter, type LogWriterOptions, type RecordFields } from "../../engine/log/log-writer.ts";
import { RecordBatch } from "../../engine/log/record-batch.ts";
import {
  encodeEdge,
  encodeEvent,
  encodeFailure,
  encodeMetadataBody,
  encodePageCreate,
  encodePageMigrate,
  encodeSchemaBody,
  encodeSessionStart,
} from "../../engine/log/record-bodies.ts";
import { RecordFlag, RecordKind } from "../../engine/log/record-kinds.ts";
import { encodeRegistration } from "../../engine/log/registration.ts";
import type { Edge, PageDescriptor, PageSchema } from "../../engine/pages/page-types.ts";
import { compareEdges, hashPageBytes, stateHashOf, structureHash } from "../../engine/pages/state-hash.ts";
import { SimulatedDisk } from "./simulated-disk.ts";

const FOLDER = "/golden";
const LAST_ID = 18446744073709551615n;
const ODD_ID = 9007199254740993n;

type Page = PageDescriptor & { readonly bytes: Uint8Array };

/** The state beside the log, kept by the simplest means there are. */
class Model {
  readonly pages = new Map<bigint, Page>();
  edges: Edge[] = [];
  readonly #changed = new Set<bigint>();
  readonly #destroyed = new Set<bigint>();

  put(page: PageDescriptor, bytes: Uint8Array = new Uint8Array(page.sizeBytes)): void {
    this.pages.set(page.id, { ...page, bytes });
    this.#changed.add(page.id);
  }

  change(id: bigint, change: Partial<PageDescriptor>): void {
    this.put({ ...this.pages.get(id)!, ...change }, this.pages.get(id)!.bytes);
  }

  destroy(id: bigint): void {
    this.pages.delete(id);
    this.#changed.delete(id);
    this.#destroyed.add(id);
  }

  /** The whole state, or with `baseLsn` what changed since the content before. */
  content(baseLsn?: number): CheckpointContent {
    const all = [...this.pages.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
    const pages = baseLsn === undefined ? all : all.filter((page) => this.#changed.has(page.id));
    const edges = this.edges.slice().sort(compareEdges);
    const destroyed = baseLsn === undefined ? [] : [...this.#destroyed].sort();
    this.#changed.clear();
    this.#destroyed.clear();
    return {
      kind: baseLsn === undefined ? "full" : "dirty",
      baseLsn: baseLsn ?? 0,
      pages,
      destroyed,
      edges,
      stateHash: stateHashOf(all.map((page) => ({ ...page, sha256: hashPageBytes(page.bytes) }))),
      structureHash: structureHash(all, edges),
      bytesOf: (index) => pages[index]!.bytes,
    };
  }
}

const text = (value: string) => new TextEncoder().encode(value);
const plain = { location: "cpu", type: "bytes", metadata: new Map(), schema: undefined, epoch: 0 } as const;
const SCHEMA: PageSchema = {
  fields: [
    { name: "count", type: "u32", offset: 0, shape: [] },
    { name: "grid", type: "f32", offset: 8, shape: [2, 3] },
  ],
};

function options(name: number, more: LogWriterOptions): LogWriterOptions {
  const uuid = Uint8Array.from({ length: 16 }, (_, i) => name * 16 + i);
  return { uuid, clock: new ManualClock(1_700_000_000_000_000_000n, 1500n), durability: "commit", ...more };
}

/** Writes through model and log at once. */
class Pen {
  readonly writer: LogWriter;
  readonly model: Model;

  constructor(writer: LogWriter, model: Model) {
    this.writer = writer;
    this.model = model;
  }

  record(kind: RecordKind, fields: RecordFields): number {
    return this.writer.append(kind, fields);
  }

  create(page: PageDescriptor): void {
    this.model.put(page);
    this.record(RecordKind.PageCreate, { pageId: page.id, source: "main", body: encodePageCreate(page) });
  }

  /** One delta of runs [offset, bytes]. */
  write(
    id: bigint,
    runs: readonly (readonly [number, readonly number[]])[],
    flags = 0,
    cause = 0,
    metadata = "",
  ): number {
    const page = this.model.pages.get(id)!;
    const epoch = page.epoch + 1;
    this.model.change(id, { epoch });
    const payload: number[] = [];
    for (const [offset, bytes] of runs) {
      page.bytes.set(bytes, offset);
      payload.push(...bytes);
    }
    const offsets = Uint32Array.from(runs, ([offset]) => offset);
    const lengths = Uint32Array.from(runs, ([, bytes]) => bytes.length);
    this.writer.stamp();
    const [lo, hi] = [Number(id & 0xffffffffn), Number(id >> 32n)];
    return this.writer.appendDelta(
      lo,
      hi,
      epoch,
      "main",
      cause,
      flags,
      offsets,
      lengths,
      0,
      runs.length,
      Uint8Array.from(payload),
      0,
      text(metadata),
    );
  }
}

async function session(disk: SimulatedDisk): Promise<void> {
  const model = new Model();
  model.put({ ...plain, id: 1n, sizeBytes: 64, epoch: 3 }, new Uint8Array(64).fill(7));
  model.put({
    ...plain,
    id: ODD_ID,
    sizeBytes: 32,
    location: "gpu",
    metadata: new Map([["owner", text("ä")]]),
  });
  const genesis = model.content();
  const made = await LogWriter.create(
    `${FOLDER}/v1-session.tlog`,
    options(1, { fileSystem: disk, lock: disk.lock, genesis }),
  );
  const pen = new Pen(unwrap(made), model);
  const { writer } = pen;
  pen.record(RecordKind.SessionStart, {
    body: encodeSessionStart({ writer: "golden", metadata: new Map() }),
  });
  pen.create({ ...plain, id: LAST_ID, sizeBytes: 48, location: "unified", type: "counters", schema: SCHEMA });
  model.edges.push({ from: 1n, to: LAST_ID, type: "data" });
  pen.record(RecordKind.EdgeAdd, { pageId: 1n, body: encodeEdge({ to: LAST_ID, type: "data" }) });
  model.edges.push({ from: ODD_ID, to: LAST_ID, type: "control" });
  pen.record(RecordKind.EdgeAdd, { pageId: ODD_ID, body: encodeEdge({ to: LAST_ID, type: "control" }) });
  const begin = writer.begin("main");
  const event = pen.record(RecordKind.Event, {
    cause: begin,
    body: encodeEvent({ eventType: 300, payload: text("launch") }),
  });
  pen.write(1n, [[0, [1, 2, 3]]], 0, event, '{"why":"first"}');
  pen.write(1n, [[2, [9]], [10, [4, 4, 4, 4]], [63, [255]]]); // biome-ignore format: runs read best in a row
  pen.write(LAST_ID, [[0, [1, 0, 0, 0]]], RecordFlag.Derived, event);
  writer.commit("main");
  const full = unwrap(writer.writeCheckpoint(model.content())) - 1;
  model.change(1n, { location: "gpu" });
  pen.record(RecordKind.PageMigrate, { pageId: 1n, body: encodePageMigrate("gpu") });
  const schema = { fields: SCHEMA.fields.slice(0, 1) };
  model.change(LAST_ID, { schema });
  pen.record(RecordKind.SchemaChange, { pageId: LAST_ID, body: encodeSchemaBody(schema) });
  const metadata = new Map([["unit", text("ms")]]);
  model.change(LAST_ID, { metadata });
  pen.record(RecordKind.MetadataChange, { pageId: LAST_ID, body: encodeMetadataBody(metadata) });
  pen.record(RecordKind.EdgeRemove, { pageId: ODD_ID, body: encodeEdge({ to: LAST_ID, type: "control" }) });
  model.edges.pop();
  model.destroy(ODD_ID);
  pen.record(RecordKind.PageDestroy, { pageId: ODD_ID });
  unwrap(writer.writeCheckpoint(model.content(full)));
  writer.begin("doomed");
  const wrong = pen.write(1n, [[20, [8, 8]]]);
  pen.record(RecordKind.Failure, {
    cause: wrong,
    body: encodeFailure({ code: "RECOMPUTE_FAILED", message: "no" }),
  });
  pen.write(1n, [[20, [7, 7]]], RecordFlag.Compensation, wrong);
  writer.abort("doomed");
  pen.record(RecordKind.SessionStop, {});
  unwrap(await writer.close());
}

async function overflow(disk: SimulatedDisk): Promise<void> {
  const made = await LogWriter.create(
    `${FOLDER}/v1-overflow.tlog`,
    options(2, { fileSystem: disk, lock: disk.lock }),
  );
  const pen = new Pen(unwrap(made), new Model());
  pen.create({ ...plain, id: 2n, sizeBytes: 32_768 });
  pen.write(
    2n,
    [[100, Array.from({ length: 17_000 }, (_, i) => ((i * i) >>> 5) & 255)]],
    0,
    0,
    '{"large":true}',
  );
  pen.write(2n, [[0, [1]]]);
  unwrap(await pen.writer.close());
}

async function rotated(disk: SimulatedDisk): Promise<void> {
  const model = new Model();
  const more = { fileSystem: disk, lock: disk.lock, rotateBytes: 600, snapshot: () => model.content() };
  const pen = new Pen(unwrap(await LogWriter.create(`${FOLDER}/v1-rotated.tlog`, options(3, more))), model);
  pen.create({ ...plain, id: 3n, sizeBytes: 40 });
  for (let i = 0; i < 6; i++) {
    pen.writer.begin("main");
    pen.write(3n, [[i * 4, [i, i + 1, i + 2]]]);
    pen.writer.commit("main");
  }
  unwrap(await pen.writer.close());
}

/** Ends with a transaction that nobody finished. */
async function unfinished(disk: SimulatedDisk): Promise<void> {
  const made = await LogWriter.create(
    `${FOLDER}/v1-unfinished.tlog`,
    options(4, { fileSystem: disk, lock: disk.lock }),
  );
  const pen = new Pen(unwrap(made), new Model());
  pen.create({ ...plain, id: 4n, sizeBytes: 16 });
  pen.writer.begin("main");
  pen.write(4n, [[0, [5, 5]]]);
  pen.writer.commit("main");
  pen.writer.begin("main");
  pen.write(4n, [[8, [6]]]);
  unwrap(pen.writer.sync());
  disk.crash();
}

/** A checkpoint of format version 2: it lists who computes what. */
async function recomputes(disk: SimulatedDisk): Promise<void> {
  const model = new Model();
  const made = await LogWriter.create(
    `${FOLDER}/v2-recomputes.tlog`,
    options(5, { fileSystem: disk, lock: disk.lock }),
  );
  const pen = new Pen(unwrap(made), model);
  pen.create({ ...plain, id: 1n, sizeBytes: 8 });
  pen.create({ ...plain, id: LAST_ID, sizeBytes: 8 });
  const kernel = {
    registered: true,
    pageType: undefined,
    name: "kernel.map",
    form: "kernel",
    options: '{"kernel":{"kind":"map","operation":"square"}}',
  } as const;
  const ofType = { ...kernel, pageType: "cell", name: "next", form: "function", options: "" } as const;
  pen.record(RecordKind.Recompute, { pageId: LAST_ID, source: "main", body: encodeRegistration(kernel) });
  pen.record(RecordKind.Recompute, { source: "main", body: encodeRegistration(ofType) });
  const registrations = [
    { pageId: 0n, registration: ofType },
    { pageId: LAST_ID, registration: kernel },
  ];
  unwrap(pen.writer.writeCheckpoint({ ...model.content(), registrations }));
  pen.write(1n, [[0, [9]]]);
  unwrap(await pen.writer.close());
}

/** The golden recordings as this version of the writer makes them, by file name. */
export async function writeGoldenRecordings(): Promise<Map<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>();
  for (const write of [session, overflow, rotated, unfinished, recomputes]) {
    const disk = new SimulatedDisk();
    await write(disk);
    for (const path of disk.paths()) files.set(path.slice(FOLDER.length + 1), disk.content(path)!);
  }
  return files;
}

/** SHA-256 over every column, body and checkpoint of a recording: what its content is, however it is laid out. */
export function contentHash(reader: LogReader): string {
  const hash = createHash("sha256");
  const batch = new RecordBatch();
  for (let block = 0; block < reader.blockCount; block++) {
    unwrap(reader.readBlock(block, batch));
    for (let row = 0; row < batch.count; row++) {
      const { kind, flags, epoch, cause } = batch;
      hash.update(
        `${batch.lsn(row)} ${kind[row]} ${flags[row]} ${batch.timestampNs(row)} ${batch.pageId(row)} ${epoch[row]} ${batch.deltaId(row)} ${cause[row]} ${batch.sourceText(row)} ${batch.body(row).length} ${batch.metadata(row).length}\n`,
      );
      hash.update(batch.body(row)).update(batch.metadata(row));
    }
  }
  for (const ref of reader.checkpoints) {
    hash
      .update(`${ref.lsn} ${ref.kind} ${ref.baseLsn} ${ref.recordLsn}\n`)
      .update(ref.stateHash)
      .update(ref.structureHash);
    const image = unwrap(reader.loadCheckpoint(ref));
    for (const [index, page] of image.pages.entries()) {
      const bytes = new Uint8Array(page.sizeBytes);
      unwrap(image.readPage(index, bytes));
      hash.update(`${page.id} ${page.epoch} ${page.location} ${page.type}\n`).update(bytes);
    }
    for (const { pageId, registration } of image.registrations)
      hash.update(`${pageId}\n`).update(encodeRegistration(registration));
  }
  return hash.digest("hex");
}
