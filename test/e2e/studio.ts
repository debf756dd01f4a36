import { execFileSync, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { closeSync, cpSync, mkdtempSync, openSync, rmSync, statSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { createInterface } from "node:readline";
import { test as base, expect, type Locator, type Page } from "@playwright/test";

const COMMAND = join(import.meta.dirname, "../../dist/engine/cli/main.js");

const ENGINE = join(import.meta.dirname, "../../dist/engine/index.js");

/** What the command prints. */
export function mmsb(...args: string[]): string {
  return execFileSync(process.execPath, [COMMAND, ...args], {
    encoding: "utf8",
    maxBuffer: 64 << 20,
    stdio: ["ignore", "pipe", "pipe"],
  });
}

export interface PrintedRecord {
  readonly lsn: string;
  readonly kind: string;
  readonly pageId?: string;
  readonly epoch?: number;
  readonly source: string;
  readonly cause?: string;
  readonly ranges?: readonly { readonly offset: number; readonly length: number }[];
}

/** The records from one LSN to another as `mmsb cat` prints them. */
export function printedRecords(file: string, from: number, to: number, ...more: string[]): PrintedRecord[] {
  const lines = mmsb("cat", file, "--json", "--from", `${from}`, "--to", `${to}`, ...more);
  return lines
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as PrintedRecord);
}

/** Recordings that every test of a worker reads; who writes beside one takes a copy. */
export interface Recordings {
  readonly folder: string;
  readonly life: string;
  readonly mlp: string;
  /** Has pages on a device. */
  readonly tensors: string;
  /** A session with recomputes: see {@link recordWaves}. */
  readonly waves: string;
  /** `life` as MMSBLOG1, and that converted back. */
  readonly foreign: string;
  readonly converted: string;
  /** `life` with a byte in its middle overwritten. */
  readonly damaged: string;
}

/**
 * Four writes to page 1, each a wave: page 2 doubles it, 3 takes its sign and 4 negates that, 5 takes its root, which fails below zero, and 6 adds
 * one to that. The values are 2, 3 (the sign is cut off, 4 not reached), -1 (5 fails, 6 waits behind it) and 4 (all is well again).
 */
async function recordWaves(path: string): Promise<void> {
  const { mmsbStart } = (await import(ENGINE)) as typeof import("../../engine/index.ts");
  const started = await mmsbStart({ path, durability: "none" });
  if (!started.ok) throw started.error;
  const session = started.value;
  const page = (type: string) => {
    const created = session.createPage({ sizeBytes: 8, type });
    if (!created.ok) throw created.error;
    return created.value;
  };
  const pages = ["input", "double", "sign", "negated", "root", "next"].map(page);
  const computes = (target: number, input: number, compute: (value: number) => number) =>
    session.registerRecompute(
      pages[target - 1]!,
      { name: `page-${target}`, run: (ctx) => ctx.setF64(0, compute(ctx.f64(0, 0))) },
      { inputs: [pages[input - 1]!] },
    );
  const registered = [
    computes(2, 1, (value) => 2 * value),
    computes(3, 1, Math.sign),
    computes(4, 3, (value) => -value),
    computes(5, 1, (value) => {
      if (value < 0) throw new Error("no root below zero");
      return Math.sqrt(value);
    }),
    computes(6, 5, (value) => value + 1),
  ];
  for (const done of registered) if (!done.ok) throw done.error;
  for (const value of [2, 3, -1, 4]) {
    const written = session.write(pages[0]!, 0, new Uint8Array(Float64Array.of(value).buffer), {
      source: "sensor",
    });
    if (!written.ok) throw written.error;
  }
  const stopped = await session.stop();
  if (!stopped.ok) throw stopped.error;
}

async function makeRecordings(): Promise<Recordings> {
  const folder = mkdtempSync(join(tmpdir(), "mmsb-e2e-"));
  const at = (name: string) => join(folder, name);
  const made = {
    folder,
    life: at("life.tlog"),
    mlp: at("mlp.tlog"),
    tensors: at("tensors.tlog"),
    waves: at("waves.tlog"),
    foreign: at("life.mmsblog1"),
    converted: at("converted.tlog"),
    damaged: at("damaged.tlog"),
  };
  mmsb("demo", made.life, "--workload", "life");
  mmsb("demo", made.mlp, "--workload", "mlp", "--steps", "60");
  mmsb("demo", made.tensors, "--workload", "tensors");
  await recordWaves(made.waves);
  mmsb("convert", made.life, made.foreign, "--to", "mmsblog1");
  mmsb("convert", made.foreign, made.converted);
  cpSync(made.life, made.damaged);
  const file = openSync(made.damaged, "r+");
  writeSync(file, Uint8Array.of(0xff, 0xff), 0, 2, Math.floor(statSync(made.damaged).size / 2));
  closeSync(file);
  return made;
}

/** `mmsb serve`, until it is stopped. */
export async function serve(...paths: string[]): Promise<{ url: string; stop: () => Promise<void> }> {
  const child = spawn(process.execPath, [COMMAND, "serve", "--json", ...paths], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const line = await new Promise<string>((resolve, reject) => {
    createInterface(child.stdout).once("line", resolve);
    child.once("exit", (code) => reject(new Error(`mmsb serve ended with ${code}`)));
  });
  return {
    url: (JSON.parse(line) as { url: string }).url,
    stop: () =>
      new Promise((resolve) => {
        child.once("exit", () => resolve());
        child.kill("SIGTERM");
      }),
  };
}

/** The Studio's window, as far as tests need to know it. */
export class StudioWindow {
  readonly page: Page;

  constructor(page: Page) {
    this.page = page;
  }

  panel(id: string): Locator {
    return this.page.locator(`[data-scope="${id}"]`);
  }

  /** The grid of a panel that lists records. */
  grid(label: "Deltas" | "Events"): Locator {
    return this.page.getByRole("grid", { name: label });
  }

  /** The row at the cursor, cell by cell. */
  activeRow(label: "Deltas" | "Events"): Locator {
    return this.grid(label).locator('[role="row"][aria-selected="true"] [role="gridcell"]');
  }

  async expectLsn(lsn: number): Promise<void> {
    await expect(this.page.getByTestId("cursor-lsn")).toHaveText(lsn.toLocaleString("en-US"));
  }

  async lsn(): Promise<number> {
    const text = await this.page.getByTestId("cursor-lsn").textContent();
    return Number((text ?? "").replaceAll(",", ""));
  }

  /** Runs a command through the palette, as a person would. */
  async run(title: string): Promise<void> {
    await this.page.keyboard.press("Control+Shift+P");
    await this.page.keyboard.type(title);
    await this.page.keyboard.press("Enter");
    await expect(this.page.getByRole("dialog")).toHaveCount(0);
  }

  async goTo(target: string): Promise<void> {
    await this.page.keyboard.press("g");
    const dialog = this.page.getByRole("dialog");
    await dialog.getByRole("textbox").fill(target);
    await this.page.keyboard.press("Enter");
    await expect(dialog).toHaveCount(0);
  }
}

interface Fixtures {
  /** Serves these files and opens the first. */
  readonly open: (...paths: string[]) => Promise<StudioWindow>;
  /** Nothing may go wrong unseen: an error in the console fails the test. */
  readonly quietConsole: string[];
}

export const test = base.extend<Fixtures, { recordings: Recordings }>({
  recordings: [
    // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the fixtures that one depends on from its first parameter
    async ({}, use) => {
      const made = await makeRecordings();
      await use(made);
      rmSync(made.folder, { recursive: true, force: true });
    },
    { scope: "worker" },
  ],
  quietConsole: [
    async ({ page }, use) => {
      const errors: string[] = [];
      page.on("console", (message) => {
        if (message.type() === "error") errors.push(message.text());
      });
      page.on("pageerror", (error) => errors.push(error.stack ?? error.message));
      page.on("requestfailed", (request) =>
        errors.push(`${request.url()}: ${request.failure()?.errorText ?? ""}`),
      );
      await use(errors);
      expect(errors).toEqual([]);
    },
    { auto: true },
  ],
  open: async ({ page }, use) => {
    const servers: { stop: () => Promise<void> }[] = [];
    await use(async (...paths) => {
      const server = await serve(...paths);
      servers.push(server);
      await page.goto(server.url);
      await expect(page).toHaveTitle(`${basename(paths[0] ?? "")} · MMSB Studio`);
      return new StudioWindow(page);
    });
    // The window goes first: a server that vanishes under it would be an error in its console.
    await page.close();
    for (const server of servers) await server.stop();
  },
});

export { expect };

export function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
