import path from "node:path";
import { expect, it } from "vitest";
import { workerUrls } from "../.tools/worker-urls.mjs";

const root = path.resolve(import.meta.dirname, "..");
// Put together here, because this file passes through the plugin as well.
const source = 'new Worker(new URL("../log/scan-worker.ts", import#meta.url));'.replace("#", ".");
const file = path.join(root, "engine/replay/a.ts");

it("points a test at the worker that was built", () => {
  const out = workerUrls("built").transform(source, file)?.code;
  expect(out).toMatch(/^new Worker\(new URL\("file:.*\/dist\/engine\/log\/scan-worker\.js"\)\);$/);
});

it("points a built chunk at the worker relative to itself", () => {
  const plugin = workerUrls("chunk");
  const transformed = plugin.transform(source, file)?.code ?? "";
  const at = (fileName: string) => plugin.renderChunk(transformed, { fileName })?.code;
  expect(at("engine/chunks/a.js")).toBe('new Worker(new URL("../log/scan-worker.js", import.meta.url));');
  expect(at("engine/log/a.js")).toBe('new Worker(new URL("./scan-worker.js", import.meta.url));');
  expect(at("test/bench/main.js")).toBe(
    'new Worker(new URL("../../engine/log/scan-worker.js", import.meta.url));',
  );
});

it("leaves every other URL alone", () => {
  expect(workerUrls("built").transform('new URL("./page.ts", import.meta.url);', file)).toBeUndefined();
  expect(workerUrls("built").transform(source, "/elsewhere/a.ts")).toBeUndefined();
});
