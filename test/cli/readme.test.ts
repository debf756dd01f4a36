// What the README shows is what happens.
import { execFileSync, spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { expect, it } from "vitest";
import { buildCommand, makeFolder } from "./support.ts";

buildCommand();
const at = makeFolder();
const root = path.resolve(import.meta.dirname, "../..");
const readme = readFileSync(path.join(root, "README.md"), "utf8");
const blocks = (language: string) =>
  [...readme.matchAll(new RegExp(`\`\`\`${language}\n([^]*?)\`\`\``, "g"))].map((match) => match[1]!);

/** A better codec makes a shorter file, and the damage then hits another block: only those figures may differ. */
const withoutSizes = (command: string) => (text: string) =>
  / (verify|recover) /.test(command)
    ? text.replace(/\d[\d .]*/g, "N ")
    : text.replace(/[\d.]+ KiB$/, "N KiB");

it("prints what the README's tour shows", () => {
  const folder = at("");
  const main = path.join(root, "dist/engine/cli/main.js");
  const commands = blocks("console").flatMap((block) => block.split(/^\$ /m).slice(1));
  expect(commands.length).toBeGreaterThan(5);
  for (const command of commands) {
    const [line, ...shown] = command.trimEnd().split("\n");
    const script = line!.replaceAll("npm run -s mmsb --", `'${process.execPath}' '${main}'`);
    const ran = spawnSync("sh", ["-c", `${script} 2>&1`], { cwd: folder, encoding: "utf8" });
    const printed = ran.stdout.replaceAll(folder, "…").trimEnd().split("\n");
    if (shown.length === 0) continue;
    const isCut = shown.at(-1) === "…";
    if (isCut) shown.pop();
    const compared = isCut ? printed.slice(0, shown.length) : printed;
    expect([line, ...compared.map(withoutSizes(line!))]).toEqual([line, ...shown.map(withoutSizes(line!))]);
  }
}, 60_000);

it("runs the README's program", () => {
  const entry = pathToFileURL(path.join(root, "dist/engine/index.js")).href;
  const program = blocks("js")[0]!.replace('from "mmsb"', `from "${entry}"`);
  writeFileSync(at("program.mjs"), program);
  const printed = execFileSync(process.execPath, ["program.mjs"], { cwd: at(""), encoding: "utf8" });
  expect(readme).toContain(`prints \`${printed.trim()}\``);
}, 60_000);

it("names verbs and scripts that exist", () => {
  const help = spawnSync(process.execPath, [path.join(root, "dist/engine/cli/main.js"), "--help"], {
    encoding: "utf8",
  }).stdout;
  const verbs = [...readme.matchAll(/^\| `([a-z]+) (?:FILE|IN|A|OUT)/gm)].map((match) => match[1]!);
  expect(verbs.length).toBeGreaterThan(8);
  expect(verbs.filter((verb) => !new RegExp(`^ +${verb} `, "m").test(help))).toEqual([]);
  const { scripts } = JSON.parse(readFileSync(path.join(root, "package.json"), "utf8"));
  const named = [...readme.matchAll(/npm run (?:-s )?([a-z:]+)/g)].map((match) => match[1]!);
  expect(named.filter((name) => !(name in scripts))).toEqual([]);
  const links = [...readme.matchAll(/\]\(([\w./]+)\)/g)].map((match) => match[1]!);
  expect(links.length).toBeGreaterThan(3);
  for (const link of links) expect(() => readFileSync(path.join(root, link))).not.toThrow();
});
