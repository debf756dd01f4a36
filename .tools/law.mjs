// The dependency law, run by dependency-cruiser over every source and test.
import { existsSync } from "node:fs";
import path from "node:path";
import { cruise } from "dependency-cruiser";
import config from "../.dependency-cruiser.mjs";

const folders = ["engine", "renderer", "electron", "test"];

/**
 * @param {string} baseDir the project, or a stand-in for it
 * @returns {Promise<{ modules: string[], dead: string[], violations: { rule: string, from: string, to: string, comment: string }[] }>}
 */
export async function checkLaw(baseDir) {
  const present = folders.filter((folder) => existsSync(path.join(baseDir, folder)));
  const { options, ...ruleSet } = config;
  const { output } = await cruise(present, { ...options, baseDir, ruleSet, validate: true }, undefined, {});
  if (typeof output === "string")
    throw new Error("dependency-cruiser gave text where its result was asked for");
  const comments = new Map(ruleSet.forbidden?.map((rule) => [rule.name, rule.comment ?? ""]));
  const modules = output.modules.filter((module) =>
    folders.some((folder) => module.source.startsWith(`${folder}/`)),
  );
  return {
    modules: modules.map((module) => module.source),
    dead: unreachable(modules),
    violations: output.summary.violations
      .filter((violation) => violation.rule.severity === "error")
      .map((violation) => ({
        rule: violation.rule.name,
        from: violation.from,
        to: violation.cycle?.map((step) => step.name).join(" → ") ?? violation.to,
        comment: comments.get(violation.rule.name) ?? "",
      })),
  };
}

/** Where execution starts, so nobody has to import it. */
const entry =
  /^(engine\/(index|cli\/main)\.ts|renderer\/main\.tsx|electron\/(main|preload)\.ts|test\/bench\/main\.ts|test\/gpu\/engine-suite\.ts|.*-(worker|process)\.ts|.*\.d\.ts|.*\.(test|spec)\.tsx?)$/;

/**
 * Modules that no entry and no test leads to.
 * @param {{ source: string, dependencies: { resolved: string }[] }[]} modules
 */
function unreachable(modules) {
  const imports = new Map(
    modules.map((module) => [module.source, module.dependencies.map((to) => to.resolved)]),
  );
  const pending = [...imports.keys()].filter((source) => entry.test(source));
  const reached = new Set(pending);
  for (let source = pending.pop(); source !== undefined; source = pending.pop()) {
    for (const next of imports.get(source) ?? []) {
      if (reached.has(next)) continue;
      reached.add(next);
      pending.push(next);
    }
  }
  return [...imports.keys()].filter((source) => !reached.has(source));
}
