// The house rules that no other tool checks, in the spirit of TigerBeetle's tidy.
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import path from "node:path";
import { expect, it } from "vitest";
import { engineLaw } from "../.dependency-cruiser.mjs";
import { checkLaw } from "../.tools/law.mjs";

const root = path.resolve(import.meta.dirname, "..");

/** Files that belong to the project: tracked, or new and not ignored. */
const files = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard"], { cwd: root })
  .toString()
  .split("\n")
  .filter((file) => file !== "" && existsSync(path.join(root, file)));

const codeFolders = /^(electron|renderer|engine|native|test|\.tools)\//;
const code = files.filter((file) => codeFolders.test(file) && /\.(tsx?|mjs|css|[ch]pp|cuh?|h)$/.test(file));
const isBinary = /\.(tlog|idx|log|bin|png|ico|icns|woff2?|node)$/;

const read = (file: string) => readFileSync(path.join(root, file), "utf8");

/** Every line of the given files that the pattern finds, as `file:line: text`. */
function linesMatching(pattern: RegExp, among: readonly string[]): string[] {
  return among.flatMap((file) =>
    read(file)
      .split("\n")
      .flatMap((text, index) => (pattern.test(text) ? [`${file}:${index + 1}: ${text.trim()}`] : [])),
  );
}

it("has sources to look at", () => {
  expect(code.length).toBeGreaterThan(10);
});

it("keeps the top level to what was agreed", () => {
  const folders = ["electron", "renderer", "engine", "native", "test", "assets", "docs"];
  const papers = ["README.md", "LICENSE", "package.json", "package-lock.json"];
  const toolConfiguration =
    /^(tsconfig(\.[\w-]+)?\.json|biome\.json|vitest\.config\.ts|vite\.config\.ts|playwright\.config\.ts|electron-builder\.yml)$/;
  const allowed = new Set([...folders, ...papers]);
  const topLevel = new Set(files.map((file) => file.split("/")[0] ?? file));
  const strangers = [...topLevel].filter(
    (name) => !allowed.has(name) && !name.startsWith(".") && !toolConfiguration.test(name),
  );
  expect(strangers).toEqual([]);
});

it("names files and folders in kebab-case (snake_case in native/)", () => {
  const kebab = /^\.?[a-z0-9]+(-[a-z0-9]+)*(\.[a-z0-9]+(-[a-z0-9]+)*)*$/;
  const snake = /^\.?[a-z0-9]+(_[a-z0-9]+)*(\.[a-z0-9]+)*$/;
  const conventional = /^(README\.md|CMakeLists\.txt|CMakePresets\.json)$/;
  const badly = files
    .filter((file) => codeFolders.test(file))
    .filter((file) => {
      const names = file.split("/");
      const style = file.startsWith("native/") ? snake : kebab;
      return !names.every((name) => style.test(name) || kebab.test(name) || conventional.test(name));
    });
  expect(badly).toEqual([]);
});

it("keeps every source file under 600 lines", () => {
  const limit = 600;
  const long = code
    .map((file) => ({ file, lines: read(file).split("\n").length }))
    .filter(({ lines }) => lines > limit)
    .map(({ file, lines }) => `${file}: ${lines} lines; split it by the ideas it holds`);
  expect(long).toEqual([]);
});

it("leaves no note of unfinished work behind", () => {
  const pattern = new RegExp(`\\b(${["TO" + "DO", "FIX" + "ME", "XX" + "X"].join("|")})\\b`);
  expect(linesMatching(pattern, code)).toEqual([]);
});

it("holds no path of anybody's machine", () => {
  const pattern = new RegExp(
    `(^|[^\\w.~-])/(${["wo" + "rk", "ro" + "ot", "ho" + "me/\\w", "Us" + "ers/\\w"].join("|")})/`,
  );
  const texts = files.filter((file) => !isBinary.test(file) && statSync(path.join(root, file)).isFile());
  expect(linesMatching(pattern, texts)).toEqual([]);
});

it("holds no link and no bulk", () => {
  const limitBytes = 2 * 1024 * 1024;
  const large = files.filter((file) => statSync(path.join(root, file)).size > limitBytes);
  expect(large).toEqual([]);
});

it("puts every test where a runner finds it", () => {
  const found =
    /^test\/([^/]+\.test\.ts|(engine|renderer|electron|native|property|fault|cli|gpu)\/.+\.test\.tsx?|e2e\/.+\.spec\.ts)$/;
  const lost = files.filter((file) => /\.(test|spec)\.tsx?$/.test(file) && !found.test(file));
  expect(lost).toEqual([]);
});

it("mirrors the source in its tests: test/engine/x/y.test.ts belongs to engine/x/y.ts or to the folder engine/x", () => {
  const mirrored = files.filter((file) => /^test\/(engine|renderer|electron)\/.+\.test\.tsx?$/.test(file));
  const strays = mirrored.filter(
    (file) => !existsSync(path.join(root, path.dirname(file).slice("test/".length))),
  );
  expect(strays).toEqual([]);
});

it("gives every engine folder a line in the law", () => {
  const present = readdirSync(path.join(root, "engine"), { withFileTypes: true });
  const folders = present.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  expect(folders.filter((name) => !(name in engineLaw))).toEqual([]);
});

it("describes every engine folder in docs/Architecture.md", (ctx) => {
  const page = "docs/Architecture.md";
  if (!existsSync(path.join(root, page))) ctx.skip(`${page} is not written yet`);
  const text = read(page);
  const present = readdirSync(path.join(root, "engine"), { withFileTypes: true });
  const folders = present.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  expect(folders.filter((name) => !new RegExp(`\\b${name}/`).test(text))).toEqual([]);
});

it("has no dead source: an entry or a test leads to every file", async (ctx) => {
  if (!existsSync(path.join(root, "engine/cli/main.ts"))) ctx.skip("engine/cli/main.ts is not written yet");
  const { dead } = await checkLaw(root);
  expect(dead).toEqual([]);
  // Every import of every source is followed: seconds on a quiet machine, far more on a busy one.
}, 120_000);
