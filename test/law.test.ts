import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { checkLaw } from "../.tools/law.mjs";

/** A small project that obeys the law; each test breaks it in one place. */
const lawful: Readonly<Record<string, string>> = {
  "package.json": '{ "name": "stand-in", "type": "module", "dependencies": {} }',
  "engine/base/a.ts": "export const a = 1;",
  "engine/accel/a.ts": 'import { a } from "../base/a.ts"; export const b = a;',
  "engine/pages/a.ts": 'import { b } from "../accel/a.ts"; export const c = b;',
  "engine/log/a.ts": 'import { c } from "../pages/a.ts"; export type Log = typeof c;',
  "engine/events/a.ts": 'import { a } from "../base/a.ts"; export const e = a;',
  "engine/graph/a.ts": 'import { e } from "../events/a.ts"; export const g = e;',
  "engine/protocol/a.ts": 'import { a } from "../base/a.ts"; export const p = a;',
  "engine/session/a.ts": 'import type { Log } from "../log/a.ts"; export const s: Log = 1;',
  "engine/server/a.ts": 'import { s } from "../session/a.ts"; export const t = s;',
  "engine/cli/main.ts":
    'import { t } from "../server/a.ts"; import { s } from "../session/a.ts"; export default [s, t];',
  "engine/index.ts": 'export { s } from "./session/a.ts";',
  "renderer/main.tsx":
    'import { p } from "../engine/protocol/a.ts"; import "./panels/page/a.tsx"; export default p;',
  "renderer/panels/page/a.tsx": "export const x = 1;",
  "electron/main.ts": 'import { s } from "../engine/index.ts"; export default s;',
  "test/a.test.ts": 'import { g } from "../engine/graph/a.ts"; export default g;',
};

const folder = mkdtempSync(join(tmpdir(), "mmsb-law-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let projectCount = 0;

async function rulesBrokenBy(changes: Readonly<Record<string, string>>) {
  const project = join(folder, String(++projectCount));
  for (const [file, text] of Object.entries({ ...lawful, ...changes })) {
    mkdirSync(dirname(join(project, file)), { recursive: true });
    writeFileSync(join(project, file), `${text}\n`);
  }
  const { modules, violations, dead } = await checkLaw(project);
  return { modules, dead, rules: [...new Set(violations.map(({ rule }) => rule))].sort() };
}

describe("the dependency law", () => {
  it("lets a lawful project pass, having read every module of it", async () => {
    const { modules, rules, dead } = await rulesBrokenBy({});
    expect(rules).toEqual([]);
    expect(dead).toEqual([]);
    expect(modules.sort()).toEqual(
      Object.keys(lawful)
        .filter((file) => /\.tsx?$/.test(file))
        .sort(),
    );
  });

  it.each<[rule: string, file: string, text: string]>([
    ["engine-base", "engine/base/b.ts", 'import "../pages/a.ts";'],
    ["engine-accel", "engine/accel/b.ts", 'import "../pages/a.ts";'],
    ["engine-pages", "engine/pages/b.ts", 'import type { Log } from "../log/a.ts"; export type L = Log;'],
    ["engine-log", "engine/log/b.ts", 'import "../events/a.ts";'],
    ["engine-events", "engine/events/b.ts", 'import "../pages/a.ts";'],
    ["engine-graph", "engine/graph/b.ts", 'import "../log/a.ts";'],
    ["engine-protocol", "engine/protocol/b.ts", 'import "../session/a.ts";'],
    ["engine-server", "engine/server/b.ts", 'import "../graph/a.ts";'],
    ["engine-session", "engine/session/b.ts", 'import "../server/a.ts";'],
    ["engine-cli", "engine/cli/b.ts", 'import "../graph/a.ts";'],
    ["engine-folder-without-law", "engine/misc/b.ts", 'import "../base/a.ts";'],
    ["engine-entry", "engine/index.ts", 'export * from "./server/a.ts";'],
    [
      "renderer-only-protocol",
      "renderer/b.ts",
      'import type { Log } from "../engine/log/a.ts"; export type L = Log;',
    ],
    ["panels-are-islands", "renderer/panels/graph/b.tsx", 'import "../page/a.tsx";'],
    ["electron-only-engine", "electron/b.ts", 'import "../renderer/main.tsx";'],
    ["electron-package-only-in-electron", "engine/session/b.ts", 'import "electron";'],
    ["electron-tests-use-its-types-only", "test/electron/b.test.ts", 'import "electron";'],
    ["portable-code-has-no-node", "engine/base/b.ts", 'import "node:fs";'],
    ["portable-code-has-no-node", "engine/protocol/b.ts", 'import "fs";'],
    ["portable-code-has-no-node", "renderer/b.ts", 'import "node:path";'],
    ["tests-stay-outside", "engine/log/b.ts", 'import "../../test/a.test.ts";'],
    ["no-unresolvable", "engine/log/b.ts", 'import "./nowhere.ts";'],
  ])("catches a violation of %s in %s", async (rule, file, text) => {
    expect((await rulesBrokenBy({ [file]: text })).rules).toContain(rule);
  });

  it("catches a cycle, of types only too", async () => {
    const { rules } = await rulesBrokenBy({
      "engine/log/b.ts": 'import type { C } from "./c.ts"; export type B = C | 1;',
      "engine/log/c.ts": 'import type { B } from "./b.ts"; export type C = B | 2;',
    });
    expect(rules).toContain("no-cycles");
  });

  it("finds a source that nothing leads to", async () => {
    expect((await rulesBrokenBy({ "engine/log/b.ts": "export const lost = 1;" })).dead).toEqual([
      "engine/log/b.ts",
    ]);
  });
});
