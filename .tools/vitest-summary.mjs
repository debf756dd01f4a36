// A vitest reporter that leaves what happened in a file, for test.mjs to count: every test once, every skip with its reason.
import { writeFileSync } from "node:fs";

/**
 * @typedef {object} Summary
 * @property {number} passed
 * @property {string[]} failed
 * @property {{ name: string, reason: string }[]} skipped an empty reason means that none was given
 */

export default class VitestSummary {
  /**
   * @param {ReadonlyArray<import("vitest/node").TestModule>} testModules
   * @param {ReadonlyArray<import("vitest").SerializedError>} unhandledErrors
   */
  onTestRunEnd(testModules, unhandledErrors) {
    /** @type {Summary} */
    const summary = { passed: 0, failed: [], skipped: [] };
    for (const testModule of testModules) addModule(summary, testModule);
    for (const error of unhandledErrors) summary.failed.push(`unhandled error: ${error.message}`);
    const file = process.env.MMSB_TEST_SUMMARY;
    if (file) writeFileSync(file, JSON.stringify(summary));
  }
}

/**
 * @param {Summary} summary
 * @param {import("vitest/node").TestModule} testModule
 */
function addModule(summary, testModule) {
  const place = testModule.relativeModuleId;
  // A file that does not load, or whose hooks fail, has an error outside of every test: it counts as one failure of its own.
  if (testModule.errors().length > 0) summary.failed.push(`${place} (the file itself)`);
  for (const suite of testModule.children.allSuites()) {
    if (suite.errors().length > 0) summary.failed.push(`${place} > ${suite.fullName} (its set-up)`);
  }
  for (const test of testModule.children.allTests()) {
    const name = `${place} > ${test.fullName}`;
    const result = test.result();
    if (result.state === "passed") summary.passed++;
    else if (result.state === "skipped") summary.skipped.push({ name, reason: result.note ?? "" });
    else summary.failed.push(result.state === "pending" ? `${name} (never finished)` : name);
  }
}
