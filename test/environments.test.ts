// One TypeScript project per environment: what an environment lacks does not compile there.
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { capture } from "../.tools/typecheck.mjs";

const root = path.resolve(import.meta.dirname, "..");
// Beside the type packages, where the compiler finds them.
const folder = path.join(root, "node_modules", `.mmsb-environments-${process.pid}`);
const compiler = path.join(root, "node_modules", "typescript7", "bin", "tsc");
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function compiles(environment: string, text: string): Promise<boolean> {
  mkdirSync(folder, { recursive: true });
  writeFileSync(path.join(folder, "probe.ts"), `${text}\nexport {};\n`);
  const project = path.join(folder, "tsconfig.json");
  const config = {
    extends: path.join(root, `tsconfig.${environment}.json`),
    include: ["probe.ts"],
    exclude: [],
  };
  writeFileSync(project, JSON.stringify(config));
  const { code, output } = await capture(compiler, ["-p", project, "--pretty", "false"]);
  if (code !== 0 && !output.includes("probe.ts(")) throw new Error(output);
  return code === 0;
}

describe("the environments", () => {
  it.each<[environment: string, has: string, text: string, answer: boolean]>([
    ["portable", "plain ECMAScript", "new SharedArrayBuffer(8).byteLength;", true],
    ["portable", "Node", "process.exit();", false],
    ["portable", "the DOM", "document.title;", false],
    ["engine", "Node", "process.exit();", true],
    ["engine", "the DOM", "document.title;", false],
    ["renderer", "Node", "process.exit();", false],
    ["renderer", "the DOM", "document.title;", true],
    ["electron", "Node", "process.exit();", true],
    ["electron", "the DOM", "document.title;", false],
    ["test", "Node", "process.exit();", true],
    ["engine", "a number where text is meant", "const text: string = 1; text.trim();", false],
    ["engine", "an element that may be absent", "const first: number = [1][0]; first.toFixed();", false],
  ])("%s with %s", async (environment, _has, text, answer) => {
    expect(await compiles(environment, text)).toBe(answer);
  });
});
