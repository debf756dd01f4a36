import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { expect, test } from "vitest";

const COMMAND = join(import.meta.dirname, "../../dist/engine/cli/main.js");

test("serve shows the window on loopback behind its token, and ends when it is told to", async () => {
  const folder = mkdtempSync(join(tmpdir(), "mmsb-serve-"));
  const child = spawn(process.execPath, [COMMAND, "serve", "--json"], { cwd: folder });
  try {
    const line = await new Promise<string>((resolve, reject) => {
      createInterface(child.stdout).once("line", resolve);
      child.once("exit", (code) => reject(new Error(`ended with ${code}`)));
    });
    const { url, port } = JSON.parse(line) as { url: string; port: number };
    expect(new URL(url).hostname).toBe("127.0.0.1");
    const page = await fetch(`http://127.0.0.1:${port}/`);
    expect(page.status).toBe(200);
    expect(page.headers.get("content-security-policy")).toContain("default-src");
    expect(await page.text()).toContain("<title>");
    const trick = await fetch(`http://127.0.0.1:${port}/..%2f..%2fpackage.json`);
    expect(trick.status).toBeGreaterThanOrEqual(400);
    const ended = new Promise<number | null>((resolve) => child.once("exit", resolve));
    child.kill("SIGTERM");
    expect(await ended).toBe(0);
  } finally {
    child.kill("SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  }
}, 60_000);

test("what cannot be served is said in one line", () => {
  for (const [args, line] of [
    [["--port", "70000"], /Give a port from 0 to 65535/],
    [["no-such.tlog"], /^LOG_NOT_FOUND: .*no-such\.tlog/],
    [["--host", "203.0.113.1"], /^ADDRESS_UNAVAILABLE: /],
  ] as const) {
    const run = spawnSync(process.execPath, [COMMAND, "serve", ...args], { encoding: "utf8" });
    expect(run.status).not.toBe(0);
    expect(run.stderr).toMatch(line);
    expect(run.stderr).not.toMatch(/\n\s+at /);
  }
}, 60_000);
