import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { buildCommand, expectError, json, lines, makeFolder, mmsb, parsed } from "./support.ts";

buildCommand();
const at = makeFolder();
const life = at("life.tlog");
const mlp = at("mlp.tlog");
// biome-ignore lint/suspicious/noExplicitAny: what a program reads
const made: Record<string, any> = {};

beforeAll(async () => {
  const [first, second] = await Promise.all([
    json("demo", life, "--workload", "life", "--seed", "7", "--steps", "40"),
    json("demo", mlp, "--workload", "mlp", "--seed", "7", "--steps", "60"),
  ]);
  Object.assign(made, { life: first, mlp: second });
}, 60_000);

const decimal = expect.stringMatching(/^\d+$/);
const hash = expect.stringMatching(/^[0-9a-f]{64}$/);

describe("mmsb demo", () => {
  it("gives the same bytes for the same seed, and others for another", async () => {
    await json("demo", at("again.tlog"), "--workload", "life", "--seed", "7", "--steps", "40");
    await json("demo", at("other.tlog"), "--workload", "life", "--seed", "8", "--steps", "40");
    expect(readFileSync(at("again.tlog")).equals(readFileSync(life))).toBe(true);
    expect(readFileSync(at("other.tlog")).equals(readFileSync(life))).toBe(false);
  });

  it("pins what the seed gives on every machine", () => {
    expect(made["life"]).toMatchObject({ records: expect.any(Number), stateHash: hash });
    expect([made["life"].stateHash, made["mlp"].stateHash]).toMatchInlineSnapshot(`
      [
        "eae1aa4b3f1184143abba7f80b0bd00e2487df4112c6272d535adef7814f6a48",
        "12e00fd8ed07a4160c86b50f9aad54860e0bd119fbbf049421ca42c0b1b07fc3",
      ]
    `);
  });

  it("does not overwrite a file, and leaves nothing beside it", async () => {
    const before = readFileSync(life);
    expectError(await mmsb("demo", life), 2, "LOG_EXISTS");
    expect(readFileSync(life).equals(before)).toBe(true);
    expect(readdirSync(path.dirname(life)).filter((name) => name.includes("partial"))).toEqual([]);
  });

  it("says where it cannot write", async () => {
    expectError(await mmsb("demo", at("no/such/folder/x.tlog")), 2, "LOG_NOT_FOUND");
  });
});

describe("mmsb info", () => {
  it("tells programs what they rely on", async () => {
    const info = await json("info", mlp);
    expect(info).toMatchObject({
      format: "mmsb",
      version: 1,
      records: made["mlp"].records,
      events: 0,
      pages: 13,
      checkpoints: 6,
      firstTimestampNs: decimal,
      lastTimestampNs: decimal,
      fileBytes: readFileSync(mlp).length,
      complete: true,
      damage: null,
    });
    expect(BigInt(info.firstTimestampNs) < BigInt(info.lastTimestampNs)).toBe(true);
    expect(info.deltas).toBeGreaterThan(500);
  });

  it("tells a person in a few lines", async () => {
    const { code, stdout } = await mmsb("info", life);
    expect(code).toBe(0);
    expect(stdout).toContain("18 pages");
    expect(lines(stdout).length).toBeLessThan(12);
  });
});

describe("mmsb replay", () => {
  it("rebuilds the state that was recorded", async () => {
    for (const [file, report] of [
      [life, made["life"]],
      [mlp, made["mlp"]],
    ]) {
      const replay = await json("replay", file);
      expect(replay).toMatchObject({
        lsn: String(report.records),
        rejected: 0,
        unknown: 0,
        stateHash: report.stateHash,
      });
      expect(replay.applied).toBe((await json("info", file)).deltas);
      for (const page of replay.pages) {
        expect(page).toMatchObject({
          id: decimal,
          sizeBytes: expect.any(Number),
          epoch: expect.any(Number),
          location: "cpu",
          sha256: hash,
        });
      }
    }
  });

  it("shows any moment, and marks one inside a transaction", async () => {
    const start = await json("replay", life, "--at", "0");
    expect(start).toMatchObject({ lsn: "0", applied: 0, pages: [], inTransaction: false });
    const middle = await json("replay", life, "--at", "10");
    expect(middle).toMatchObject({ lsn: "10", inTransaction: true });
    expect(middle.pages).toHaveLength(8);
    expectError(await mmsb("replay", life, "--at", "99999999"), 2, "LSN_OUT_OF_RANGE");
  });

  it("has no use for page sizes here", async () => {
    expectError(await mmsb("replay", life, "--page-sizes", at("sizes.json")), 2, "ARGUMENT_INVALID");
  });
});

describe("mmsb cat", () => {
  it("prints every record as an object a line", async () => {
    const { code, stdout } = await mmsb("cat", mlp, "--json");
    expect(code).toBe(0);
    const records = lines(stdout).map((line) => JSON.parse(line));
    expect(records.map((record) => record.lsn)).toEqual(records.map((_, i) => String(i + 1)));
    expect(records).toHaveLength(made["mlp"].records);
    expect(records[0]).toMatchObject({
      lsn: "1",
      kind: "session-start",
      pageId: null,
      cause: "0",
      ranges: [],
    });
    const delta = records.find((record) => record.kind === "delta" && record.source === "mlp.update");
    expect(delta).toMatchObject({
      pageId: decimal,
      epoch: expect.any(Number),
      timestampNs: decimal,
      cause: decimal,
    });
    expect(delta.ranges[0]).toMatchObject({ offset: expect.any(Number), length: expect.any(Number) });
    for (const record of records) expect(Number(record.cause)).toBeLessThan(Number(record.lsn));
  });

  it("narrows to LSNs, a page and a kind", async () => {
    const { stdout } = await mmsb(
      "cat",
      life,
      "--json",
      "--from",
      "50",
      "--to",
      "200",
      "--page",
      "17",
      "--kind",
      "delta",
    );
    const records = lines(stdout).map((line) => JSON.parse(line));
    expect(records.length).toBeGreaterThan(3);
    for (const { lsn, pageId, kind } of records) {
      expect([pageId, kind]).toEqual(["17", "delta"]);
      expect(Number(lsn)).toBeGreaterThanOrEqual(50);
      expect(Number(lsn)).toBeLessThanOrEqual(200);
    }
    expect((await mmsb("cat", life, "--from", "100", "--to", "99")).stdout).toBe("");
    expectError(await mmsb("cat", life, "--kind", "nonsense"), 2, "ARGUMENT_INVALID");
    expectError(await mmsb("cat", life, "--page", "-1"), 2, "ARGUMENT_INVALID");
  });

  it("prints a line a record for people", async () => {
    const { stdout } = await mmsb("cat", life, "--to", "30");
    expect(lines(stdout)).toHaveLength(30);
    expect(stdout).toContain("session-start");
  });
});

describe("mmsb history", () => {
  it("names the writers of some bytes, newest first, with what led to them", async () => {
    const { writes } = await json("history", mlp, "--page", "4", "--range", "0:4");
    expect(writes.length).toBeGreaterThan(50);
    const lsns = writes.map((write: { lsn: string }) => Number(write.lsn));
    expect(lsns).toEqual([...lsns].sort((a, b) => b - a));
    expect(writes[0]).toMatchObject({ lsn: decimal, source: "mlp.update", cause: decimal });
    expect(writes.at(-1).source).toBe("mlp.init");
    for (const { ranges } of writes)
      for (const { offset, length } of ranges) expect(offset + length).toBeLessThanOrEqual(4);
    const [newest] = writes;
    expect(newest.causes[0]).toMatchObject({ lsn: newest.cause, kind: "delta", source: "mlp.backward" });
    expect(newest.causes.at(-1).kind).toBe("tx-begin");
  });

  it("agrees with the records themselves", async () => {
    const { writes } = await json("history", life, "--page", "17");
    const { stdout } = await mmsb("cat", life, "--json", "--page", "17", "--kind", "delta");
    const expected = lines(stdout)
      .map((line) => JSON.parse(line).lsn)
      .reverse();
    expect(writes.map((write: { lsn: string }) => write.lsn)).toEqual(expected);
    const early = await json("history", life, "--page", "17", "--at", expected.at(-2));
    expect(early.writes).toHaveLength(2);
    expect((await json("history", life, "--page", "17", "--at", "30")).writes).toEqual([]);
  });

  it("refuses what is not there", async () => {
    expectError(await mmsb("history", life, "--page", "99"), 2, "PAGE_UNKNOWN");
    expectError(await mmsb("history", life, "--page", "1", "--range", "0:2000"), 2, "DELTA_RANGE");
    expectError(await mmsb("history", life, "--page", "1", "--range", "5:5"), 2, "ARGUMENT_INVALID");
    expectError(await mmsb("history", life), 2, "ARGUMENT_INVALID");
  });
});

describe("mmsb diff", () => {
  it("finds nothing between a recording and its copy", async () => {
    await json("convert", life, at("copy.tlog"), "--to", "mmsb");
    expect(await json("diff", life, at("copy.tlog"))).toMatchObject({
      identical: true,
      firstDivergence: null,
    });
  });

  it("finds the record and the bytes where two part", async () => {
    await json("demo", at("seed8.tlog"), "--workload", "life", "--seed", "8", "--steps", "40");
    const { identical, firstDivergence } = parsed(await mmsb("diff", life, at("seed8.tlog"), "--json"), 1);
    expect(identical).toBe(false);
    expect(firstDivergence).toMatchObject({ lsn: decimal, what: "bytes", pageId: "1" });
    expect(firstDivergence.ranges[0].a).not.toBe(firstDivergence.ranges[0].b);
    const people = await mmsb("diff", life, at("seed8.tlog"));
    expect(people.code).toBe(1);
    expect(people.stdout).toContain(`LSN ${firstDivergence.lsn}`);
  });
});

describe("mmsb step --auto", () => {
  it("prints some steps and ends with the final state", async () => {
    const { code, stdout } = await mmsb("step", life, "--auto");
    expect(code).toBe(0);
    expect(stdout).toContain("session-start");
    expect(stdout).toContain("life.population");
    expect(lines(stdout).at(-1)).toContain(made["life"].stateHash);
  });

  it("needs a terminal for more", async () => {
    expectError(await mmsb("step", life), 2, "UNSUPPORTED");
  });
});
