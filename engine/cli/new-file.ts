import { existsSync, renameSync, rmSync } from "node:fs";
import { MmsbError } from "../base/errors.ts";
import { ioError } from "../log/file-system.ts";
import { EXIT_INTERRUPTED } from "./exit-codes.ts";

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
  const temporary = `${path}.${process.pid}.partial`;
  // Only a dead process can have left one of this name.
  rmSync(temporary, { force: true });
  const interrupt = () => {
    void stop().finally(() => {
      rmSync(temporary, { force: true });
      process.exit(EXIT_INTERRUPTED);
    });
  };
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
  for (const signal of signals) process.once(signal, interrupt);
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
    for (const signal of signals) process.removeListener(signal, interrupt);
  }
}

function refuseExisting(path: string): void {
  if (existsSync(path))
    throw new MmsbError("LOG_EXISTS", "the file exists", "Remove it first, or give another name", { path });
}
