import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, expect } from "vitest";

const root = path.resolve(import.meta.dirname, "../..");
export const main = path.join(root, "dist/engine/cli/main.js");

/** The recordings of the older program's authors; they stand beside the repository, not in it. */
export const realRecordings = path.resolve(root, "../shared/recordings");

export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Brings the built command up to date, once a test file. */
export function buildCommand(): void {
  beforeAll(() => {
    const built = spawnSync(process.execPath, [path.join(root, ".tools/mmsb.mjs"), "--version"], {
      cwd: root,
    });
    if (built.status !== 0) throw new Error(`mmsb could not be built: ${built.stderr}`);
  }, 240_000);
}

/** A folder that lives as long as the test file. */
export function makeFolder(): (name: string) => string {
  const folder = mkdtempSync(path.join(tmpdir(), "mmsb-cli-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return (name) => path.join(folder, name);
}

/** The command as another process, with `env` besides this one's environment. */
export function start(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  return spawn(process.execPath, [main, ...args], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, ...env },
  });
}

/** Runs the command to its end. */
export function mmsb(...args: string[]): Promise<Ran> {
  return mmsbWith({}, ...args);
}

export function mmsbWith(env: Readonly<Record<string, string>>, ...args: string[]): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const child = start(args, env);
    let stdout = "";
    let stderr = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      stderr += text;
    });
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, stdout, stderr }));
  });
}

/** Runs the command with --json and expects it to end well. */
// biome-ignore lint/suspicious/noExplicitAny: what a program reads
export async function json(...args: string[]): Promise<any> {
  return parsed(await mmsb(...args, "--json"), 0);
}

// biome-ignore lint/suspicious/noExplicitAny: what a program reads
export function parsed(ran: Ran, code: number): any {
  expect({ code: ran.code, stderr: code === 0 ? ran.stderr : "" }).toEqual({ code, stderr: "" });
  return JSON.parse(ran.stdout);
}

export function lines(text: string): string[] {
  return text.split("\n").filter((line) => line !== "");
}

/** An error is one line: code, message, what to do. */
export function expectError(ran: Ran, exitCode: number, code: string): void {
  expect(ran.code).toBe(exitCode);
  expect(ran.stdout).toBe("");
  expect(lines(ran.stderr)).toHaveLength(1);
  expect(ran.stderr).toMatch(new RegExp(`^${code}: .+\\. .+\\n$`));
}
