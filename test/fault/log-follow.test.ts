import { describe, expect, test } from "vitest";
import { Prng } from "../../engine/base/prng.ts";
import { ok, type Result, unwrap } from "../../engine/base/result.ts";
import type { FileMode, LogFile, LogFileSystem } from "../../engine/log/file-system.ts";
import { LogReader } from "../../engine/log/log-reader.ts";
import { LogWriter } from "../../engine/log/log-writer.ts";
import { RecordKind } from "../../engine/log/record-kinds.ts";
import { Journal, LogSession, RECORDING, readable, type Shape, writerOptions } from "./log-session.ts";
import { SimulatedDisk } from "./simulated-disk.ts";

/** A disk on which a reader looks at a write that is half done, and between any two other calls. */
class WatchedDisk extends SimulatedDisk {
  /** Called where a reader may look; whatever it does on this disk is not watched itself. */
  watch: () => void = () => undefined;
  readonly #prng: Prng;
  #isWatching = false;

  constructor(seed: number) {
    super(seed);
    this.#prng = new Prng(seed);
    this.plan = () => {
      if (this.#prng.chance(0.4)) this.look();
      return undefined;
    };
  }

  look(): void {
    if (this.#isWatching) return;
    this.#isWatching = true;
    this.watch();
    this.#isWatching = false;
  }

  override open(path: string, mode: FileMode): Result<LogFile> {
    const opened = super.open(path, mode);
    if (!opened.ok || mode === "read") return opened;
    const file = opened.value;
    const write = file.write.bind(file);
    file.write = (parts, offset) => {
      const bytes = Buffer.concat(parts);
      if (bytes.length === 0 || !this.#prng.chance(0.5)) return write([bytes], offset);
      const half = this.#prng.below(bytes.length);
      const first = write([bytes.subarray(0, half)], offset);
      if (!first.ok) return first;
      this.look();
      return write([bytes.subarray(half)], offset + half);
    };
    return ok(file);
  }
}

const SHAPES: readonly (readonly [string, Shape])[] = [
  ["one file", { bodyBytes: 100 }],
  ["bodies that need overflow blocks, from a state that was there", { bodyBytes: 100_000, genesis: true }],
  ["several segments", { bodyBytes: 2000, rotateBytes: 1500 }],
  ["a bounded set of segments", { bodyBytes: 300, rotateBytes: 1200, keepSegments: 2 }],
];

describe("a recording that is still being written", () => {
  test.each(SHAPES)("is opened and followed at any moment: %s", async (_, shape) => {
    for (let seed = 1; seed <= 30; seed++) {
      const place = `seed ${seed}`;
      const disk = new WatchedDisk(seed);
      const prng = new Prng(seed + 1000);
      const journal = new Journal();
      let reader: LogReader | undefined;
      let lastLsn = 0;
      const seen = new Map<number, string>();
      disk.watch = () => {
        if (reader === undefined) {
          const opened = LogReader.open(RECORDING, { fileSystem: disk });
          if (opened.ok) reader = opened.value;
          else expect(["LOG_NOT_FOUND", "LOG_EMPTY", "LOG_TRUNCATED"], place).toContain(opened.error.code);
        } else if (prng.chance(0.7)) unwrap(reader.refresh());
        if (reader === undefined) return;
        // what is not whole yet stands at the end, and nowhere else; nothing that was seen goes away
        const { tail } = reader;
        expect(reader.gaps, place).toEqual([]);
        expect(
          reader.damage.filter((found) => !tail.isTail(found)),
          place,
        ).toEqual([]);
        expect(reader.lastLsn, place).toBeGreaterThanOrEqual(lastLsn);
        if (reader.lastLsn === lastLsn) return;
        for (const [lsn, text] of readable(reader)) {
          if (lsn <= lastLsn) continue;
          expect(text, `${place}, LSN ${lsn}`).toBe(journal.records[lsn]);
          seen.set(lsn, text);
        }
        lastLsn = reader.lastLsn;
      };
      const session = new LogSession(disk, journal, new Prng(seed), shape);
      unwrap(await session.start());
      expect(await session.work(40)).toBe(true);
      unwrap(await session.writer!.close());
      disk.plan = () => undefined;
      disk.look();
      unwrap(reader!.refresh());
      const fresh = unwrap(LogReader.open(RECORDING, { fileSystem: disk }));
      for (const key of ["lastLsn", "committedLsn", "complete", "lastBlockCrc", "damage"] as const)
        expect(reader![key], `${place}, ${key}`).toEqual(fresh[key]);
      // a bounded recording has dropped the older ones since
      const kept = reader!.checkpoints.slice(-fresh.checkpoints.length);
      expect(kept, place).toEqual(fresh.checkpoints);
      for (const [lsn, text] of readable(fresh)) expect(readable(reader!).get(lsn)).toBe(text);
    }
  });

  test("misses nothing that is written, and rotated away from, between two of its own calls", async () => {
    const disk = new SimulatedDisk(1);
    const shape = { bodyBytes: 100, rotateBytes: 900 };
    const writer = unwrap(await LogWriter.create(RECORDING, writerOptions(disk, shape)));
    const write = () => {
      for (let i = 0; i < 12; i++) {
        writer.begin("s");
        writer.append(RecordKind.Event, { source: "s", body: new Uint8Array(90).fill(i) });
        writer.commit("s");
      }
      unwrap(writer.flush());
    };
    write();
    let isClosed = false;
    const racing: LogFileSystem = {
      open: (path, mode) => disk.open(path, mode),
      list(folder) {
        if (!isClosed) write();
        return disk.list(folder);
      },
      remove: (path) => disk.remove(path),
      rename: (from, to) => disk.rename(from, to),
      syncFolder: (folder) => disk.syncFolder(folder),
    };
    const reader = unwrap(LogReader.open(RECORDING, { fileSystem: racing }));
    for (let i = 0; i < 20; i++) {
      unwrap(reader.refresh());
      expect(reader.gaps).toEqual([]);
      expect(reader.damage).toEqual([]);
    }
    isClosed = true;
    unwrap(await writer.close());
    unwrap(reader.refresh());
    const fresh = unwrap(LogReader.open(RECORDING, { fileSystem: disk }));
    expect(reader.tail.segments.length).toBeGreaterThan(20);
    expect([reader.lastLsn, reader.complete]).toEqual([fresh.lastLsn, true]);
  });
});
