// docs/SerializationSpec.md is enough to read a recording: spec-reader.ts, written from it alone, agrees with the engine.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { ManualClock } from "../../../engine/base/clock.ts";
import { Prng } from "../../../engine/base/prng.ts";
import { unwrap } from "../../../engine/base/result.ts";
import { decodeDeltaBody, encodeDeltaBody } from "../../../engine/deltas/delta-body.ts";
import { RunList } from "../../../engine/deltas/run-list.ts";
import type { CheckpointContent } from "../../../engine/log/checkpoint-format.ts";
import { LogReader } from "../../../engine/log/log-reader.ts";
import { LogWriter } from "../../../engine/log/log-writer.ts";
import { RecordBatch } from "../../../engine/log/record-batch.ts";
import { encodePageCreate } from "../../../engine/log/record-bodies.ts";
import { RecordKind } from "../../../engine/log/record-kinds.ts";
import { encodeRegistration } from "../../../engine/log/registration.ts";
import { serializePage } from "../../../engine/pages/page-file.ts";
import { recordDemo } from "../../../engine/session/demo/demo.ts";
import { mmsbStart } from "../../../engine/session/mmsb.ts";
import { crc32c } from "./spec-bytes.ts";
import { pageFileOf } from "./spec-page-file.ts";
import { readRecording, runsOf, SpecState } from "./spec-reader.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "mmsb-spec-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const UUID = Uint8Array.from({ length: 16 }, (_, i) => i + 1);
const clock = () => new ManualClock(1_700_000_000_000_000_000n, 1000n);
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");

/** All segments of the recording in `folder`, in order. */
function files(): Uint8Array[] {
  const names = readdirSync(folder).filter((name) => name.endsWith(".tlog"));
  const number = (name: string) => Number(/\.(\d{6})\.tlog$/.exec(name)?.[1] ?? 0);
  return names.sort((a, b) => number(a) - number(b)).map((name) => readFileSync(join(folder, name)));
}

/** Both readers on the recording at `path`: every field of every record, every checkpoint, what is damaged, where it ends. */
function expectAgreement(path: string): void {
  const spec = readRecording(files());
  const reader = unwrap(LogReader.open(path));
  const batch = new RecordBatch();
  const rows: string[] = [];
  const runs = new RunList();
  const specRows = spec.records.map((record) => JSON.stringify(record, textOf));
  for (let block = 0; block < reader.blockCount; block++) {
    unwrap(reader.readBlock(block, batch));
    for (let row = 0; row < batch.count; row++) {
      const record = {
        lsn: batch.lsn(row),
        kind: batch.kind[row]!,
        flags: batch.flags[row]!,
        timeNs: batch.timestampNs(row),
        page: batch.pageId(row),
        epoch: batch.epoch[row]!,
        deltaId: batch.deltaId(row),
        source: batch.sourceText(row),
        cause: batch.cause[row]!,
        maskLength: batch.maskLength[row]!,
        body: batch.body(row),
        metadata: batch.metadata(row),
      };
      rows.push(JSON.stringify(record, textOf));
      if (record.kind !== RecordKind.Delta) continue;
      const end = batch.bodyStart[row]! + batch.bodyLength[row]!;
      const payloadAt = decodeDeltaBody(batch.bytes, batch.bodyStart[row]!, end, runs);
      const found = runsOf(record.body);
      expect(found.map((run) => run.offset)).toEqual([...runs.offset.subarray(0, runs.count)]);
      expect(found.map((run) => run.bytes.length)).toEqual([...runs.length.subarray(0, runs.count)]);
      expect(hex(Buffer.concat(found.map((run) => run.bytes)))).toBe(
        hex(batch.bytes.subarray(payloadAt, end)),
      );
    }
  }
  expect(specRows).toEqual(rows);
  expect(spec.uuid).toBe(hex(reader.uuid));
  expect(spec.complete).toBe(reader.complete);
  expect(spec.committedLsn).toBe(reader.committedLsn);
  expect(spec.damage).toEqual(
    reader.damage
      .filter((found) => found.lostBytes > 0)
      .map(({ offset, lostBytes }) => ({ offset, lostBytes })),
  );
  expect(spec.checkpoints.length).toBe(reader.checkpoints.length);
  for (const [i, ref] of reader.checkpoints.entries()) {
    const { pages, destroyed, edges, registrations, ...head } = spec.checkpoints[i]!;
    expect(head).toEqual({
      lsn: ref.lsn,
      baseLsn: ref.baseLsn,
      isFull: ref.kind === "full",
      recordLsn: ref.recordLsn,
      stateHash: hex(ref.stateHash),
      structureHash: hex(ref.structureHash),
    });
    const image = unwrap(reader.loadCheckpoint(ref));
    expect(pages.map(({ id, epoch, type }) => ({ id, epoch, type }))).toEqual(
      image.pages.map(({ id, epoch, type }) => ({ id, epoch, type })),
    );
    expect(destroyed).toEqual(image.destroyed);
    expect(edges.map(({ from, to }) => ({ from, to }))).toEqual(
      image.edges.map(({ from, to }) => ({ from, to })),
    );
    expect(registrations.map(([id, body]) => [id, hex(body)])).toEqual(
      image.registrations.map(({ pageId, registration }) => [pageId, hex(encodeRegistration(registration))]),
    );
    for (const [at, page] of pages.entries()) {
      const bytes = new Uint8Array(page.sizeBytes);
      unwrap(image.readPage(at, bytes));
      expect(hex(page.bytes)).toBe(hex(bytes));
    }
  }
  reader.close();
}

function textOf(_key: string, value: unknown): unknown {
  if (typeof value === "bigint") return String(value);
  if (value instanceof Uint8Array) return hex(value);
  // JSON.stringify asks a Buffer for its own form before it asks here.
  if (typeof value === "object" && value !== null && (value as { type?: unknown }).type === "Buffer")
    return hex(Uint8Array.from((value as { data: number[] }).data));
  return value;
}

/** Runs of every shape that the codec has a form for (D3..D8). */
function randomRuns(prng: Prng): { offset: Uint32Array; length: Uint32Array; payload: Uint8Array } {
  const count = prng.pick([0, 1, 2, 3, 7, 62, 63, 64, 400]);
  const shape = prng.below(4);
  const offset = new Uint32Array(count);
  const length = new Uint32Array(count);
  const stride = prng.between(5, 40);
  let at = prng.below(300);
  let total = 0;
  for (let i = 0; i < count; i++) {
    offset[i] = at;
    length[i] =
      shape === 0 ? 4 : shape === 1 ? prng.between(1, 4) : prng.chance(0.05) ? prng.between(1, 900) : 1;
    total += length[i]!;
    if (shape < 2) at += stride * (1 + (shape === 1 && prng.chance(0.1) ? prng.below(9) : 0));
    else at += length[i]! + 1 + (shape === 2 ? prng.below(100) : prng.chance(0.1) ? prng.below(2000) : 0);
  }
  const payload = new Uint8Array(total);
  prng.fill(payload);
  return { offset, length, payload };
}

/** Appends records that use every column, overflow (C8) and explicit transactions. */
function appendRandom(writer: LogWriter, prng: Prng, records: number): void {
  const ids = [0n, 1n, 2n ** 53n + 1n, 2n ** 64n - 1n];
  const kinds = [RecordKind.Event, RecordKind.Failure, RecordKind.ForeignFrame, RecordKind.SessionStart];
  for (let i = 0; i < records; i++) {
    const lsn = writer.lastLsn + 1;
    const source = prng.chance(0.01) ? "long ".repeat(prng.between(1, 9000)) : `source-${prng.below(9)}`;
    const cause = prng.chance(0.5) ? prng.below(lsn) : 0;
    const pageId = prng.pick(ids);
    const epoch = prng.chance(0.1) ? 2 ** 52 + prng.below(99) : prng.below(70_000);
    if (prng.chance(0.6)) {
      const { offset, length, payload } = randomRuns(prng);
      const lo = Number(pageId & 0xffff_ffffn);
      const hi = Number(pageId >> 32n);
      const flags = prng.pick([0, 4, 8]);
      writer.appendDelta(lo, hi, epoch, source, cause, flags, offset, length, 0, offset.length, payload, 0);
    } else {
      const body = new Uint8Array(prng.chance(0.03) ? prng.between(16_000, 200_000) : prng.below(60));
      prng.fill(body);
      const metadata = new TextEncoder().encode(prng.chance(0.2) ? JSON.stringify({ why: i }) : "");
      writer.append(prng.pick(kinds), { pageId, epoch, source, cause, body, metadata });
    }
    if (prng.chance(0.1)) writer.stamp();
    if (prng.chance(0.02)) {
      if (writer.openTransactionLsn === 0) writer.begin(source);
      else if (prng.chance(0.5)) writer.commit(source);
      else writer.abort(source);
    }
    if (prng.chance(0.02)) unwrap(writer.flush());
  }
}

/** Pages of the given sizes with random bytes. */
function content(prng: Prng, sizes: readonly number[], kind: "full" | "dirty" = "full"): CheckpointContent {
  const images = sizes.map((size) => {
    const bytes = new Uint8Array(size);
    prng.fill(bytes);
    return bytes;
  });
  const hash = () => Uint8Array.from({ length: 32 }, () => prng.u32());
  return {
    kind,
    baseLsn: 0,
    pages: sizes.map((sizeBytes, i) => ({
      id: BigInt(i) << 60n,
      sizeBytes,
      epoch: prng.below(1000),
      location: prng.pick(["cpu", "gpu", "unified"] as const),
      type: `type-${i}`,
      metadata: new Map([["key", Uint8Array.of(i)]]),
      schema: undefined,
    })),
    destroyed: kind === "dirty" ? [77n, 2n ** 64n - 1n] : [],
    edges: [{ from: 0n, to: 1n << 60n, type: "control" }],
    ...(prng.chance(0.5)
      ? {}
      : {
          registrations: [
            {
              pageId: 0n,
              registration: {
                registered: true,
                pageType: "type-1",
                name: "next",
                form: "function",
                options: "",
              },
            },
          ],
        }),
    stateHash: hash(),
    structureHash: hash(),
    bytesOf: (index) => images[index]!,
  };
}

async function writeRandom(path: string, seed: number, records: number): Promise<void> {
  const prng = new Prng(seed);
  const genesis = content(prng, [0, 1, 64, 70_000]);
  const writer = unwrap(
    await LogWriter.create(path, { uuid: UUID, clock: clock(), durability: "none", genesis }),
  );
  appendRandom(writer, prng, records);
  unwrap(writer.writeCheckpoint(content(prng, [65_464, 3, 130_000])));
  appendRandom(writer, prng, records);
  unwrap(writer.writeCheckpoint(content(prng, [100], "dirty")));
  appendRandom(writer, prng, records >> 2);
  unwrap(await writer.close());
}

test("D2..D8: the random deltas take every form and every column mode", () => {
  const seen = new Set<string>();
  const prng = new Prng(1);
  const out = new Uint8Array(1 << 16);
  for (let i = 0; i < 400; i++) {
    const { offset, length, payload } = randomRuns(prng);
    encodeDeltaBody(offset, length, 0, offset.length, payload, 0, out, 0);
    const form = out[0]! >>> 6;
    const modesAt = (out[0]! & 63) === 63 ? (out[1]! < 128 ? 2 : 3) : 1;
    seen.add(`form ${form}`);
    const name = (mode: number) => (mode === 14 ? "zero runs" : mode === 15 ? "constant" : "rice");
    if (form > 0) seen.add(`gaps ${name(out[modesAt]! >>> 4)}`).add(`lengths ${name(out[modesAt]! & 15)}`);
  }
  const columns = ["constant", "rice", "zero runs"];
  const wanted = [...columns.map((mode) => `gaps ${mode}`), ...columns.map((mode) => `lengths ${mode}`)];
  expect([...seen].sort()).toEqual([...wanted, "form 0", "form 1", "form 2"].sort());
});

test("I4, I5: the document lists the index's columns as they are", () => {
  const root = resolve(import.meta.dirname, "../../..");
  const spec = readFileSync(join(root, "docs/SerializationSpec.md"), "utf8");
  const listed = (id: string) => {
    const rule = new RegExp(`\\*\\*${id}\\*\\*[^]*?\\n\\n`).exec(spec)![0];
    return [...rule.matchAll(/`(\w+) (u8|u32|f64|u64)`/g)].map((match) => `${match[1]} ${match[2]}`);
  };
  const shape = (file: string, name: string) => {
    const source = readFileSync(join(root, "engine/log/index", file), "utf8");
    const body = source.slice(source.indexOf(`${name} = {`), source.indexOf("} as const"));
    return [...body.matchAll(/^ {2}(\w+): "(\w+)"/gm)].map((match) => `${match[1]} ${match[2]}`);
  };
  expect(listed("I4")).toEqual(shape("index-file.ts", "ROOT_SHAPE"));
  expect(listed("I5")).toEqual(shape("index-run.ts", "RUN_SHAPE"));
});

test("B7: the checksum is CRC32C", () => {
  expect(crc32c(new TextEncoder().encode("123456789"))).toBe(0xe3069283);
});

describe("a reader written from the specification alone", () => {
  test.each([1, 2, 3])("reads every record and checkpoint that the engine reads (seed %i)", async (seed) => {
    const path = join(folder, "a.tlog");
    await writeRandom(path, seed, 500);
    expectAgreement(path);
  });

  test("B8, V2, V3: agrees on damage, cuts and preallocated tails", async () => {
    const path = join(folder, "a.tlog");
    await writeRandom(path, 4, 60);
    const whole = readFileSync(path);
    const prng = new Prng(5);
    for (let trial = 0; trial < 12; trial++) {
      const bytes = Uint8Array.from(whole);
      const at = prng.below(bytes.length);
      bytes[at] = bytes[at]! ^ (1 << prng.below(8));
      const cut = trial % 3 === 0 ? prng.between(200, bytes.length) : bytes.length;
      const zeros = trial % 2 === 0 ? new Uint8Array(prng.below(5000)) : new Uint8Array(0);
      writeFileSync(path, Buffer.concat([bytes.subarray(0, cut), zeros]));
      expectDamageAgreement(path);
    }
  });

  test("T3: knows of a transaction whose begin was lost", async () => {
    const path = join(folder, "a.tlog");
    const writer = unwrap(await LogWriter.create(path, { uuid: UUID, clock: clock(), durability: "none" }));
    for (let lsn = 1; lsn <= 9; lsn++) {
      if (lsn === 5) writer.begin("lost");
      else writer.append(RecordKind.Event, { body: Uint8Array.of(lsn, 0) });
      unwrap(writer.flush());
    }
    unwrap(await writer.close());
    const bytes = readFileSync(path);
    const begin = bytes.indexOf("lost");
    bytes[begin]! ^= 1;
    writeFileSync(path, bytes);
    expectDamageAgreement(path);
    expect(readRecording(files()).committedLsn).toBe(4);
  });

  test("S1, K2: follows a recording through its segments", async () => {
    const path = join(folder, "a.tlog");
    const prng = new Prng(6);
    const snapshot = () => content(prng, [500, 70_000]);
    const options = {
      uuid: UUID,
      clock: clock(),
      durability: "none",
      rotateBytes: 40_000,
      snapshot,
    } as const;
    const writer = unwrap(await LogWriter.create(path, options));
    while (files().length < 4) {
      appendRandom(writer, prng, 40);
      if (writer.openTransactionLsn === 0) writer.begin("rotation");
      writer.commit("rotation");
      unwrap(writer.flush());
    }
    unwrap(await writer.close());
    expectAgreement(path);
  });

  test.each(["life", "mlp", "sheet"] as const)(
    "R1..R9, K8, H1, H2: replays the demo %s to the hashes that its checkpoints carry",
    async (workload) => {
      const path = join(folder, "demo.tlog");
      const report = unwrap(await recordDemo({ path, workload, seed: 7, steps: 12 }));
      expectAgreement(path);
      expect(expectReplay(path)).toBe(hex(report.stateHash));
    },
  );

  test("T1..T4: replays transactions, compensations and every change of structure", async () => {
    const path = join(folder, "session.tlog");
    const session = unwrap(await mmsbStart({ path, uuid: UUID, clock: clock(), durability: "none" }));
    const prng = new Prng(8);
    const pages = [0n, 3n, 2n ** 64n - 2n];
    for (const id of pages) unwrap(session.createPage({ id, sizeBytes: 300, location: "cpu", type: "t" }));
    unwrap(session.addEdge({ from: 0n, to: 3n, type: "data" }));
    for (let step = 0; step < 40; step++) {
      const outcome = session.transaction(() => {
        for (let i = 0; i < 5; i++) {
          const bytes = new Uint8Array(prng.between(1, 40));
          prng.fill(bytes);
          unwrap(session.write(prng.pick(pages), prng.below(250), bytes));
        }
        unwrap(session.migratePage(3n, prng.pick(["cpu", "gpu", "unified"] as const)));
        unwrap(session.setMetadata(0n, new Map([["step", Uint8Array.of(step)]])));
        unwrap(
          session.setSchema(3n, { fields: [{ name: `f${step}`, type: "f64", offset: step, shape: [2, 3] }] }),
        );
        const made = unwrap(session.createPage({ sizeBytes: 9, location: "gpu", type: "short" }));
        if (prng.chance(0.5)) unwrap(session.destroyPage(made));
        return prng.chance(0.4) ? session.describe(999_999n) : session.describe(0n);
      });
      if (step % 7 === 0) unwrap(session.checkpoint(step % 2 === 0 ? "full" : "dirty"));
      expect([true, false]).toContain(outcome.ok);
    }
    unwrap(session.checkpoint("full"));
    const stateHash = session.stateHash();
    const structureHash = session.structureHash();
    unwrap(await session.stop());
    expectAgreement(path);
    expect(expectReplay(path)).toBe(hex(stateHash));
    expect(readRecording(files()).checkpoints.at(-1)!.structureHash).toBe(hex(structureHash));
    expect(readRecording(files()).records.some((record) => (record.flags & 8) !== 0)).toBe(true);
  });

  test("reads the golden recordings of every format version", () => {
    const golden = resolve(import.meta.dirname, "../../../assets/recordings");
    const names = readdirSync(golden).filter((name) => name.endsWith(".tlog"));
    const stems = new Set(names.map((name) => name.replace(/(\.\d{6})?\.tlog$/, "")));
    expect(stems.size).toBeGreaterThan(2);
    for (const stem of stems) {
      for (const old of readdirSync(folder)) rmSync(join(folder, old));
      const members = names.filter((name) => name.startsWith(`${stem}.`));
      for (const name of members) writeFileSync(join(folder, name), readFileSync(join(golden, name)));
      expectAgreement(join(folder, members[0]!));
    }
  });

  test("P1, P2: reads page files", () => {
    const prng = new Prng(9);
    for (let trial = 0; trial < 20; trial++) {
      const bytes = new Uint8Array(prng.between(40, 5000));
      prng.fill(bytes);
      const metadata = new Map([["k", Uint8Array.of(1, 2)]]);
      const id = 2n ** 64n - 1n - BigInt(trial);
      const head = {
        id,
        sizeBytes: bytes.length,
        epoch: prng.u32(),
        location: "gpu",
        type: "tensor",
      } as const;
      const schema = { fields: [{ name: "x", type: "u16" as const, offset: 2, shape: [3] }] };
      const runs = { count: 2, offset: Uint32Array.of(3, 20), length: Uint32Array.of(5, 7) };
      const isTracked = prng.chance(0.5);
      const file = unwrap(serializePage({ ...head, metadata, schema, bytes }, isTracked ? runs : undefined));
      const read = pageFileOf(file);
      expect({
        ...read,
        bytes: hex(read.bytes),
        metadata: hex(read.metadata),
        schema: hex(read.schema),
      }).toEqual({
        ...head,
        location: 1,
        metadata: hex(Uint8Array.of(1, 1, 1, 0x6b, 2, 1, 2)),
        schema: hex(Uint8Array.of(1, 1, 1, 0x78, 2, 2, 1, 3)),
        bytes: hex(bytes),
        written: isTracked
          ? [
              { offset: 3, length: 5 },
              { offset: 20, length: 7 },
            ]
          : undefined,
      });
    }
  });

  test("reads the example in the document, which is what the engine writes", async () => {
    const path = join(folder, "tiny.tlog");
    const writer = unwrap(await LogWriter.create(path, { uuid: UUID, clock: clock(), durability: "none" }));
    const page = {
      sizeBytes: 64,
      location: "cpu",
      type: "bytes",
      metadata: new Map(),
      schema: undefined,
    } as const;
    writer.append(RecordKind.PageCreate, { pageId: 7n, source: "main", body: encodePageCreate(page) });
    const runs = [Uint32Array.of(8, 40), Uint32Array.of(4, 2)] as const;
    writer.stamp();
    const payload = Uint8Array.of(0xde, 0xad, 0xbe, 0xef, 0x12, 0x34);
    writer.appendDelta(7, 0, 1, "main", 1, 0, runs[0], runs[1], 0, 2, payload, 0);
    unwrap(await writer.close());
    const written = readFileSync(path);
    const spec = readFileSync(resolve(import.meta.dirname, "../../../docs/SerializationSpec.md"), "utf8");
    const example = [...spec.matchAll(/^([0-9a-f]{6}) {2}((?:[0-9a-f]{2} ?)+)/gm)];
    const bytes = Buffer.from(example.map((line) => line[2]!.replaceAll(" ", "")).join(""), "hex");
    expect(hex(bytes)).toBe(hex(written));
    let offset = 0;
    for (const line of example) {
      expect(Number.parseInt(line[1]!, 16)).toBe(offset);
      offset += line[2]!.trim().split(" ").length;
    }
    const { records } = readRecording([bytes]);
    expect(records.map(({ lsn, kind, page: id, epoch, cause }) => ({ lsn, kind, id, epoch, cause }))).toEqual(
      [
        { lsn: 1, kind: 0x81, id: 7n, epoch: 0, cause: 0 },
        { lsn: 2, kind: 0x84, id: 7n, epoch: 1, cause: 1 },
      ],
    );
    expect(runsOf(records[1]!.body).map((run) => [run.offset, hex(run.bytes)])).toEqual([
      [8, "deadbeef"],
      [40, "1234"],
    ]);
  });
});

/** What both readers must say of a damaged file: how much of it is lost and where, and which LSNs are left. */
function expectDamageAgreement(path: string): void {
  const reader = unwrap(LogReader.open(path));
  const batch = new RecordBatch();
  const expected = reader.damage
    .filter((found) => found.lostBytes > 0)
    .map(({ offset, lostBytes }) => ({ offset, lostBytes }));
  const lsns: number[] = [];
  const lost: number[] = [];
  for (let block = 0; block < reader.blockCount; block++) {
    unwrap(reader.readBlock(block, batch));
    for (let row = 0; row < batch.count; row++) {
      lsns.push(batch.lsn(row));
      if (batch.kind[row] === RecordKind.Gap) lost.push(batch.lsn(row));
    }
  }
  const spec = readRecording(files());
  expect(spec.damage).toEqual(expected);
  expect(spec.records.map((record) => record.lsn)).toEqual(lsns);
  expect(spec.records.filter((record) => record.kind === 0x07).map((record) => record.lsn)).toEqual(lost); // V5
  expect(spec.committedLsn).toBe(reader.committedLsn);
  expect(spec.complete).toBe(reader.complete);
  expect(spec.checkpoints.map(({ lsn, recordLsn }) => ({ lsn, recordLsn }))).toEqual(
    reader.checkpoints.map(({ lsn, recordLsn }) => ({ lsn, recordLsn })),
  );
  reader.close();
}

/** Replays all records from nothing, and at each checkpoint meets its hashes. Returns the final state hash. */
function expectReplay(path: string): string {
  expect(path).toMatch(/\.tlog$/);
  const { records, checkpoints } = readRecording(files());
  const state = new SpecState();
  let next = 0;
  for (const record of records) {
    state.apply(record);
    for (; checkpoints[next]?.lsn === record.lsn; next++) {
      expect(state.stateHash()).toBe(checkpoints[next]!.stateHash);
      expect(state.structureHash()).toBe(checkpoints[next]!.structureHash);
    }
  }
  expect(next).toBe(checkpoints.length);
  // A full checkpoint, the dirty one upon it, and what follows lead to the same state (K8).
  const start = checkpoints.findIndex((checkpoint) => checkpoint.isFull);
  const full = checkpoints[start]!;
  const dirty = checkpoints.find((checkpoint) => !checkpoint.isFull && checkpoint.baseLsn === full.lsn);
  const resumed = new SpecState();
  resumed.load(full);
  if (dirty !== undefined) resumed.load(dirty);
  const from = dirty?.lsn ?? full.lsn;
  for (const record of records) if (record.lsn > from) resumed.apply(record);
  expect(resumed.stateHash()).toBe(state.stateHash());
  expect(resumed.structureHash()).toBe(state.structureHash());
  return state.stateHash();
}
