// One TypeScript project per environment. A checker that silently read nothing would pass: so every source file has to
// turn up in the list of files that some project really checked.
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import path from "node:path";
import { filesBelow, isSource, root } from "./project.mjs";

/** @typedef {{ ok: boolean, output: string }} Outcome */

export const projects = [
  "portable",
  "engine",
  "renderer",
  "electron",
  "preload",
  "test",
  "test-dom",
  "tools",
];

const noInputs = "error TS18003";

/**
 * @param {string} project
 * @param {{ classic?: boolean }} [options] `classic` runs TypeScript 6 instead of the fast TypeScript 7
 * @returns {Promise<Outcome & { files: string[] }>}
 */
export async function checkProject(project, { classic = false } = {}) {
  const compiler = path.join(root, "node_modules", classic ? "typescript" : "typescript7", "bin", "tsc");
  const args = ["-p", `tsconfig.${project}.json`, "--listFiles", "--pretty", "false"];
  const { code, output } = await capture(compiler, args);
  const lines = output.split("\n").map((line) => line.trim());
  const files = lines.filter((line) => path.isAbsolute(line) && !line.includes("node_modules"));
  const messages = lines.filter((line) => line !== "" && !path.isAbsolute(line));
  if (messages.length === 1 && messages[0]?.startsWith(noInputs)) return { ok: true, output: "", files: [] };
  return {
    ok: code === 0,
    output: messages.join("\n"),
    files: files.map((file) => path.relative(root, file).replaceAll("\\", "/")),
  };
}

/**
 * @param {Iterable<string>} checked project-relative files that the projects listed
 * @returns {Outcome}
 */
export function checkCoverage(checked) {
  const seen = new Set(checked);
  const sources = ["engine", "renderer", "electron", "test"].flatMap((folder) =>
    filesBelow(folder, isSource),
  );
  const missed = sources.filter((file) => !seen.has(file));
  if (sources.length === 0) return { ok: false, output: "no TypeScript source was found at all" };
  return {
    ok: missed.length === 0,
    output: missed
      .map((file) => `${file} is in no TypeScript project, so nothing checks its types`)
      .join("\n"),
  };
}

/**
 * Runs a script of node_modules and collects what it prints.
 * @param {string} script
 * @param {string[]} args
 * @returns {Promise<{ code: number, output: string }>}
 */
export function capture(script, args) {
  const isScript = /\.[cm]?js$/.test(script) || readFileSync(script, "utf8").startsWith("#!");
  const child = isScript
    ? spawn(process.execPath, [script, ...args], { cwd: root, stdio: ["ignore", "pipe", "pipe"] })
    : spawn(script, args, { cwd: root, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  child.stdout.on("data", (data) => {
    output += data;
  });
  child.stderr.on("data", (data) => {
    output += data;
  });
  return new Promise((resolve) => {
    child.on("error", (error) => resolve({ code: 1, output: error.message }));
    child.on("close", (code) => resolve({ code: code ?? 1, output }));
  });
}
