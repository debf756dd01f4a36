import { spawn, spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";

const START = join(import.meta.dirname, "../../.tools/start.mjs");
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "mmsb-start-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const environment = (more: Record<string, string> = {}) => {
  const { DISPLAY: _display, WAYLAND_DISPLAY: _wayland, INIT_CWD: _cwd, ...rest } = process.env;
  return { ...rest, XDG_CACHE_HOME: join(folder, "cache"), ...more };
};

/** Starts, waits for what it says, ends it, and returns all of that. */
async function start(args: string[], until: RegExp, env = environment()): Promise<string> {
  const child = spawn(process.execPath, [START, ...args], { cwd: folder, env });
  let output = "";
  const said = new Promise<void>((resolve, reject) => {
    const hear = (data: Buffer) => {
      output += data.toString();
      if (until.test(output)) resolve();
    };
    child.stdout.on("data", hear);
    child.stderr.on("data", hear);
    child.once("exit", (code) => reject(new Error(`ended with ${code}: ${output}`)));
  });
  await said;
  const ended = new Promise<number | null>((resolve) => child.once("exit", resolve));
  child.kill("SIGTERM");
  expect(await ended).toBe(0);
  return output;
}

test.runIf(process.platform === "linux")(
  "without a display the demo is recorded once and served on loopback, and the address works",
  async () => {
    const output = await start([], /http:\/\/127\.0\.0\.1:\d+\/#token=\S+/);
    expect(output).toMatch(/^no desktop window \(no display: /m);
    expect(output).toContain("life.tlog");
    expect(existsSync(join(folder, "cache", "mmsb", "life.tlog"))).toBe(true);
    expect(output).not.toMatch(/\n\s+at /);
  },
  120_000,
);

test.runIf(process.platform === "linux")(
  "a desktop program that does not start gives way to the browser",
  async () => {
    const broken = join(folder, "electron");
    mkdirSync(broken, { recursive: true });
    writeFileSync(join(broken, "electron"), "#!/bin/sh\nexit 127\n");
    chmodSync(join(broken, "electron"), 0o755);
    // nobody listens on that display, and xdg-open is not on this path
    const env = environment({ DISPLAY: ":99", ELECTRON_OVERRIDE_DIST_PATH: broken, PATH: broken });
    const output = await start([], /http:\/\/127\.0\.0\.1:\d+/, env);
    expect(output).toContain("the desktop window ended with code 127: here is the same in a browser.");
  },
  120_000,
);

test("what is missing is said in one line", () => {
  writeFileSync(join(folder, "a.tlog"), "x");
  for (const [args, line] of [
    [["none.tlog"], "none.tlog was not found: check the path.\n"],
    [["."], ". is a folder: give a recording in it.\n"],
    [["a.tlog", "b.tlog"], "give one recording: npm start -- FILE\n"],
    [["--help"], "give one recording: npm start -- FILE\n"],
  ] as const) {
    const run = spawnSync(process.execPath, [START, ...args], {
      cwd: folder,
      env: environment(),
      encoding: "utf8",
    });
    expect([args, run.status, run.stderr]).toEqual([args, 1, line]);
  }
}, 120_000);
