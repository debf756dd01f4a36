// Opening a recording with an index that lies beside it: what is read of each file, and files changed behind its back.
import { closeSync, openSync, readFileSync, statSync, utimesSync, writeSync } from "node:fs";
import { basename } from "node:path";
import { toHex } from "../../engine/base/bytes.ts";
import { ok, unwrap } from "../../engine/base/result.ts";
import { type LogFileSystem, nodeFileSystem } from "../../engine/log/file-system.ts";
import type { RecordSource } from "../../engine/log/record-source.ts";
import type { Recording } from "../../engine/replay/recording.ts";

/** The real files, with the bytes read counted by name. */
export function counting() {
  const read = new Map<string, number>();
  const files: LogFileSystem = {
    ...nodeFileSystem,
    open(name, mode) {
      const opened = nodeFileSystem.open(name, mode);
      if (!opened.ok) return opened;
      const file = opened.value;
      const inner = file.read.bind(file);
      file.read = (into, offset) => {
        const got = inner(into, offset);
        const key = basename(name);
        if (got.ok) read.set(key, (read.get(key) ?? 0) + got.value);
        return got;
      };
      return ok(file);
    },
  };
  return { files, read: (name: string) => read.get(name) ?? 0 };
}

/** All that opening tells of a recording, comparable. */
export function summary(source: RecordSource) {
  return {
    uuid: toHex(source.uuid),
    fileBytes: source.fileBytes,
    lastBlockCrc: source.lastBlockCrc,
    complete: source.complete,
    lsns: [source.firstLsn, source.committedLsn, source.lastLsn],
    damage: source.damage.map((found) => [found.error.code, found.offset, found.lostBytes]),
    gaps: source.gaps,
    checkpoints: source.checkpoints,
    blocks: Array.from({ length: source.blockCount }, (_, i) => [
      source.blockFirstLsn(i),
      source.blockRecordCount(i),
    ]),
  };
}

/** State hashes at six places from the first to the last LSN. */
export function hashes(recording: Recording): string[] {
  const lsns = Array.from({ length: 6 }, (_, i) => Math.floor((recording.lastLsn * i) / 5));
  return lsns
    .filter((lsn) => lsn >= recording.firstLsn)
    .map((lsn) => toHex(unwrap(recording.stateHashAt(lsn))));
}

/** Changes a byte of a file; with `isHidden` its time stays what it was. */
export function overwrite(name: string, offset: number, isHidden = false): void {
  const before = statSync(name);
  const fd = openSync(name, "r+");
  const byte = readFileSync(name)[offset]!;
  writeSync(fd, Uint8Array.of(byte ^ 0x55), 0, 1, offset);
  closeSync(fd);
  if (isHidden) utimesSync(name, before.atime, before.mtime);
}

/** An index written now is younger than the recording by more than the file system's clock can tell apart. */
export function age(name: string): void {
  const then = new Date(Date.now() - 60_000);
  utimesSync(name, then, then);
}
