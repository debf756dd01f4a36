import { createHash } from "node:crypto";
import { statSync, unlinkSync } from "node:fs";
import { createConnection, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Disposable } from "../base/disposable.ts";
import { fail, ok, type Result } from "../base/result.ts";
import type { SegmentSet } from "./segment-names.ts";

/** One writer per recording, in all processes of this machine. */
export interface WriterLock {
  acquire(set: SegmentSet): Promise<Result<Disposable>>;
}

/**
 * Node has no flock. On Linux an abstract socket, on Windows a named pipe: a name that the kernel gives to one process at a time and
 * takes back when that process dies, however it dies. Elsewhere a socket file, whose owner is asked whether it still lives.
 * The name is made of the folder's device and inode and the recording's stem: the same through every path, and through rotation.
 */
export const socketLock: WriterLock = {
  async acquire(set) {
    const name = lockName(set);
    if (name === undefined) {
      return fail("LOG_NOT_FOUND", "the folder of the recording does not exist", "Create it first", {
        path: set.folder,
      });
    }
    const server = await listen(name);
    if (server !== undefined) return ok(asLock(server));
    if (isSocketFile && !(await answers(name))) {
      try {
        unlinkSync(name);
      } catch {
        // Somebody else removed it meanwhile; listening decides.
      }
      const second = await listen(name);
      if (second !== undefined) return ok(asLock(second));
    }
    return fail(
      "LOG_LOCKED",
      `another writer has '${set.stem}' open`,
      "Stop that session first, or record to another file",
      { path: join(set.folder, set.stem) },
    );
  },
};

const isSocketFile = process.platform !== "linux" && process.platform !== "win32";

/** Whether a writer of this machine holds the lock on the recording. */
export function hasWriter(set: SegmentSet): Promise<boolean> {
  const name = lockName(set);
  return name === undefined ? Promise.resolve(false) : answers(name);
}

/** Undefined where the recording's folder is not there. */
function lockName(set: SegmentSet): string | undefined {
  let key: string;
  try {
    const stat = statSync(set.folder, { bigint: true });
    key = createHash("sha256").update(`${stat.dev}:${stat.ino}:${set.stem}`).digest("hex").slice(0, 40);
  } catch {
    return undefined;
  }
  if (process.platform === "linux") return `\0mmsb-writer-${key}`;
  if (process.platform === "win32") return `\\\\.\\pipe\\mmsb-writer-${key}`;
  return join(tmpdir(), `mmsb-writer-${key}.sock`);
}

function listen(name: string): Promise<Server | undefined> {
  return new Promise((resolve) => {
    const server = createServer((socket) => socket.destroy());
    server.once("error", () => resolve(undefined));
    server.listen({ path: name, exclusive: true }, () => {
      server.unref();
      resolve(server);
    });
  });
}

function answers(name: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection(name);
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}

function asLock(server: Server): Disposable {
  let held = true;
  return {
    dispose() {
      if (!held) return;
      held = false;
      server.close();
    },
  };
}
