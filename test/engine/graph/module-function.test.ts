import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { loadFunction } from "../../../engine/graph/module-function.ts";
import { checkDefinition, nameOf } from "../../../engine/graph/registry.ts";
import { moduleFile } from "../../helpers/module-file.ts";

const TEXT = "export default () => 1; export function half() { return 2; } export const five = 5;";

it("finds a function by URL or path, and the default export by no name", () => {
  const url = moduleFile(TEXT);
  for (const module of [url.href, fileURLToPath(url)]) {
    const half = loadFunction({ module, exportName: "half" });
    expect(half.ok && (half.value as unknown as () => number)()).toBe(2);
    const first = loadFunction({ module, exportName: "default" });
    expect(first.ok && (first.value as unknown as () => number)()).toBe(1);
  }
});

it("says what is wrong with a module, in one line that names it", () => {
  const url = moduleFile(TEXT).href;
  const cases: [module: string, exportName: string, why: RegExp][] = [
    [url, "five", /exports no function 'five'/],
    [url, "six", /exports no function 'six'/],
    [`${url}.gone`, "half", /Cannot find module/],
    ["mmsb-no-such-package", "half", /Cannot find module 'mmsb-no-such-package'/],
    [moduleFile("throw new TypeError('not today');").href, "half", /not today/],
    [moduleFile("export const a = 1 +;").href, "half", /cannot be used/],
    [moduleFile("await 1; export const half = () => 1;").href, "half", /top-level await/],
  ];
  for (const [module, exportName, why] of cases) {
    const loaded = loadFunction({ module, exportName });
    expect(loaded).toMatchObject({ ok: false, error: { code: "RECOMPUTE_FAILED" } });
    if (loaded.ok) continue;
    expect(loaded.error.message).toMatch(why);
    expect(loaded.error.message).toContain(module);
    expect(loaded.error.message).not.toContain("\n");
  }
});

it("refuses what cannot name a module", () => {
  const refused = (definition: unknown) =>
    expect(checkDefinition(definition as never)).toMatchObject({ error: { code: "ARGUMENT_INVALID" } });
  for (const module of ["", 5, {}, "https://example.org/a.js", "data:text/javascript,1", "x".repeat(5000)])
    refused({ module });
  for (const name of ["", 5, "x".repeat(2000)]) refused({ module: "./a.js", export: name });
  refused({ module: "./a.js", run: 5 });
});

it("is named by its export unless it has a name", () => {
  expect(nameOf({ module: "./a.js", export: "half" })).toBe("half");
  expect(nameOf({ module: "./a.js" })).toBe("recompute");
  expect(nameOf({ module: "./a.js", export: "half", run: function other() {} })).toBe("half");
  expect(nameOf({ module: "./a.js", export: "half", name: "mine" })).toBe("mine");
});
