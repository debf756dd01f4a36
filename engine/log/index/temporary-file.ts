import { randomBytes } from "node:crypto";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Result } from "../../base/result.ts";
import type { LogFile, LogFileSystem } from "../file-system.ts";

/** A file for bytes that need not outlive the process. It goes when it is closed, and where the system allows it even after a crash. */
export function temporaryFile(prefix: string, files: LogFileSystem): Result<LogFile> {
  const path = join(tmpdir(), `${prefix}-${process.pid}-${randomBytes(6).toString("hex")}`);
  const opened = files.open(path, "create");
  if (!opened.ok) return opened;
  const file = opened.value;
  // an open file may lose its name, except on Windows
  const isNameless = process.platform !== "win32" && files.remove(path).ok;
  if (isNameless) return opened;
  const close = file.close.bind(file);
  file.close = () => {
    close();
    files.remove(path);
  };
  return opened;
}
