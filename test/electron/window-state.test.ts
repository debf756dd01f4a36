import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { KeptFile } from "../../electron/kept-file.ts";
import { filesInArguments } from "../../electron/launch-files.ts";
import { RecentFiles } from "../../electron/recent-files.ts";
import { restoredState } from "../../electron/window-state.ts";

const screen = { x: 0, y: 0, width: 1920, height: 1040 };

test("a window comes back where it was, and into sight where its screen is gone", () => {
  const bounds = { x: 100, y: 50, width: 1200, height: 800 };
  expect(restoredState({ bounds, isMaximized: true }, [screen])).toEqual({ bounds, isMaximized: true });
  const away = { ...bounds, x: 5000 };
  expect(restoredState({ bounds: away }, [screen]).bounds).toEqual({
    x: 240,
    y: 70,
    width: 1440,
    height: 900,
  });
  const second = { x: 1920, y: 0, width: 2560, height: 1400 };
  expect(restoredState({ bounds: { ...bounds, x: 2000 } }, [screen, second]).bounds.x).toBe(2000);
});

test("whatever was kept, the window can be taken hold of", () => {
  const side = fc.oneof(fc.integer({ min: -5000, max: 5000 }), fc.constantFrom(null, "x", 1e300, Number.NaN));
  const kept = fc.oneof(
    fc.anything(),
    fc.record({
      bounds: fc.record({ x: side, y: side, width: side, height: side }),
      isMaximized: fc.anything(),
    }),
  );
  fc.assert(
    fc.property(kept, (value) => {
      const { bounds, isMaximized } = restoredState(value, [screen]);
      expect(typeof isMaximized).toBe("boolean");
      expect(Math.min(bounds.x + bounds.width, 1920) - Math.max(bounds.x, 0)).toBeGreaterThanOrEqual(96);
      expect(bounds.y).toBeGreaterThanOrEqual(0);
      expect(bounds.y).toBeLessThanOrEqual(1040 - 96);
      expect(bounds.width).toBeGreaterThanOrEqual(480);
      expect(bounds.height).toBeLessThanOrEqual(1040);
    }),
  );
});

test("the last recordings are kept, newest first, each once, and a damaged file is done without", () => {
  const folder = mkdtempSync(join(tmpdir(), "mmsb-shell-"));
  const file = new KeptFile(join(folder, "deep"), "recent.json");
  const recent = new RecentFiles(file);
  for (let i = 0; i < 20; i++) recent.add(`/r/${i}.tlog`);
  recent.add("/r/15.tlog");
  expect(recent.paths).toHaveLength(12);
  expect(new RecentFiles(file).paths.slice(0, 3)).toEqual(["/r/15.tlog", "/r/19.tlog", "/r/18.tlog"]);
  for (const content of ["{", "[1, null, {}]", '"x"', ""]) {
    writeFileSync(join(folder, "deep", "recent.json"), content);
    expect(new RecentFiles(file).paths).toEqual([]);
  }
  new KeptFile(join(folder, "deep", "recent.json"), "below-a-file.json").write({});
  rmSync(folder, { recursive: true });
});

test("recordings are found among what the system and Chromium put on the command line", () => {
  const packaged = { folder: "/data", isPackaged: true };
  expect(filesInArguments(["/opt/studio", "a.tlog", "--flag", "/b/c.tlog"], packaged)).toEqual([
    "/data/a.tlog",
    "/b/c.tlog",
  ]);
  const developing = { folder: "/data", isPackaged: false };
  expect(filesInArguments(["electron", "--no-sandbox", "/repo", "a.tlog"], developing)).toEqual([
    "/data/a.tlog",
  ]);
  expect(filesInArguments(["electron", "/repo"], developing)).toEqual([]);
});
