import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { toHex, utf8Decode, utf8Encode } from "../../../engine/base/bytes.ts";
import { ManualClock } from "../../../engine/base/clock.ts";
import type { MmsbError } from "../../../engine/base/errors.ts";
import { fail, ok, unwrap } from "../../../engine/base/result.ts";
import { DeltaBatch } from "../../../engine/deltas/delta-batch.ts";
import { type LogFileSystem, nodeFileSystem } from "../../../engine/log/file-system.ts";
import { LogReader } from "../../../engine/log/log-reader.ts";
import { LogWriter } from "../../../engine/log/log-writer.ts";
import { Recording } from "../../../engine/replay/recording.ts";
import { checkpointLog, loadCheckpoint } from "../../../engine/session/load-checkpoint.ts";
import { mmsb, mmsbStart, mmsbStop } from "../../../engine/session/mmsb.ts";
import type { Session } from "../../../engine/session/session.ts";
import type { SessionOptions } from "../../../engine/session/session-options.ts";

let folder: string;
let file: string;
let session: Session;

const fixed = (): Partial<SessionOptions> => ({
  clock: new ManualClock(1_000n, 10n),
  uuid: new Uint8Array(16).fill(7),
  durability: "none",
});

async function start(options: Partial<SessionOptions> = {}): Promise<Session> {
  session = unwrap(await mmsbStart({ path: file, ...fixed(), ...options }));
  return session;
}

/** Stops the session and opens what it wrote. */
async function reopenAsRecording(): Promise<Recording> {
  unwrap(await mmsbStop(session));
  return unwrap(Recording.fromSource(unwrap(LogReader.open(file)), { index: "memory" }));
}

function kinds(recording: Recording): string[] {
  const { firstLsn, lastLsn } = recording.source;
  return Array.from(
    { length: lastLsn - firstLsn + 1 },
    (_, i) => unwrap(recording.record(firstLsn + i)).kindName,
  );
}

const bytesOf = (id: bigint) => [...unwrap(session.read(id)).bytes];
const codeOf = (result: { ok: true } | { ok: false; error: MmsbError }) =>
  result.ok ? "ok" : result.error.code;

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), "mmsb-session-"));
  file = path.join(folder, "x.tlog");
});

afterEach(async () => {
  await mmsbStop(session);
  rmSync(folder, { recursive: true, force: true });
});

describe("a session", () => {
  it("records every change, and the recording has the same state", async () => {
    await start();
    const a = unwrap(
      session.createPage({ sizeBytes: 8, type: "t", bytes: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8) }),
    );
    const b = unwrap(session.createPage({ id: 2n ** 64n - 1n, sizeBytes: 4 }));
    const first = unwrap(
      session.write(a, 2, Uint8Array.of(9, 9), { source: "me", metadata: { why: "test" } }),
    );
    unwrap(
      session.writeRanges(
        b,
        [
          { offset: 2, bytes: Uint8Array.of(5) },
          { offset: 0, bytes: Uint8Array.of(6) },
        ],
        { cause: first },
      ),
    );
    unwrap(session.addEdge({ from: a, to: b, type: "data" }));
    unwrap(session.migratePage(b, "gpu"));
    unwrap(session.setMetadata(a, new Map([["k", utf8Encode("v")]])));
    unwrap(session.setSchema(b, { fields: [{ name: "n", type: "u32", offset: 0, shape: [] }] }));
    unwrap(session.event(3, utf8Encode("hello"), { cause: first }));
    expect(bytesOf(a)).toEqual([1, 2, 9, 9, 5, 6, 7, 8]);
    expect(bytesOf(b)).toEqual([6, 0, 5, 0]);
    expect(unwrap(session.describe(a)).epoch).toBe(2);
    const stateHash = toHex(session.stateHash());
    const structureHash = toHex(session.structureHash());

    const recording = await reopenAsRecording();
    expect(toHex(unwrap(recording.stateHashAt(recording.committedLsn)))).toBe(stateHash);
    expect(toHex(unwrap(recording.structureHashAt(recording.committedLsn)))).toBe(structureHash);
    expect(kinds(recording)).toEqual([
      "session-start",
      "tx-begin",
      "page-create",
      "delta",
      "tx-commit",
      "page-create",
      "delta",
      "delta",
      "edge-add",
      "page-migrate",
      "metadata",
      "schema",
      "event",
      "session-stop",
    ]);
    expect(recording.source.complete).toBe(true);
    recording.close();
  });

  it("writes the same bytes when the same calls are made twice", async () => {
    const images: string[] = [];
    for (const name of ["one.tlog", "two.tlog"]) {
      file = path.join(folder, name);
      await start();
      const id = unwrap(session.createPage({ sizeBytes: 100 }));
      for (let i = 0; i < 50; i++)
        unwrap(session.write(id, i, Uint8Array.of(i, i + 1), { source: `s${i % 3}` }));
      unwrap(session.checkpoint());
      unwrap(await session.stop());
      images.push(readFileSync(file).toString("hex"));
    }
    expect(images[0]).toBe(images[1]);
  });

  it("raises the epoch by one for each delta, an empty one included, and writes nothing for an image that is there", async () => {
    await start();
    const id = unwrap(session.createPage({ sizeBytes: 4 }));
    unwrap(session.write(id, 0, new Uint8Array(0)));
    unwrap(session.writeImage(id, Uint8Array.of(0, 1, 0, 2)));
    const { lastLsn } = session;
    expect(unwrap(session.writeImage(id, Uint8Array.of(0, 1, 0, 2)))).toBe(0);
    expect(session.lastLsn).toBe(lastLsn);
    expect(unwrap(session.describe(id)).epoch).toBe(2);
  });

  it("refuses what does not fit with a typed error, and logs nothing of it", async () => {
    await start();
    const id = unwrap(session.createPage({ sizeBytes: 4 }));
    const { lastLsn } = session;
    const loop: Record<string, unknown> = {};
    loop["self"] = loop;
    expect(codeOf(session.write(99n, 0, Uint8Array.of(1)))).toBe("PAGE_UNKNOWN");
    expect(codeOf(session.write(id, 3, Uint8Array.of(1, 2)))).toBe("DELTA_RANGE");
    expect(codeOf(session.write(id, -1, Uint8Array.of(1)))).toBe("DELTA_RANGE");
    expect(codeOf(session.writeRanges(id, [{ offset: 4, bytes: Uint8Array.of(1) }]))).toBe("DELTA_RANGE");
    expect(codeOf(session.writeImage(id, new Uint8Array(3)))).toBe("DELTA_LENGTH");
    expect(codeOf(session.write(id, 0, Uint8Array.of(1), { cause: 1000 }))).toBe("ARGUMENT_INVALID");
    expect(codeOf(session.write(id, 0, Uint8Array.of(1), { metadata: loop as never }))).toBe(
      "ARGUMENT_INVALID",
    );
    expect(codeOf(session.createPage({ id, sizeBytes: 4 }))).toBe("PAGE_EXISTS");
    expect(codeOf(session.createPage({ sizeBytes: 4, bytes: new Uint8Array(3) }))).toBe("ARGUMENT_INVALID");
    expect(codeOf(session.migratePage(id, "moon" as never))).toBe("ARGUMENT_INVALID");
    expect(codeOf(session.addEdge({ from: id, to: 5n, type: "data" }))).toBe("PAGE_UNKNOWN");
    expect(codeOf(session.removeEdge({ from: id, to: 5n, type: "data" }))).toBe("GRAPH_EDGE_UNKNOWN");
    expect(codeOf(session.event(-1))).toBe("ARGUMENT_INVALID");
    expect(
      codeOf(session.setSchema(id, { fields: [{ name: "n", type: "f64", offset: 0, shape: [] }] })),
    ).toBe("SCHEMA_INVALID");
    expect(session.lastLsn).toBe(lastLsn);
  });

  it("takes a destroyed page's edges with it, and never gives its id again", async () => {
    await start();
    const [a, b, c] = [
      unwrap(session.createPage({ sizeBytes: 1 })),
      unwrap(session.createPage({ sizeBytes: 1 })),
      unwrap(session.createPage({ sizeBytes: 1 })),
    ];
    unwrap(session.addEdge({ from: a, to: b, type: "data" }));
    unwrap(session.addEdge({ from: c, to: a, type: "control" }));
    unwrap(session.destroyPage(a));
    expect(session.edges()).toEqual([]);
    expect(codeOf(session.createPage({ id: a, sizeBytes: 1 }))).toBe("PAGE_ID_REUSED");
    expect(codeOf(session.destroyPage(a))).toBe("PAGE_UNKNOWN");
  });

  it("is the current one until it is stopped, and takes nothing afterwards", async () => {
    expect(codeOf(mmsb())).toBe("LOG_CLOSED");
    await start();
    expect(unwrap(mmsb())).toBe(session);
    unwrap(await mmsbStop());
    expect(codeOf(mmsb())).toBe("LOG_CLOSED");
    expect(codeOf(session.createPage({ sizeBytes: 1 }))).toBe("LOG_CLOSED");
    expect(unwrap(await session.stop())).toBeUndefined();
  });

  it("does not overwrite a recording, and lets one session at a time write", async () => {
    await start();
    expect(codeOf(await mmsbStart({ path: file }))).toBe("LOG_LOCKED");
    unwrap(await session.stop());
    expect(codeOf(await mmsbStart({ path: file }))).toBe("LOG_EXISTS");
  });
});

describe("a batch", () => {
  function fill(batch: DeltaBatch, ids: readonly bigint[]): void {
    for (let i = 0; i < 300; i++) {
      const slot = unwrap(session.slotOf(ids[i % ids.length]!));
      batch.pushRange(slot, 0, 0, i % 60, Uint8Array.of(i, i + 1, i + 2, i + 3), 0, 4, i % 2, 0);
    }
  }

  it("is the same as its deltas one by one, in a transaction or not", async () => {
    await start();
    const ids = [1, 2, 3].map(() => unwrap(session.createPage({ sizeBytes: 64 })));
    const others = [1, 2, 3].map(() => unwrap(session.createPage({ sizeBytes: 64 })));
    const within = [1, 2, 3].map(() => unwrap(session.createPage({ sizeBytes: 64 })));
    const batch = new DeltaBatch(4);
    fill(batch, ids);
    const first = unwrap(session.writeBatch(batch, ["a", "b"]));
    expect(session.lastLsn).toBe(first + 299);
    for (let i = 0; i < 300; i++)
      unwrap(session.write(others[i % 3]!, i % 60, Uint8Array.of(i, i + 1, i + 2, i + 3)));
    batch.clear();
    fill(batch, within);
    unwrap(session.transaction(() => session.writeBatch(batch, ["a", "b"])));
    for (let i = 0; i < 3; i++) {
      expect(bytesOf(ids[i]!)).toEqual(bytesOf(others[i]!));
      expect(bytesOf(within[i]!)).toEqual(bytesOf(others[i]!));
      expect(unwrap(session.describe(ids[i]!)).epoch).toBe(100);
    }
    const hash = toHex(session.stateHash());
    const recording = await reopenAsRecording();
    expect(toHex(unwrap(recording.stateHashAt(recording.committedLsn)))).toBe(hash);
    expect(unwrap(recording.record(first + 1)).source).toBe("b");
    recording.close();
  });

  it("is refused whole where one of its rows is wrong", async () => {
    await start();
    const id = unwrap(session.createPage({ sizeBytes: 64 }));
    const slot = unwrap(session.slotOf(id));
    const { lastLsn } = session;
    for (const [wrongSlot, offset, source] of [
      [slot + 1, 0, 0],
      [slot, 61, 0],
      [slot, 0, 1],
    ] as const) {
      const batch = new DeltaBatch();
      batch.pushRange(slot, 0, 0, 0, new Uint8Array(4), 0, 4, 0, 0);
      batch.pushRange(wrongSlot, 0, 0, offset, new Uint8Array(4), 0, 4, source, 0);
      expect(session.writeBatch(batch, ["a"]).ok).toBe(false);
    }
    expect(session.lastLsn).toBe(lastLsn);
    expect(unwrap(session.writeBatch(new DeltaBatch(), []))).toBe(0);
  });
});

describe("a transaction", () => {
  async function withPages() {
    await start();
    const keep = unwrap(session.createPage({ sizeBytes: 4, bytes: Uint8Array.of(1, 2, 3, 4) }));
    const gone = unwrap(
      session.createPage({
        sizeBytes: 2,
        bytes: Uint8Array.of(7, 8),
        metadata: new Map([["k", utf8Encode("v")]]),
      }),
    );
    unwrap(session.addEdge({ from: keep, to: gone, type: "data" }));
    return { keep, gone };
  }

  it("takes everything back when its work fails: bytes, pages, edges, properties", async () => {
    const { keep, gone } = await withPages();
    const structure = toHex(session.structureHash());
    const epoch = unwrap(session.describe(keep)).epoch;
    const result = session.transaction(() => {
      unwrap(session.write(keep, 0, Uint8Array.of(9, 9)));
      unwrap(session.write(keep, 1, Uint8Array.of(8, 8)));
      unwrap(session.migratePage(keep, "unified"));
      unwrap(session.setMetadata(keep, new Map([["x", utf8Encode("y")]])));
      unwrap(session.setSchema(keep, { fields: [{ name: "n", type: "u8", offset: 0, shape: [4] }] }));
      unwrap(session.write(gone, 0, Uint8Array.of(5)));
      unwrap(session.destroyPage(gone));
      const made = unwrap(session.createPage({ sizeBytes: 3, bytes: Uint8Array.of(1, 1, 1) }));
      unwrap(session.addEdge({ from: keep, to: made, type: "control" }));
      return fail("ARGUMENT_INVALID", "changed my mind", "None");
    });
    expect(codeOf(result)).toBe("ARGUMENT_INVALID");
    expect(bytesOf(keep)).toEqual([1, 2, 3, 4]);
    expect(bytesOf(gone)).toEqual([7, 8]);
    expect(utf8Decode(unwrap(session.describe(gone)).metadata.get("k")!)).toBe("v");
    expect(toHex(session.structureHash())).toBe(structure);
    expect(unwrap(session.describe(keep)).epoch).toBe(epoch + 4);
    const hash = toHex(session.stateHash());

    const recording = await reopenAsRecording();
    expect(toHex(unwrap(recording.stateHashAt(recording.committedLsn)))).toBe(hash);
    expect(toHex(unwrap(recording.structureHashAt(recording.committedLsn)))).toBe(structure);
    const records = Array.from({ length: recording.lastLsn }, (_, i) => unwrap(recording.record(i + 1)));
    const compensations = records.filter((record) => record.compensation);
    for (const { cause } of compensations) {
      expect(unwrap(recording.record(cause)).compensation).toBe(false);
    }
    const causes = compensations.map(({ cause }) => cause);
    expect(causes).toEqual([...causes].sort((a, b) => b - a));
    expect(records.at(-2)!.kindName).toBe("tx-abort");
    recording.close();
  });

  it("rolls back when its work throws: an MmsbError is returned, anything else thrown on", async () => {
    const { keep } = await withPages();
    const typed = session.transaction(() => {
      unwrap(session.write(keep, 0, Uint8Array.of(9)));
      return ok(unwrap(session.write(keep, 100, Uint8Array.of(9))));
    });
    expect(codeOf(typed)).toBe("DELTA_RANGE");
    expect(bytesOf(keep)).toEqual([1, 2, 3, 4]);
    const boom = new RangeError("boom");
    expect(() =>
      session.transaction(() => {
        unwrap(session.write(keep, 0, Uint8Array.of(9)));
        throw boom;
      }),
    ).toThrow(boom);
    expect(bytesOf(keep)).toEqual([1, 2, 3, 4]);
    expect(unwrap(session.transaction(() => session.write(keep, 0, Uint8Array.of(6))))).toBeGreaterThan(0);
    expect(bytesOf(keep)).toEqual([6, 2, 3, 4]);
  });

  it("joins the one that it runs in, and takes back its own part only", async () => {
    const { keep } = await withPages();
    const outer = session.transaction(() => {
      unwrap(session.write(keep, 0, Uint8Array.of(9)));
      const inner = session.transaction(() => {
        unwrap(session.write(keep, 0, Uint8Array.of(5)));
        unwrap(session.write(keep, 3, Uint8Array.of(5)));
        return fail("ARGUMENT_INVALID", "no", "None");
      });
      expect(inner.ok).toBe(false);
      return ok(bytesOf(keep));
    });
    expect(unwrap(outer)).toEqual([9, 2, 3, 4]);
    expect(bytesOf(keep)).toEqual([9, 2, 3, 4]);
  });

  it("refuses work that returns no Result, and takes it back", async () => {
    const { keep } = await withPages();
    for (const returned of [undefined, 7, { ok: "yes" }]) {
      const refused = session.transaction((() => {
        unwrap(session.write(keep, 0, Uint8Array.of(9)));
        return returned;
      }) as never);
      expect(refused).toMatchObject({
        error: { code: "ARGUMENT_INVALID", remedy: expect.stringContaining("return a Result") },
      });
      expect(bytesOf(keep)).toEqual([1, 2, 3, 4]);
    }
    unwrap(session.checkpoint());
  });

  it("refuses a promise, a checkpoint and a stop inside", async () => {
    const { keep } = await withPages();
    const promised = session.transaction((() =>
      Promise.resolve(unwrap(session.write(keep, 0, Uint8Array.of(9))))) as never);
    expect(codeOf(promised)).toBe("ARGUMENT_INVALID");
    expect(bytesOf(keep)).toEqual([1, 2, 3, 4]);
    let stopped: Promise<unknown> | undefined;
    unwrap(
      session.transaction(() => {
        expect(codeOf(session.checkpoint())).toBe("TRANSACTION_STATE");
        stopped = session.stop().then((result) => expect(codeOf(result)).toBe("TRANSACTION_STATE"));
        return ok(1);
      }),
    );
    await stopped;
  });
});

describe("checkpoints", () => {
  it("hold the state they say, dirty ones upon full ones", async () => {
    await start();
    const ids = Array.from({ length: 5 }, (_, i) =>
      unwrap(session.createPage({ sizeBytes: 16, bytes: new Uint8Array(16).fill(i) })),
    );
    const states: { lsn: number; hash: string; structure: string }[] = [];
    const note = (kind: "full" | "dirty") => {
      const lsn = session.lastLsn;
      unwrap(checkpointLog(session, kind));
      states.push({ lsn, hash: toHex(session.stateHash()), structure: toHex(session.structureHash()) });
    };
    note("full");
    unwrap(session.write(ids[1]!, 3, Uint8Array.of(99)));
    unwrap(session.destroyPage(ids[4]!));
    note("dirty");
    unwrap(session.createPage({ sizeBytes: 3 }));
    unwrap(session.addEdge({ from: ids[0]!, to: ids[1]!, type: "data" }));
    note("dirty");
    unwrap(await session.stop());

    const reader = unwrap(LogReader.open(file));
    expect(reader.checkpoints.filter((ref) => ref.recordLsn > 0).map((ref) => ref.kind)).toEqual([
      "full",
      "dirty",
      "dirty",
    ]);
    for (const { lsn, hash, structure } of states) {
      const loaded = unwrap(loadCheckpoint(reader, lsn));
      expect(loaded.lsn).toBe(lsn);
      const recording = unwrap(Recording.fromSource(unwrap(LogReader.open(file)), { index: "memory" }));
      expect(toHex(unwrap(recording.stateHashAt(lsn)))).toBe(hash);
      expect(toHex(unwrap(recording.structureHashAt(lsn)))).toBe(structure);
      recording.close();
    }
    reader.close();
  });
});

describe("a session that is opened again", () => {
  it("goes on where it stopped", async () => {
    await start();
    const a = unwrap(session.createPage({ sizeBytes: 4, bytes: Uint8Array.of(1, 2, 3, 4), type: "t" }));
    const b = unwrap(session.createPage({ sizeBytes: 4 }));
    unwrap(session.addEdge({ from: a, to: b, type: "data" }));
    unwrap(session.destroyPage(unwrap(session.createPage({ id: 50n, sizeBytes: 1 }))));
    const [state, structure, lastLsn] = [
      toHex(session.stateHash()),
      toHex(session.structureHash()),
      session.lastLsn,
    ];
    unwrap(await session.stop());
    await start({ reopen: true });
    expect([toHex(session.stateHash()), toHex(session.structureHash())]).toEqual([state, structure]);
    expect(session.lastLsn).toBe(lastLsn + 2);
    expect(codeOf(session.createPage({ id: 50n, sizeBytes: 1 }))).toBe("PAGE_ID_REUSED");
    unwrap(session.write(a, 0, Uint8Array.of(8)));
    const after = toHex(session.stateHash());
    const recording = await reopenAsRecording();
    expect(toHex(unwrap(recording.stateHashAt(recording.committedLsn)))).toBe(after);
    recording.close();
  });

  it("takes back a transaction that the last one did not finish", async () => {
    await start();
    const a = unwrap(session.createPage({ sizeBytes: 4, bytes: Uint8Array.of(1, 2, 3, 4) }));
    const b = unwrap(session.createPage({ sizeBytes: 2, bytes: Uint8Array.of(5, 6) }));
    unwrap(session.addEdge({ from: a, to: b, type: "data" }));
    const structure = toHex(session.structureHash());
    // What a process leaves that dies inside a transaction: everything written, no commit.
    let left = Buffer.alloc(0);
    unwrap(
      session.transaction(() => {
        unwrap(session.write(a, 1, Uint8Array.of(77)));
        unwrap(session.write(a, 1, Uint8Array.of(78)));
        unwrap(session.destroyPage(b));
        unwrap(session.createPage({ sizeBytes: 9 }));
        unwrap(session.migratePage(a, "gpu"));
        unwrap(session.setMetadata(a, new Map([["x", utf8Encode("y")]])));
        unwrap(session.flush());
        left = readFileSync(file);
        return ok(0);
      }),
    );
    unwrap(await session.stop());
    file = path.join(folder, "left.tlog");
    writeFileSync(file, left);
    await start({ reopen: true });
    expect(bytesOf(a)).toEqual([1, 2, 3, 4]);
    expect(bytesOf(b)).toEqual([5, 6]);
    expect(toHex(session.structureHash())).toBe(structure);
    const hash = toHex(session.stateHash());
    const recording = await reopenAsRecording();
    expect(recording.committedLsn).toBe(recording.lastLsn);
    expect(toHex(unwrap(recording.stateHashAt(recording.committedLsn)))).toBe(hash);
    expect(kinds(recording)).toContain("tx-abort");
    recording.close();
  });

  it("is refused where there is nothing to open", async () => {
    expect(codeOf(await mmsbStart({ path: file, reopen: true }))).toBe("LOG_NOT_FOUND");
  });
});

describe("a session whose medium fails", () => {
  /** A file system on which writing and syncing begin to fail when told to. */
  function failing(): { fileSystem: LogFileSystem; fails: boolean } {
    const trouble = { fails: false, fileSystem: nodeFileSystem };
    const refuse = () => fail("LOG_NO_SPACE", "the disk is full", "Make room");
    trouble.fileSystem = {
      ...nodeFileSystem,
      open(target, mode) {
        const opened = nodeFileSystem.open(target, mode);
        if (!opened.ok) return opened;
        const inner = opened.value;
        return ok(
          new Proxy(inner, {
            get(_target, key) {
              if (key === "queue") return undefined;
              if (trouble.fails && (key === "write" || key === "sync")) return refuse;
              if (trouble.fails && key === "syncAsync") return () => Promise.resolve(refuse());
              const value = Reflect.get(inner, key);
              return typeof value === "function" ? value.bind(inner) : value;
            },
          }),
        );
      },
    };
    return trouble;
  }

  it("turns read-only, keeps what it holds, and says why", async () => {
    const trouble = failing();
    await start({ fileSystem: trouble.fileSystem });
    const id = unwrap(session.createPage({ sizeBytes: 4, bytes: Uint8Array.of(1, 2, 3, 4) }));
    unwrap(session.sync());
    trouble.fails = true;
    unwrap(session.write(id, 0, Uint8Array.of(9)));
    expect(session.sync().ok).toBe(false);
    trouble.fails = false;
    const refused = session.write(id, 0, Uint8Array.of(1));
    expect(codeOf(refused)).toBe("LOG_READ_ONLY");
    expect(refused.ok ? "" : refused.error.message).toContain("the disk is full");
    expect(codeOf(session.transaction(() => ok(1)))).toBe("LOG_READ_ONLY");
    expect(session.stats().readOnly).toBe(true);
    expect(bytesOf(id)).toEqual([9, 2, 3, 4]);
    await session.stop();
    const recording = unwrap(Recording.fromSource(unwrap(LogReader.open(file)), { index: "memory" }));
    expect([...unwrap(recording.pageAt(id, recording.committedLsn))!.bytes]).toEqual([1, 2, 3, 4]);
    recording.close();
  });

  it("applies of a batch what was logged, and no more", async () => {
    const trouble = failing();
    await start({ fileSystem: trouble.fileSystem });
    const id = unwrap(session.createPage({ sizeBytes: 64 }));
    unwrap(session.sync());
    const batch = new DeltaBatch();
    const slot = unwrap(session.slotOf(id));
    const rows = 200_000;
    for (let row = 1; row <= rows; row++)
      batch.pushRange(slot, 0, 0, 0, new Uint8Array(Uint32Array.of(row).buffer), 0, 4, 0, 0);
    trouble.fails = true;
    const before = session.lastLsn;
    expect(codeOf(session.writeBatch(batch, ["w"]))).toBe("LOG_READ_ONLY");
    const { epoch } = unwrap(session.describe(id));
    expect(epoch).toBeGreaterThan(0);
    expect(epoch).toBeLessThan(rows);
    expect(session.lastLsn - before).toBe(epoch);
    expect([...bytesOf(id)].slice(0, 4)).toEqual([...new Uint8Array(Uint32Array.of(epoch).buffer)]);
    trouble.fails = false;
    await session.stop();
  });

  it("reports a transaction whose commit did not reach the log", async () => {
    const trouble = failing();
    await start({ fileSystem: trouble.fileSystem, durability: "commit" });
    const id = unwrap(session.createPage({ sizeBytes: 1 << 20 }));
    trouble.fails = true;
    const result = session.transaction(() => session.write(id, 0, new Uint8Array(1 << 20).fill(3)));
    const durable = result.ok ? await session.durable() : result;
    expect(durable.ok).toBe(false);
    expect(session.stats().readOnly).toBe(true);
  });
});

describe("a recording that rotates", () => {
  it("keeps its last files, and a session goes on with it", async () => {
    await start({ rotateBytes: 20_000, keepSegments: 2 });
    const ids = Array.from({ length: 4 }, () => unwrap(session.createPage({ sizeBytes: 1000 })));
    for (let i = 0; i < 200; i++) {
      unwrap(session.transaction(() => session.write(ids[i % 4]!, 0, new Uint8Array(900).fill(i))));
      if (i % 50 === 49) unwrap(session.checkpoint("dirty"));
    }
    const hash = toHex(session.stateHash());
    const recording = await reopenAsRecording();
    expect(recording.firstLsn).toBeGreaterThan(1);
    expect(toHex(unwrap(recording.stateHashAt(recording.committedLsn)))).toBe(hash);
    recording.close();
    await start({ reopen: true, rotateBytes: 20_000, keepSegments: 2 });
    expect(toHex(session.stateHash())).toBe(hash);
    unwrap(session.write(ids[0]!, 0, Uint8Array.of(1)));
  });

  it("writes no more of its state than of what changed, however large that is beside a file", async () => {
    await start({ rotateBytes: 20_000 });
    const id = unwrap(session.createPage({ sizeBytes: 200_000 }));
    for (let i = 0; i < 600; i++)
      unwrap(session.transaction(() => session.write(id, i, new Uint8Array(1000).fill(i))));
    const recording = await reopenAsRecording();
    expect(recording.source.checkpoints.length).toBeGreaterThan(1);
    expect(recording.source.fileBytes).toBeLessThan(2_000_000);
    recording.close();
  });
});

it("says with its lock what a writer of the log would", async () => {
  await start();
  expect(codeOf(await LogWriter.open(file))).toBe("LOG_LOCKED");
});
