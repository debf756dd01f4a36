import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { unwrap } from "../../engine/base/result.ts";
import { exportMmsbLog1 } from "../../engine/log/foreign/export-mmsblog1.ts";
import { decodeForeignText, encodeForeignText } from "../../engine/log/foreign/foreign-text.ts";
import { MmsbLog1Source } from "../../engine/log/foreign/mmsblog1-source.ts";
import { MmsbSnap } from "../../engine/log/foreign/mmsbsnap.ts";
import { RecordKind } from "../../engine/log/record-kinds.ts";
import {
  decodeLog,
  encodeBlob,
  encodeLog,
  encodeSnap,
  isRefused,
  largestMasks,
  type NaiveFrame,
  naiveReplay,
  normalized,
  setFlags,
  temporaryFolder,
  text,
} from "../engine/log/foreign/naive-mmsb.ts";
import { forEachBatch, replaySource, rowsOf } from "../engine/log/foreign/source-replay.ts";

const folder = temporaryFolder();
const file = path.join(folder, "log.tlog");
const copy = path.join(folder, "copy.tlog");

const bytes = (maxLength: number) => fc.uint8Array({ maxLength });
const id = fc.oneof(
  fc.constantFrom(0n, 1n, 2n, 2n ** 53n - 1n, 2n ** 53n, 2n ** 53n + 1n, 2n ** 64n - 1n),
  fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
);
const epoch = fc.oneof(fc.nat({ max: 5 }), fc.constantFrom(0xffff_fffe, 0xffff_ffff), fc.nat());
const flag = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(0, 1) },
  { weight: 1, arbitrary: fc.integer({ min: 2, max: 255 }) },
);
const source = fc.oneof(
  fc.constantFrom("", "test", "\ufeffmark", "\0", "page/α→β", "💾", "\u{10fe80}\u{10feff}").map(text),
  fc.string({ unit: "binary", maxLength: 12 }).map(text),
  bytes(12),
);
const metadata = fc.oneof(fc.constant(new Uint8Array(0)), fc.json({ maxDepth: 1 }).map(text), bytes(8));

const frame: fc.Arbitrary<NaiveFrame> = fc
  .record({
    deltaId: id,
    pageId: id,
    epoch,
    mask: fc.array(flag, { maxLength: 24 }).map((flags) => Uint8Array.from(flags)),
    filler: fc.uint8Array({ minLength: 32, maxLength: 32 }),
    surplus: fc.oneof({ weight: 5, arbitrary: fc.constant(0) }, fc.constantFrom(-1, 1, 8)),
    sparse: fc.constantFrom(0, 1, 255),
    timestamp: id,
    source,
    metadata,
  })
  .map(({ filler, surplus, ...fields }) => {
    const unrefused = { ...fields, payload: new Uint8Array(0) };
    const length = fields.sparse === 0 ? fields.mask.length : setFlags(unrefused);
    return { ...fields, payload: filler.slice(0, Math.max(0, length + surplus)) };
  });
const frames = fc.array(frame, { maxLength: 12 });
const version = fc.constantFrom(1, 2);

function open(content: Uint8Array, options = {}): MmsbLog1Source {
  writeFileSync(file, content);
  return unwrap(MmsbLog1Source.open(file, options));
}

describe("MMSBLOG1", () => {
  it("gives every field of every frame as it stands in the log", () => {
    fc.assert(
      fc.property(version, frames, (v, all) => {
        const log = open(encodeLog(v, all));
        const rows = rowsOf(log);
        log.close();
        expect(rows.length).toBe(all.length);
        rows.forEach((row, i) => {
          const given = all[i]!;
          expect(row.lsn).toBe(i + 1);
          expect(row.kind).toBe(isRefused(given) ? RecordKind.ForeignFrame : RecordKind.Delta);
          expect(row.flags).toBe((given.sparse === 0 ? 0 : 1) + (v === 2 ? 16 : 0));
          expect(row.deltaId).toBe(given.deltaId);
          expect(row.pageId).toBe(given.pageId);
          expect(row.epoch).toBe(given.epoch);
          expect(row.timestamp).toBe(given.timestamp);
          expect(encodeForeignText(row.source)).toEqual(given.source);
          expect(row.maskLength).toBe(given.mask.length);
          if (isRefused(given)) return;
          const mask = new Uint8Array(given.mask.length);
          for (const [offset, length] of row.runs) mask.fill(1, offset, offset + length);
          expect(mask).toEqual(normalized(given).mask);
          const shown =
            given.sparse === 0 ? given.payload.filter((_, j) => given.mask[j] !== 0) : given.payload;
          expect(row.payload).toEqual(shown);
          expect(row.metadata).toEqual(v === 1 ? new Uint8Array(0) : given.metadata);
        });
      }),
    );
  });

  it("comes back from an export with every field, in order", () => {
    fc.assert(
      fc.property(version, frames, (v, all) => {
        const content = encodeLog(v, all);
        const log = open(content);
        const report = unwrap(exportMmsbLog1(log, copy));
        log.close();
        expect(report).toMatchObject({ version: v, frames: all.length, leftOut: [] });
        const back = readFileSync(copy);
        expect(report.fileBytes).toBe(back.length);
        expect(decodeLog(back)).toEqual({
          version: v,
          frames: decodeLog(content).frames.map(normalized),
        });
      }),
    );
  });

  it("replays to the state that the older program's rules give, with sizes derived or given", () => {
    const given = fc.option(fc.uniqueArray(fc.tuple(id, fc.nat({ max: 30 })), { selector: ([i]) => i }), {
      nil: undefined,
    });
    fc.assert(
      fc.property(version, frames, given, (v, all, entries) => {
        const pageSizes = entries === undefined ? undefined : new Map(entries);
        const log = open(encodeLog(v, all), pageSizes === undefined ? {} : { pageSizes });
        const replay = replaySource(log);
        log.close();
        const sizes = pageSizes ?? largestMasks(all);
        const pages = new Map(
          [...sizes].map(([page, size]) => [page, { bytes: new Uint8Array(size), epoch: 0 }]),
        );
        const expected = naiveReplay(all, pages);
        expect({ ...replay, pages: new Map([...replay.pages].sort()) }).toEqual({
          ...expected,
          pages: new Map([...expected.pages].sort()),
        });
      }),
    );
  });

  it("opens, cut at any byte, to exactly the frames before the cut, and says what is lost", () => {
    fc.assert(
      fc.property(version, fc.array(frame, { minLength: 1, maxLength: 3 }), (v, all) => {
        const content = encodeLog(v, all);
        const ends = all.map((_, i) => encodeLog(v, all.slice(0, i + 1)).length);
        for (let length = 12; length < content.length; length++) {
          const log = open(content.subarray(0, length));
          const good = ends.filter((end) => end <= length).length;
          const goodEnd = good === 0 ? 12 : ends[good - 1]!;
          expect(log.lastLsn).toBe(good);
          expect(rowsOf(log).length).toBe(good);
          expect(log.complete).toBe(goodEnd === length);
          expect(
            log.damage.map(({ offset, lostBytes, afterLsn, error }) => [
              offset,
              lostBytes,
              afterLsn,
              error.code,
            ]),
          ).toEqual(goodEnd === length ? [] : [[goodEnd, length - goodEnd, good, "FOREIGN_TRUNCATED"]]);
          log.close();
        }
      }),
      { numRuns: 25 },
    );
  });

  it("never throws, hangs or loses a frame before the first changed byte, whatever bytes it finds", () => {
    const change = fc.tuple(fc.nat(), fc.integer({ min: 1, max: 255 }));
    fc.assert(
      fc.property(version, frames, fc.array(change, { minLength: 1, maxLength: 4 }), (v, all, changes) => {
        const content = encodeLog(v, all);
        let first = content.length;
        for (const [where, xor] of changes) {
          const at = where % content.length;
          content[at]! ^= xor;
          first = Math.min(first, at);
        }
        writeFileSync(file, content);
        const opened = MmsbLog1Source.open(file);
        if (!opened.ok) {
          expect(["LOG_NOT_A_LOG", "LOG_VERSION"]).toContain(opened.error.code);
          expect(first).toBeLessThan(12);
          return;
        }
        const log = opened.value;
        const whole = all.filter((_, i) => encodeLog(v, all.slice(0, i + 1)).length <= first).length;
        expect(log.lastLsn).toBeGreaterThanOrEqual(whole);
        let rows = 0;
        forEachBatch(log, (batch) => {
          rows += batch.count;
        });
        expect(rows).toBe(log.lastLsn);
        log.close();
      }),
      { numRuns: 300 },
    );
  });
});

describe("a text of a foreign log", () => {
  it("gives its bytes back, well-formed or not", () => {
    fc.assert(
      fc.property(fc.oneof(source, bytes(40)), (given) => {
        const decoded = decodeForeignText(given);
        expect(decoded).not.toMatch(/\p{Surrogate}/u);
        expect(encodeForeignText(decoded)).toEqual(given);
      }),
      { numRuns: 1000 },
    );
  });
});

describe("MMSBSNAP", () => {
  const page = fc.record({
    id,
    epoch,
    location: fc.constantFrom(0, 1, 2),
    entries: fc.uniqueArray(fc.tuple(fc.string({ maxLength: 6 }).map(text), bytes(6)), {
      maxLength: 3,
      selector: ([key]) => Buffer.from(key).toString("hex"),
    }),
    data: bytes(20),
  });
  const pages = fc.uniqueArray(page, { maxLength: 5, selector: ({ id: pageId }) => pageId });
  const layout = fc.constantFrom("v1", "v2", "bare");

  it("gives every page as it stands in the snapshot, in each version and layout", () => {
    fc.assert(
      fc.property(layout, pages, id, (kind, all, logOffset) => {
        const encoded = all.map(({ entries, ...rest }) => ({
          ...rest,
          ...(kind === "bare"
            ? {}
            : { blob: entries.length === 0 ? new Uint8Array(0) : encodeBlob(entries) }),
        }));
        writeFileSync(file, encodeSnap(kind === "v1" ? 1 : 2, logOffset, encoded));
        const snap = unwrap(MmsbSnap.open(file));
        expect(snap.logOffset).toBe(logOffset);
        if (all.length > 0) expect(snap.layout).toBe(kind === "bare" ? "bare" : "metadata");
        expect(snap.pages.map((read) => read.id)).toEqual(
          all.map((given) => given.id).sort((a, b) => (a < b ? -1 : 1)),
        );
        snap.pages.forEach((read, index) => {
          const given = all.find((one) => one.id === read.id)!;
          const data = new Uint8Array(read.sizeBytes);
          unwrap(snap.readPage(index, data));
          expect(data).toEqual(given.data);
          expect(read.epoch).toBe(given.epoch);
          expect(read.location).toBe(["cpu", "gpu", "unified"][given.location]);
          const entries = kind === "bare" ? [] : given.entries;
          expect([...read.metadata]).toEqual(
            entries.map(([key, value]) => [Buffer.from(key).toString(), value]),
          );
        });
        snap.close();
      }),
    );
  });

  it("never throws or hangs, whatever bytes it finds", () => {
    const change = fc.tuple(fc.nat(), fc.integer({ min: 1, max: 255 }));
    fc.assert(
      fc.property(pages, fc.array(change, { maxLength: 3 }), fc.nat({ max: 40 }), (all, changes, cut) => {
        const encoded = all.map(({ entries, ...rest }) => ({ ...rest, blob: encodeBlob(entries) }));
        const content = encodeSnap(2, 0n, encoded);
        for (const [where, xor] of changes) content[where % content.length]! ^= xor;
        writeFileSync(file, content.subarray(0, Math.max(0, content.length - cut)));
        const opened = MmsbSnap.open(file);
        if (opened.ok) opened.value.close();
        else expect(opened.error.place.offset).toBeTypeOf("number");
      }),
      { numRuns: 300 },
    );
  });
});
