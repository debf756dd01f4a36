// `npm run typecheck | lint | law`: the cheap checks, one by one. test.mjs runs them all.
import "./node-version.mjs";
import path from "node:path";
import { filesBelow, isSource, root, runMain, Stop, say } from "./project.mjs";
import { capture, checkCoverage, checkProject, projects } from "./typecheck.mjs";

/** @typedef {{ name: string, ok: boolean, output: string }} Result */

/**
 * @param {{ classic?: boolean }} [options]
 * @returns {Promise<Result[]>}
 */
export async function typecheck(options) {
  /** @type {Result[]} */
  const results = [];
  const files = [];
  for (const project of projects) {
    const done = await checkProject(project, options);
    files.push(...done.files);
    if (done.files.length > 0 || !done.ok) results.push({ name: `types: ${project}`, ...done });
  }
  results.push({ name: "types: every source is checked", ...checkCoverage(files) });
  return results;
}

/** @returns {Promise<Result[]>} */
export async function lint() {
  const biome = path.join(root, "node_modules", "@biomejs", "biome", "bin", "biome");
  const args = ["check", "--error-on-warnings", "--max-diagnostics=40", "--colors=off", "."];
  const { code, output } = await capture(biome, args);
  return [
    { name: "lint and format", ok: code === 0, output: `${output}\n(npm run format mends most of it)` },
  ];
}

/** @returns {Promise<Result[]>} */
export async function law() {
  const { checkLaw } = await import("./law.mjs");
  const { modules, violations } = await checkLaw(root);
  const sources = ["engine", "renderer", "electron", "test"].flatMap((folder) =>
    filesBelow(folder, isSource),
  );
  const problems = violations.map(
    ({ rule, from, to, comment }) => `${from} → ${to}\n    ${rule}: ${comment}`,
  );
  // A parser that reads nothing finds no violation: every source must have been cruised.
  const seen = new Set(modules);
  for (const file of sources)
    if (!seen.has(file)) problems.push(`${file} was not read by dependency-cruiser`);
  if (sources.length === 0) problems.push("no source was found at all");
  return [{ name: "dependency law", ok: problems.length === 0, output: problems.join("\n") }];
}

const checks = { typecheck, lint, law };

runMain(async () => {
  if (process.argv[1] !== import.meta.filename) return 0;
  const [name = "", ...flags] = process.argv.slice(2);
  const check = checks[/** @type {keyof typeof checks} */ (name)];
  if (!check) throw new Stop(`give one of: ${Object.keys(checks).join(", ")}`);
  const results = await check({ classic: flags.includes("--classic") });
  if (flags.includes("--json")) process.stdout.write(JSON.stringify(results));
  else for (const { name, ok, output } of results) say(ok ? `ok      ${name}` : `FAILED  ${name}\n${output}`);
  return results.every(({ ok }) => ok) ? 0 : 1;
});
