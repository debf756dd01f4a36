import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ManualClock } from "../../../../engine/base/clock.ts";
import { Prng } from "../../../../engine/base/prng.ts";
import { unwrap } from "../../../../engine/base/result.ts";
import { openRecording, openSource } from "../../../../engine/replay/open-recording.ts";
import { mmsbStart, mmsbStop } from "../../../../engine/session/mmsb.ts";
import { age, counting, hashes, overwrite, summary } from "../../../helpers/kept-index.ts";

let folder = "";
let path = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "mmsb-directory-test-"));
  path = join(folder, "x.tlog");
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

interface Shape {
  readonly rotateBytes?: number;
  readonly keepSegments?: number;
  readonly writes: number;
  readonly isClosed?: boolean;
}

/** A session with large and small writes, checkpoints, overflowed bodies and, where asked, several segments. */
async function record({ writes, isClosed = true, ...rotation }: Shape): Promise<void> {
  const prng = new Prng(5);
  const session = unwrap(
    await mmsbStart({ path, clock: new ManualClock(1_000n), durability: "none", ...rotation }),
  );
  const pages = Array.from({ length: 8 }, () =>
    unwrap(session.createPage({ sizeBytes: 65_536, type: "bytes" })),
  );
  for (let i = 0; i < writes; i++) {
    const bytes = new Uint8Array(i % 50 === 0 ? 40_000 : 2_000);
    for (let at = 0; at < bytes.length; at += 4) bytes[at] = prng.u32();
    unwrap(
      session.transaction(() =>
        session.write(prng.pick(pages), prng.below(20_000), bytes, { source: "test" }),
      ),
    );
    if (i % 1000 === 999) unwrap(session.checkpoint("full"));
  }
  if (isClosed) unwrap(await mmsbStop());
}

describe("what an index keeps of where the blocks stand", () => {
  it("spares reading the recording: opening it takes two blocks of it and little of the index (I8)", async () => {
    await record({ writes: 3000 });
    age(path);
    const expected = openRecording(path);
    const want = hashes(unwrap(expected));
    unwrap(expected).close();
    const { files, read } = counting();
    const recording = unwrap(openRecording(path, { files }));
    expect(recording.index.tables.applied).toBeGreaterThanOrEqual(3000);
    expect(read("x.tlog")).toBeLessThanOrEqual(2 * 65_536 + 8);
    expect(read("x.tlog.idx")).toBeLessThan(statSync(path).size / 20);
    expect(hashes(recording)).toEqual(want);
    recording.close();
  });

  it.each([
    ["one file", { writes: 2500 }],
    ["several segments", { writes: 2500, rotateBytes: 3 << 20 }],
    ["a bounded set of segments", { writes: 2500, rotateBytes: 2 << 20, keepSegments: 3 }],
  ] as const)("says the same as walking over all of them does: %s (I8)", async (_, shape) => {
    await record(shape);
    for (const name of readdirSync(folder)) age(join(folder, name));
    const segments = readdirSync(folder).map((name) => join(folder, name));
    unwrap(openRecording(segments[0]!)).close();
    const { files, read } = counting();
    const known = unwrap(openSource(segments.at(-1)!, { index: "auto", files }));
    for (const name of segments) expect(read(basename(name))).toBeLessThanOrEqual(2 * 65_536 + 8);
    const walked = unwrap(openSource(segments[0]!));
    expect(summary(known)).toEqual(summary(walked));
    for (const [i, ref] of known.checkpoints.entries()) {
      const image = unwrap(known.loadCheckpoint(ref));
      expect(image.pages).toEqual(unwrap(walked.loadCheckpoint(walked.checkpoints[i]!)).pages);
    }
    known.close();
    walked.close();
  });

  it("is not believed once the recording was written to, whatever its length and last block say (I9)", async () => {
    await record({ writes: 2500 });
    age(path);
    unwrap(openRecording(path)).close();
    overwrite(path, statSync(path).size >>> 1);
    const recording = unwrap(openRecording(path));
    expect(recording.source.damage.map((found) => found.error.code)).toEqual(["LOG_BLOCK_DAMAGED"]);
    recording.close();
  });

  it("is given up at the first block that is not what it was, even where nothing showed a change (I9)", async () => {
    await record({ writes: 2500 });
    age(path);
    unwrap(openRecording(path)).close();
    overwrite(path, statSync(path).size >>> 1, true);
    const recording = unwrap(openRecording(path));
    expect(recording.source.damage).toEqual([]);
    const codes = new Set<string>();
    for (let lsn = 1; lsn <= recording.lastLsn; lsn++) {
      const record = recording.record(lsn);
      if (!record.ok) codes.add(record.error.code);
    }
    expect([...codes]).toEqual(["LOG_BLOCK_DAMAGED"]);
    recording.close();
    expect(existsSync(`${path}.idx`)).toBe(false);
    const again = unwrap(openRecording(path));
    expect(again.source.damage.map((found) => found.error.code)).toEqual(["LOG_BLOCK_DAMAGED"]);
    again.close();
  });

  it("belongs to one recording: beside another of the same name it is built again (I6, I9)", async () => {
    await record({ writes: 2500 });
    age(path);
    unwrap(openRecording(path)).close();
    copyFileSync(`${path}.idx`, join(folder, "kept.idx"));
    rmSync(path);
    rmSync(`${path}.idx`);
    await record({ writes: 2600 });
    age(path);
    copyFileSync(join(folder, "kept.idx"), `${path}.idx`);
    const recording = unwrap(openRecording(path));
    expect(recording.index.tables.applied).toBeGreaterThanOrEqual(2600);
    recording.close();
  });

  it("never gives a wrong answer, whichever byte of it is another (I7)", async () => {
    await record({ writes: 2100 });
    age(path);
    const right = unwrap(openRecording(path));
    const [want, wanted] = [hashes(right), summary(right.source)];
    right.close();
    const good = readFileSync(`${path}.idx`);
    const rootAt = Number(good.readBigUInt64LE(48));
    const directoryAt = Number(good.readBigUInt64LE(104));
    const prng = new Prng(11);
    const places = [16, 33, 41, 49, 57, 65, 69, 105, 113, 125, directoryAt, rootAt, good.length - 1];
    for (let i = 0; i < 3; i++) places.push(4096 + prng.below(rootAt - 4096), directoryAt + prng.below(900));
    for (const place of places) {
      const bad = Buffer.from(good);
      bad[place]! ^= 1 << prng.below(8);
      writeFileSync(`${path}.idx`, bad);
      const recording = unwrap(openRecording(path));
      expect(summary(recording.source)).toEqual(wanted);
      expect(hashes(recording)).toEqual(want);
      recording.close();
    }
  });

  it("lets a damaged chunk be made anew in its place, also where the index had grown with its recording (I2, I7)", async () => {
    await record({ writes: 2100 });
    unwrap(openRecording(path)).close();
    const session = unwrap(await mmsbStart({ path, reopen: true, durability: "none" }));
    const page = unwrap(session.createPage({ sizeBytes: 65_536, type: "bytes" }));
    const prng = new Prng(3);
    for (let i = 0; i < 2000; i++) {
      const bytes = Uint8Array.from({ length: 900 }, () => prng.u32());
      unwrap(session.write(page, prng.below(60_000), bytes));
    }
    unwrap(await mmsbStop(session));
    unwrap(openRecording(path)).close();
    age(path);
    const { files, read } = counting();
    const right = unwrap(openRecording(path, { files }));
    expect(read("x.tlog")).toBeLessThanOrEqual(2 * 65_536 + 8);
    expect(right.index.headers.length).toBeGreaterThan(1);
    const want = hashes(right);
    right.close();
    const good = readFileSync(`${path}.idx`);
    const rootAt = Number(good.readBigUInt64LE(48));
    for (const place of [4096, 4096 + ((rootAt - 4096) >>> 1), rootAt - 20_000]) {
      const bad = Buffer.from(good);
      bad.fill(0x55, place, place + 9);
      writeFileSync(`${path}.idx`, bad);
      const recording = unwrap(openRecording(path));
      expect(hashes(recording)).toEqual(want);
      recording.close();
    }
  });
});
