import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { onTestFinished } from "vitest";

/** The URL of a module with this text, for the length of a test. */
export function moduleFile(text: string): URL {
  const folder = mkdtempSync(path.join(tmpdir(), "mmsb-module-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const file = path.join(folder, "functions.mjs");
  writeFileSync(file, text);
  return pathToFileURL(file);
}
