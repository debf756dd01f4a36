import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { buildCommand, expectError, json, lines, makeFolder, mmsb, parsed } from "./support.ts";

buildCommand();
const at = makeFolder();
const whole = at("whole.tlog");
let bytes: Buffer;

beforeAll(async () => {
  await json("demo", whole, "--workload", "life", "--steps", "30");
  bytes = readFileSync(whole);
  writeFileSync(at("cut.tlog"), bytes.subarray(0, bytes.length - 40_000));
  const flipped = Buffer.from(bytes);
  flipped[Math.floor(bytes.length / 2)]! ^= 4;
  writeFileSync(at("flipped.tlog"), flipped);
}, 60_000);

describe("mmsb verify", () => {
  it("finds a whole recording sound", async () => {
    expect(await json("verify", whole)).toMatchObject({ ok: true, problems: [] });
  });

  it("finds what was cut, flipped or never closed", async () => {
    for (const name of ["cut.tlog", "flipped.tlog"]) {
      const { ok, problems } = parsed(await mmsb("verify", at(name), "--json"), 1);
      expect(ok).toBe(false);
      expect(problems[0]).toMatchObject({
        code: expect.stringMatching(/^LOG_/),
        message: expect.any(String),
      });
      expect(problems[0].offset).toBeGreaterThan(0);
    }
  });
});

describe("a damaged recording", () => {
  it("of which nothing was completely written says so", async () => {
    writeFileSync(at("begun.tlog"), readFileSync(whole).subarray(0, 40));
    const { code, stderr } = await mmsb("info", at("begun.tlog"));
    expect(code).not.toBe(0);
    expect(stderr).toMatch(/^LOG_TRUNCATED: .*Nothing was completely written to it/);
  });

  it("opens to what is good, says on standard error what is not, and ends with 1", async () => {
    const info = await mmsb("info", at("cut.tlog"), "--json");
    expect(info.stderr).toMatch(/^LOG_TRUNCATED: /);
    const summary = parsed(info, 1);
    expect(summary.complete).toBe(false);
    expect(summary.damage).toMatchObject({
      offset: expect.any(Number),
      code: "LOG_TRUNCATED",
      message: expect.any(String),
      lostBytes: expect.any(Number),
    });
    const replay = parsed(await mmsb("replay", at("cut.tlog"), "--json"), 1);
    expect(replay.stateHash).toBe((await json("replay", whole, "--at", replay.lsn)).stateHash);
    const { code, stdout } = await mmsb("cat", at("flipped.tlog"), "--json");
    expect(code).toBe(1);
    const good = new Map(
      lines((await mmsb("cat", whole, "--json")).stdout).map((line) => [JSON.parse(line).lsn, line]),
    );
    const read = lines(stdout);
    expect(read.length).toBeGreaterThan(100);
    for (const line of read) expect(line).toBe(good.get(JSON.parse(line).lsn));
  });

  it("is recovered into a sound one", async () => {
    for (const name of ["cut.tlog", "flipped.tlog"]) {
      const out = at(`good-${name}`);
      const { records, lostBytes } = await json("recover", at(name), out);
      expect(records).toBeGreaterThan(100);
      expect(lostBytes).toBeGreaterThan(0);
      const info = await json("info", out);
      expect(info).toMatchObject({ damage: null, complete: true });
      expect(info.records).toBeGreaterThanOrEqual(records);
    }
    const { lsn, stateHash } = await json("replay", at("good-cut.tlog"));
    expect((await json("replay", whole, "--at", lsn)).stateHash).toBe(stateHash);
    expect(await json("verify", at("good-cut.tlog"))).toMatchObject({ ok: true });
  });

  it("is recovered into nothing that exists already", async () => {
    expectError(await mmsb("recover", at("cut.tlog"), whole), 2, "LOG_EXISTS");
    expect(readFileSync(whole).equals(bytes)).toBe(true);
  });
});

describe("a file that is no recording", () => {
  it("is refused in one line by every verb, without a trace", async () => {
    writeFileSync(at("text.tlog"), "these are not the bytes that you look for".repeat(100));
    writeFileSync(at("empty.tlog"), "");
    for (const args of [
      ["info"],
      ["replay"],
      ["cat"],
      ["verify"],
      ["history", "--page", "1"],
      ["step", "--auto"],
    ]) {
      const [name = "", ...rest] = args;
      const ran = await mmsb(name, at("text.tlog"), ...rest);
      expectError(ran, 1, "LOG_NOT_A_LOG");
      expect(ran.stderr).not.toMatch(/^\s+at /m);
    }
    for (const verb of ["recover", "convert"]) {
      expectError(await mmsb(verb, at("text.tlog"), at("out")), 1, "LOG_NOT_A_LOG");
      expectError(await mmsb(verb, at("missing.tlog"), at("out")), 2, "LOG_NOT_FOUND");
    }
    expect((await mmsb("info", at("empty.tlog"))).code).toBe(1);
    expectError(await mmsb("diff", whole, at("missing.tlog")), 2, "LOG_NOT_FOUND");
    expect(readdirSync(path.dirname(whole)).filter((name) => name.startsWith("out"))).toEqual([]);
  });

  it("shows a stack only where one is asked for", async () => {
    const { stderr } = await mmsb("info", at("text.tlog"), "--debug");
    expect(lines(stderr).length).toBeGreaterThan(2);
  });
});
