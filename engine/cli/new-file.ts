import { existsSync, renameSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import { MmsbError } from "../base/errors.ts";
import { ioError } from "../log/file-system.ts";
import { onInterrupt } from "./interrupt.ts";

/**
 * Lets `write` make a file under a temporary name beside `path`, and gives it its name once it is whole: neither Ctrl-C nor a failure
 * leaves a part of it. A file that exists is never replaced. The signal is seen between turns of the event loop: long work goes in
 * slices, or into a worker that `stop` ends.
 */
export async function makeFile<T>(
  path: string,
  write: (temporary: string) => Promise<T>,
  stop: () => Promise<unknown> = async () => undefined,
): Promise<T> {
  refuseExisting(path);
  const folder = dirname(path);
  if (!existsSync(folder)) {
    throw new MmsbError("LOG_NOT_FOUND", "the folder of the new file does not exist", "Create it first", {
      path: folder,
    });
  }
  const temporary = `${path}.${process.pid}.partial`;
  // Only a dead process can have left one of this name.
  rmSync(temporary, { force: true });
  const ignore = onInterrupt(() => stop().finally(() => rmSync(temporary, { force: true })));
  try {
    const made = await write(temporary);
    refuseExisting(path);
    try {
      renameSync(temporary, path);
    } catch (error) {
      throw ioError(error, path, "naming the new file");
    }
    return made;
  } finally {
    rmSync(temporary, { force: true });
    ignore();
  }
}

function refuseExisting(path: string): void {
  if (existsSync(path))
    throw new MmsbError("LOG_EXISTS", "the file exists", "Remove it first, or give another name", { path });
}
