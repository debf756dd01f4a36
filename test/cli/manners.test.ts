import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import path from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { MMSB_VERSION } from "../../engine/session/version.ts";
import { buildCommand, expectError, json, main, makeFolder, mmsb, start } from "./support.ts";

buildCommand();
const at = makeFolder();
const file = at("x.tlog");

beforeAll(async () => {
  await json("demo", file, "--workload", "life", "--steps", "120");
}, 60_000);

describe("the command line", () => {
  it("answers wrong use with one line and exit code 2", async () => {
    const { code, stderr } = await mmsb();
    expect(code).toBe(2);
    expect(stderr).toContain("Usage: mmsb");
    for (const args of [
      ["frobnicate"],
      ["info"],
      ["info", file, "more"],
      ["info", file, "--nonsense"],
      ["replay", file, "--at", "1e3"],
      ["convert", file, at("y"), "--to", "zip"],
      ["demo", at("y"), "--workload", "chess"],
      ["demo", at("y"), "--seed", "-1"],
      ["demo", at("y"), "--seed", "4294967296"],
    ]) {
      expectError(await mmsb(...args), 2, "ARGUMENT_INVALID");
    }
    expectError(await mmsb("info", at("missing.tlog")), 2, "LOG_NOT_FOUND");
  });

  it("helps, and knows its version", async () => {
    const help = await mmsb("--help");
    expect([help.code, help.stderr]).toEqual([0, ""]);
    for (const verb of [
      "info",
      "replay",
      "cat",
      "history",
      "verify",
      "recover",
      "convert",
      "diff",
      "demo",
      "step",
    ]) {
      expect(help.stdout).toMatch(new RegExp(`^ {2}${verb} `, "m"));
      const own = await mmsb(verb, "--help");
      expect([own.code, own.stdout.startsWith(`Usage: mmsb ${verb}`)]).toEqual([0, true]);
    }
    expect((await mmsb("--version")).stdout).toBe(`${MMSB_VERSION}\n`);
  }, 60_000);

  it("has the package's version", () => {
    const manifest = JSON.parse(
      readFileSync(path.resolve(import.meta.dirname, "../../package.json"), "utf8"),
    );
    expect(MMSB_VERSION).toBe(manifest.version);
  });

  it("ends quietly where its reader has seen enough", async () => {
    const child = start(["cat", file, "--json"]);
    let stderr = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      stderr += text;
    });
    const code = await new Promise((resolve) => {
      child.on("close", resolve);
      child.stdout.once("data", () => child.stdout.destroy());
    });
    expect([code, stderr]).toEqual([0, ""]);
  });

  it("leaves nothing behind where it is interrupted", async () => {
    for (const args of [["demo", at("cut-off.tlog"), "--steps", "1000000"]]) {
      const child = start(args);
      const ended = new Promise((resolve) => child.on("close", resolve));
      const partial = () => readdirSync(path.dirname(file)).filter((name) => name.startsWith("cut-off"));
      for (let i = 0; i < 500 && partial().length === 0; i++)
        await new Promise((resolve) => setTimeout(resolve, 20));
      expect(partial()).toHaveLength(1);
      child.kill("SIGINT");
      expect(await ended).toBe(130);
      expect(partial()).toEqual([]);
    }
  });

  it("leaves no half-made index behind where it is interrupted, nor one of a process that was killed", async () => {
    const large = at("large.tlog");
    await json("demo", large, "--steps", "7000");
    const temporary = () =>
      readdirSync(path.dirname(file)).filter((name) => name.startsWith("large.tlog.idx."));
    /** Until a run was caught while it made the index. */
    const caught = async (signal: "SIGINT" | "SIGKILL") => {
      for (let attempt = 0; attempt < 20; attempt++) {
        rmSync(`${large}.idx`, { force: true });
        const child = start(["info", large]);
        const ended = new Promise<number | null>((resolve) => child.on("close", resolve));
        let isOver = false;
        void ended.then(() => {
          isOver = true;
        });
        while (!isOver && temporary().length === 0) await new Promise((resolve) => setTimeout(resolve, 2));
        child.kill(signal);
        const code = await ended;
        if (code !== 0) return code;
      }
      throw new Error("never caught");
    };
    expect(await caught("SIGINT")).toBe(130);
    expect(temporary()).toEqual([]);
    await caught("SIGKILL");
    expect(temporary()).toHaveLength(1);
    rmSync(`${large}.idx`, { force: true });
    expect((await json("info", large)).records).toBeGreaterThan(100_000);
    expect(temporary()).toEqual([]);
    expect(existsSync(`${large}.idx`)).toBe(true);
  });

  it.skipIf(!existsSync("/dev/full"))("says in one line that its output found no room", () => {
    for (const args of [
      ["cat", file],
      ["info", file, "--json"],
    ]) {
      const ran = spawnSync("sh", ["-c", 'exec "$0" "$@" > /dev/full', process.execPath, main, ...args], {
        encoding: "utf8",
      });
      expect([ran.status, ran.stderr]).toEqual([
        1,
        "LOG_NO_SPACE: no space left while writing standard output. Send the output to where there is room\n",
      ]);
    }
  });

  it("refuses what cannot be meant", async () => {
    expectError(await mmsb("cat", file, "--from", "9", "--to", "3"), 2, "ARGUMENT_INVALID");
    expectError(await mmsb("convert", file, at("no/such/folder/x")), 2, "LOG_NOT_FOUND");
  });

  it("prints neither progress nor colour where nobody looks", async () => {
    const { stdout, stderr } = await mmsb("step", file, "--auto");
    expect(stdout + stderr).not.toContain("\x1b");
  });
});
