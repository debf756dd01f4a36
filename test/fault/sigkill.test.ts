import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, test } from "vitest";
import { Prng } from "../../engine/base/prng.ts";
import { unwrap } from "../../engine/base/result.ts";
import { LogReader } from "../../engine/log/log-reader.ts";
import { LogWriter } from "../../engine/log/log-writer.ts";
import { RecordBatch } from "../../engine/log/record-batch.ts";
import { RecordKind } from "../../engine/log/record-kinds.ts";
import { bodyOf } from "./writer-content.ts";

const WRITER = fileURLToPath(new URL("./writer-process.ts", import.meta.url));
const KILLS = 26;
const folder = mkdtempSync(join(tmpdir(), "mmsb-sigkill-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Starts a writer, kills it `delayMs` after so many lines; returns what it acknowledged. */
function writeUntilKilled(
  args: readonly string[],
  delayMs: number,
  lineCount: number,
): Promise<{ acknowledged: number; signal: string | null; errors: string }> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [WRITER, ...args], { stdio: ["ignore", "pipe", "pipe"] });
    let lines = "";
    let errors = "";
    let armed = false;
    child.stderr.on("data", (chunk: Buffer) => {
      errors += chunk.toString();
    });
    child.stdout.on("data", (chunk: Buffer) => {
      lines += chunk.toString();
      if (armed || lines.split("\n").length <= lineCount) return;
      armed = true;
      setTimeout(() => child.kill("SIGKILL"), delayMs);
    });
    // All of stdout has been read by then: an acknowledgement that was printed counts.
    child.once("close", (_code, signal) => {
      const whole = lines.slice(0, lines.lastIndexOf("\n")).split("\n");
      resolve({ acknowledged: Math.max(0, ...whole.map(Number)), signal, errors });
    });
  });
}

/** Every record up to `acknowledged` is there and holds what its LSN says. Returns the last LSN. */
function check(path: string, acknowledged: number): number {
  const reader = unwrap(LogReader.open(path));
  expect(reader.gaps).toEqual([]);
  expect(reader.damage.filter((damage) => !reader.tail.isTail(damage))).toEqual([]);
  expect(reader.firstLsn).toBe(1);
  expect(reader.committedLsn).toBeGreaterThanOrEqual(acknowledged);
  const batch = new RecordBatch();
  let next = 1;
  for (let block = 0; block < reader.blockCount; block++) {
    unwrap(reader.readBlock(block, batch));
    expect(batch.firstLsn).toBe(next);
    next += batch.count;
    for (let row = 0; row < batch.count; row++) {
      if (batch.kind[row] !== RecordKind.Event) continue;
      if (!Buffer.from(bodyOf(batch.lsn(row))).equals(batch.body(row)))
        expect.fail(`record ${batch.lsn(row)} is not what was written`);
    }
  }
  expect(next - 1).toBe(reader.lastLsn);
  reader.close();
  return reader.lastLsn;
}

describe("a writing process that is killed", () => {
  test.concurrent.each([
    ["in one file", "0", "8", KILLS, 1],
    ["in segments that rotate", "60000", "8", KILLS, 1],
    // Every transaction is several times what is written at once, by the addon's thread where it is there.
    ["in the middle of writes of many records", "0", "4000", 8, 2],
  ] as const)(
    "%s has lost nothing it acknowledged, and its lock blocks nobody",
    async (name, rotateBytes, most, kills, lineCount) => {
      const path = join(folder, `${name.replaceAll(" ", "-")}.tlog`);
      const prng = new Prng(rotateBytes.length);
      let acknowledged = 0;
      for (let kill = 0; kill < kills; kill++) {
        const args = [path, kill === 0 ? "create" : "open", rotateBytes, String(kill), most];
        const end = await writeUntilKilled(args, prng.below(40), lineCount);
        expect([end.signal, end.errors], `kill ${kill}`).toEqual(["SIGKILL", ""]);
        acknowledged = Math.max(acknowledged, end.acknowledged);
        check(path, acknowledged);
      }
      expect(acknowledged).toBeGreaterThan(kills);
      const writer = unwrap(await LogWriter.open(path));
      expect(writer.lastLsn).toBeGreaterThanOrEqual(acknowledged);
      unwrap(await writer.close());
    },
  );
});
