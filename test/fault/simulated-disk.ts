import { basename, dirname } from "node:path";
import type { Disposable } from "../../engine/base/disposable.ts";
import { Prng } from "../../engine/base/prng.ts";
import { err, fail, ok, type Result } from "../../engine/base/result.ts";
import { type FileMode, ioError, type LogFile, type LogFileSystem } from "../../engine/log/file-system.ts";
import type { WriteQueue } from "../../engine/log/write-queue.ts";
import type { WriterLock } from "../../engine/log/writer-lock.ts";

/** The machine lost power: nothing below it returns any more. */
export class SimulatedCrash extends Error {}

export type Fault = "EIO" | "ENOSPC" | "crash";

const SECTOR_BYTES = 512;

/** A change that no successful sync has covered yet. */
type Pending =
  | { readonly kind: "write"; readonly offset: number; readonly bytes: Uint8Array }
  | { readonly kind: "truncate"; readonly sizeBytes: number };

class Inode {
  readonly id: number;
  /** What the medium is sure to hold. */
  durable: Uint8Array = new Uint8Array(0);
  /** What a reader sees. */
  cache: Uint8Array = new Uint8Array(0);
  pending: Pending[] = [];
  /** The disk's call that changed it last. */
  modified = 0;

  constructor(id: number) {
    this.id = id;
  }
}

function apply(content: Uint8Array, change: Pending): Uint8Array {
  if (change.kind === "truncate") return resized(content, change.sizeBytes);
  const end = change.offset + change.bytes.length;
  const out = resized(content, Math.max(content.length, end));
  out.set(change.bytes, change.offset);
  return out;
}

function resized(content: Uint8Array, sizeBytes: number): Uint8Array {
  const out = new Uint8Array(sizeBytes);
  out.set(content.subarray(0, sizeBytes));
  return out;
}

/**
 * A disk in memory that loses what a real one may lose. Writes and names stand in a volatile cache until a sync covers them; `restart` draws, for
 * each change on its own and in any order, whether it was kept, lost, torn at sectors or cut short. Any call can be made to fail or to be the last.
 */
export class SimulatedDisk implements LogFileSystem {
  /** System calls so far. */
  calls = 0;
  /** Decides about the call with this ordinal (from 0). */
  plan: (call: number) => Fault | undefined = () => undefined;
  /** A file holds no more: of a write that goes beyond, that which fits is done. */
  fileBytes = Number.POSITIVE_INFINITY;
  /** Descriptors used after a write or sync on them failed, or after they were closed. */
  readonly violations: string[] = [];
  readonly lock: WriterLock;
  /** Files have a queue: writes handed to it happen later, at the latest when it is settled or too many wait. */
  readonly queues: boolean;
  /** Chooses how much of a failing write reaches the cache. */
  readonly #prng: Prng;
  readonly #names = new Map<string, Inode>();
  readonly #durableNames = new Map<string, Inode>();
  #pendingNames: { readonly path: string; readonly inode: Inode | undefined }[] = [];
  #nextInode = 1;
  #crashed = false;

  constructor(seed = 1, queues = false) {
    this.#prng = new Prng(seed);
    this.queues = queues;
    const held = new Set<string>();
    this.lock = {
      acquire: async (set): Promise<Result<Disposable>> => {
        if (held.has(set.stem)) return fail("LOG_LOCKED", "another writer has it open", "Stop it first");
        held.add(set.stem);
        return ok({ dispose: () => void held.delete(set.stem) });
      },
    };
  }

  /** Puts a file on the medium, durable at once. */
  put(path: string, bytes: Uint8Array): void {
    const inode = new Inode(this.#nextInode++);
    inode.durable = bytes.slice();
    inode.cache = inode.durable;
    this.#names.set(path, inode);
    this.#durableNames.set(path, inode);
  }

  /** What a reader sees of a file now. */
  content(path: string): Uint8Array | undefined {
    return this.#names.get(path)?.cache;
  }

  paths(): string[] {
    return [...this.#names.keys()].sort();
  }

  /** Power goes away in this moment. */
  crash(): void {
    this.#crashed = true;
  }

  /** The disk as the next start of the machine finds it. */
  restart(prng: Prng): SimulatedDisk {
    const next = new SimulatedDisk(prng.u32(), this.queues);
    const names = new Map(this.#durableNames);
    for (const { path, inode } of this.#pendingNames) {
      if (prng.chance(0.5)) continue;
      if (inode === undefined) names.delete(path);
      else names.set(path, inode);
    }
    for (const [path, inode] of names) next.put(path, survivor(inode, prng));
    return next;
  }

  #enter(what: string): Result<void> {
    if (this.#crashed) throw new SimulatedCrash(what);
    const fault = this.plan(this.calls++);
    if (fault === "crash") {
      this.#crashed = true;
      throw new SimulatedCrash(what);
    }
    if (fault === undefined) return ok();
    return err(ioError({ code: fault }, "(simulated)", what));
  }

  open(path: string, mode: FileMode): Result<LogFile> {
    const entered = this.#enter(`open ${path}`);
    if (!entered.ok) return entered;
    let inode = this.#names.get(path);
    if (mode === "create") {
      if (inode !== undefined) return err(ioError({ code: "EEXIST" }, path, "opening"));
      inode = new Inode(this.#nextInode++);
      this.#names.set(path, inode);
      this.#pendingNames.push({ path, inode });
    }
    if (inode === undefined) return err(ioError({ code: "ENOENT" }, path, "opening"));
    return ok(this.#handle(path, inode));
  }

  #handle(path: string, inode: Inode): LogFile {
    let closed = false;
    let failed = false;
    const use = <T>(what: string, run: () => Result<T>, onFault: () => void = () => {}): Result<T> => {
      if (closed) this.violations.push(`${what} of ${path} after close`);
      if (failed) this.violations.push(`${what} of ${path} after a failure`);
      const entered = this.#enter(`${what} ${path}`);
      if (entered.ok) return run();
      if (what === "write" || what === "sync" || what === "truncate") failed = true;
      onFault();
      return entered;
    };
    const change = (what: Pending): Result<void> => {
      inode.modified = this.calls;
      inode.pending.push(what);
      inode.cache = apply(inode.cache, what);
      return ok();
    };
    const sync = (): Result<void> => {
      inode.durable = inode.cache;
      inode.pending = [];
      return ok();
    };
    const write = (parts: readonly Uint8Array[], offset: number): Result<void> => {
      const bytes = Buffer.concat(parts);
      const some = () => {
        change({ kind: "write", offset, bytes: bytes.subarray(0, this.#prng.below(bytes.length + 1)) });
      };
      const fitting = Math.max(0, this.fileBytes - offset);
      if (fitting < bytes.length) {
        if (fitting > 0)
          change({ kind: "write", offset, bytes: Uint8Array.from(bytes.subarray(0, fitting)) });
        return use("write", () => {
          failed = true;
          return err(ioError({ code: "ENOSPC" }, path, "writing"));
        });
      }
      return use("write", () => change({ kind: "write", offset, bytes: Uint8Array.from(bytes) }), some);
    };
    const writeZeros = (sizeBytes: number, offset: number): Result<boolean> => {
      const used = failed;
      const written = write([new Uint8Array(sizeBytes)], offset);
      if (written.ok) return ok(true);
      if (written.error.code !== "LOG_NO_SPACE") return written;
      failed = used;
      return ok(false);
    };
    const queue = this.queues ? simulatedQueue(this.#prng, write) : undefined;
    return {
      path,
      queue,
      size: () => use("size", () => ok(inode.cache.length)),
      identity: () => ok(`0:${inode.id}`),
      modifiedNs: () => ok(BigInt(inode.modified)),
      read: (into, offset) =>
        use("read", () => {
          const part = inode.cache.subarray(offset, offset + into.length);
          into.set(part);
          return ok(part.length);
        }),
      write,
      writeZeros,
      truncate: (sizeBytes) => use("truncate", () => change({ kind: "truncate", sizeBytes })),
      sync: () => use("sync", sync),
      syncAsync: async () => use("sync", sync),
      close: () => {
        queue?.settle();
        closed = true;
      },
    };
  }

  list(folder: string): Result<string[]> {
    const entered = this.#enter("list");
    if (!entered.ok) return entered;
    const names = [...this.#names.keys()].filter((path) => dirname(path) === folder);
    return ok(names.map((path) => basename(path)).sort());
  }

  remove(path: string): Result<void> {
    const entered = this.#enter(`remove ${path}`);
    if (!entered.ok) return entered;
    if (!this.#names.delete(path)) return err(ioError({ code: "ENOENT" }, path, "removing"));
    this.#pendingNames.push({ path, inode: undefined });
    return ok();
  }

  rename(from: string, to: string): Result<void> {
    const entered = this.#enter(`rename ${from}`);
    if (!entered.ok) return entered;
    const inode = this.#names.get(from);
    if (inode === undefined) return err(ioError({ code: "ENOENT" }, from, "renaming"));
    this.#names.delete(from);
    this.#names.set(to, inode);
    this.#pendingNames.push({ path: from, inode: undefined }, { path: to, inode });
    return ok();
  }

  syncFolder(folder: string): Result<void> {
    const entered = this.#enter(`sync folder ${folder}`);
    if (!entered.ok) return entered;
    for (const { path, inode } of this.#pendingNames) {
      if (inode === undefined) this.#durableNames.delete(path);
      else this.#durableNames.set(path, inode);
    }
    this.#pendingNames = [];
    return ok();
  }
}

/**
 * A queue as the addon's thread works it off, but with the moments drawn: bytes are looked at when their write happens, so a buffer that was used
 * again too early shows. Chunks are small, so that little is written and much is queued.
 */
function simulatedQueue(
  prng: Prng,
  write: (parts: readonly Uint8Array[], offset: number) => Result<void>,
): WriteQueue {
  const waiting: { readonly bytes: Uint8Array; readonly offset: number }[] = [];
  let failed: Result<void> = ok();
  const workDownTo = (most: number): Result<void> => {
    while (waiting.length > most) {
      const { bytes, offset } = waiting.shift()!;
      if (failed.ok) failed = write([bytes], offset);
    }
    return failed;
  };
  const maxPending = 3;
  return {
    chunkBytes: 512,
    maxPending,
    write: (bytes, offset) => {
      workDownTo(Math.min(maxPending - 1, prng.below(maxPending + 1)));
      if (failed.ok) waiting.push({ bytes, offset });
      return failed;
    },
    settle: () => workDownTo(0),
  };
}

/** One draw of what the medium holds of a file after the crash. */
function survivor(inode: Inode, prng: Prng): Uint8Array {
  let content = inode.durable;
  const order = inode.pending.slice();
  for (let i = order.length - 1; i > 0; i--) {
    const j = prng.below(i + 1);
    [order[i], order[j]] = [order[j]!, order[i]!];
  }
  for (const change of order) {
    const fate = prng.below(4);
    if (fate === 0) content = apply(content, change);
    if (fate < 2 || change.kind !== "write") continue;
    if (fate === 2) {
      const bytes = change.bytes.subarray(0, prng.below(change.bytes.length + 1));
      content = apply(content, { kind: "write", offset: change.offset, bytes });
      continue;
    }
    for (let at = 0; at < change.bytes.length; ) {
      const sectorEnd = SECTOR_BYTES - ((change.offset + at) % SECTOR_BYTES);
      const bytes = change.bytes.subarray(at, at + sectorEnd);
      if (prng.chance(0.5)) content = apply(content, { kind: "write", offset: change.offset + at, bytes });
      at += bytes.length;
    }
  }
  return content;
}
