import { execFileSync } from "node:child_process";
import { afterAll, expect, test } from "vitest";
import { nodeFileSystem } from "../../../engine/log/file-system.ts";
import { TestFolder } from "../../helpers/studio.ts";

const folder = new TestFolder();
afterAll(() => folder.remove());

test("a pipe, a device and a folder are no recordings, and none of them holds the process up", () => {
  execFileSync("mkfifo", [folder.file("pipe.tlog")]);
  for (const path of [folder.file("pipe.tlog"), "/dev/zero", folder.path]) {
    const opened = nodeFileSystem.open(path, "read");
    expect(opened.ok ? "" : opened.error.code).toBe("LOG_NOT_A_LOG");
  }
});
