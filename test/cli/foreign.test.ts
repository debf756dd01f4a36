import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import {
  buildCommand,
  expectError,
  json,
  lines,
  makeFolder,
  mmsb,
  parsed,
  realRecordings,
} from "./support.ts";

buildCommand();
const at = makeFolder();

interface Frame {
  readonly id: bigint;
  readonly page: bigint;
  readonly epoch: number;
  readonly mask: readonly number[];
  readonly payload: readonly number[];
  readonly sparse: boolean;
  readonly metadata?: string;
}

/** Bytes as the older program writes them, version 2. */
function mmsbLog1(frames: readonly Frame[]): Buffer {
  const u32 = (value: number) => Buffer.from(Uint32Array.of(value).buffer);
  const u64 = (value: bigint) => Buffer.from(BigUint64Array.of(value).buffer);
  const parts = [Buffer.from("MMSBLOG1"), u32(2)];
  for (const { id, page, epoch, mask, payload, sparse, metadata = "" } of frames) {
    parts.push(u64(id), u64(page), u32(epoch), u32(mask.length), Buffer.from(mask));
    parts.push(u32(payload.length), Buffer.from(payload), Buffer.from([sparse ? 1 : 0]), u64(1000n + id));
    parts.push(u32(3), Buffer.from("src"), u32(metadata.length), Buffer.from(metadata));
  }
  return Buffer.concat(parts);
}

const BIG = 2n ** 64n - 1n;
const FRAMES: readonly Frame[] = [
  {
    id: 10n,
    page: BIG,
    epoch: 1,
    mask: [1, 0, 1, 0],
    payload: [5, 0, 6, 0],
    sparse: false,
    metadata: '{"a":1}',
  },
  { id: 9n, page: 2n ** 53n + 1n, epoch: 7, mask: [0, 1, 1], payload: [8, 9], sparse: true },
  { id: 11n, page: BIG, epoch: 2, mask: [1, 1, 0, 0], payload: [1], sparse: true },
  { id: 12n, page: 0n, epoch: 3, mask: [0, 0, 0, 0, 0, 1], payload: [0, 0, 0, 0, 0, 4], sparse: false },
  { id: 13n, page: BIG, epoch: 1, mask: [0, 0, 0, 1], payload: [3], sparse: true },
];

const sha256 = (bytes: readonly number[]) => createHash("sha256").update(Buffer.from(bytes)).digest("hex");

describe("a recording of the older program", () => {
  const file = at("old.tlog");
  writeFileSync(file, mmsbLog1(FRAMES));

  it("without a frame comes back as the version that it was", async () => {
    for (const version of [1, 2]) {
      const empty = mmsbLog1([]);
      empty[8] = version;
      const [old, made, back] = [
        `empty${version}.tlog`,
        `empty${version}-new.tlog`,
        `empty${version}-back.tlog`,
      ];
      writeFileSync(at(old), empty);
      await json("convert", at(old), at(made));
      await json("convert", at(made), at(back));
      expect(readFileSync(at(back)).equals(empty)).toBe(true);
    }
  });

  it("is summed up and replayed, a malformed delta left out", async () => {
    expect(await json("info", file)).toMatchObject({
      format: "mmsblog1",
      version: 2,
      records: 5,
      deltas: 4,
      pages: 3,
      firstTimestampNs: "1010",
      lastTimestampNs: "1013",
      complete: true,
      damage: null,
    });
    const replay = await json("replay", file);
    expect(replay).toMatchObject({ lsn: "5", applied: 4, rejected: 1, unknown: 0 });
    expect(replay.pages).toMatchObject([
      { id: "0", sizeBytes: 6, epoch: 3, sha256: sha256([0, 0, 0, 0, 0, 4]) },
      { id: "9007199254740993", sizeBytes: 3, epoch: 7, sha256: sha256([0, 8, 9]) },
      { id: "18446744073709551615", sizeBytes: 4, epoch: 1, sha256: sha256([5, 0, 6, 3]) },
    ]);
  });

  it("takes the sizes of its pages from a file", async () => {
    writeFileSync(at("sizes.json"), '{"18446744073709551615": 8, "0": 2}');
    const replay = await json("replay", file, "--page-sizes", at("sizes.json"));
    expect(replay).toMatchObject({ applied: 3, rejected: 1, unknown: 1 });
    expect(replay.pages).toMatchObject([
      { id: "0", sizeBytes: 2, sha256: sha256([0, 0]) },
      { id: "18446744073709551615", sizeBytes: 8, sha256: sha256([5, 0, 6, 3, 0, 0, 0, 0]) },
    ]);
    for (const wrong of ["[]", "{", '{"x": 1}', '{"1": "2"}']) {
      writeFileSync(at("wrong.json"), wrong);
      expectError(await mmsb("replay", file, "--page-sizes", at("wrong.json")), 2, "ARGUMENT_INVALID");
    }
    writeFileSync(at("wrong.json"), '{"1": -2}');
    expectError(await mmsb("replay", file, "--page-sizes", at("wrong.json")), 2, "PAGE_SIZE_INVALID");
  });

  it("goes on from a snapshot, which can be looked into", async () => {
    const u32 = (value: number) => Buffer.from(Int32Array.of(value).buffer);
    const u64 = (value: bigint) => Buffer.from(BigUint64Array.of(value).buffer);
    const page = [u64(0n), u64(6n), u32(4), u32(1), u32(0), u32(6), Buffer.from([9, 9, 9, 9, 9, 9])];
    writeFileSync(
      at("state.snap"),
      Buffer.concat([Buffer.from("MMSBSNAP"), u32(2), u32(1), u64(0n), ...page]),
    );
    expect(await json("info", at("state.snap"))).toMatchObject({ format: "mmsbsnap", version: 2, pages: 1 });
    const replay = await json("replay", file, "--snapshot", at("state.snap"));
    expect(replay.pages).toMatchObject([
      { id: "0", location: "gpu", epoch: 3, sha256: sha256([9, 9, 9, 9, 9, 4]) },
    ]);
    expectError(await mmsb("cat", at("state.snap")), 2, "UNSUPPORTED");
  });

  it("goes there and back with every field", async () => {
    expect(await json("convert", file, at("new.tlog"))).toMatchObject({ records: 5, leftOut: [] });
    expect(await json("info", at("new.tlog"))).toMatchObject({ format: "mmsb", records: 5, complete: true });
    expect((await json("replay", at("new.tlog"))).stateHash).toBe((await json("replay", file)).stateHash);
    expect(await json("verify", at("new.tlog"))).toMatchObject({ ok: true });
    expect(await json("convert", at("new.tlog"), at("back.tlog"))).toMatchObject({
      records: 5,
      format: "mmsblog1",
    });
    expect(readFileSync(at("back.tlog")).equals(readFileSync(file))).toBe(true);
    const [there, back] = await Promise.all([
      mmsb("cat", file, "--json"),
      mmsb("cat", at("new.tlog"), "--json"),
    ]);
    expect(back.stdout).toBe(there.stdout);
    await json("convert", file, at("new2.tlog"));
    expect(readFileSync(at("new2.tlog")).equals(readFileSync(at("new.tlog")))).toBe(true);
  });

  it("is written from a session, and what has no place in it is told once and truly", async () => {
    await json("demo", at("life.tlog"), "--steps", "40");
    const { leftOut } = await json("convert", at("life.tlog"), at("life-old.tlog"));
    const checkpoints = (await json("info", at("life.tlog"))).checkpoints;
    const told = leftOut.filter((left: { kind: string }) => left.kind === "checkpoint");
    // a session begins with nothing, so no state to start from is lost
    expect(told).toMatchObject([{ records: checkpoints, reason: "MMSBLOG1 holds deltas only" }]);
  });

  it("of version 2 comes back as version 2 where nothing in it has metadata", async () => {
    const plain = at("plain.tlog");
    writeFileSync(plain, mmsbLog1(FRAMES.map(({ metadata: _, ...frame }) => frame)));
    await json("convert", plain, at("plain-new.tlog"));
    await json("recover", at("plain-new.tlog"), at("plain-copy.tlog"));
    await json("convert", at("plain-copy.tlog"), at("plain-back.tlog"));
    expect(readFileSync(at("plain-back.tlog")).equals(readFileSync(plain))).toBe(true);
  });

  it("that was cut opens to its last good frame", async () => {
    const bytes = readFileSync(file);
    writeFileSync(at("cut.tlog"), bytes.subarray(0, bytes.length - 5));
    const info = parsed(await mmsb("info", at("cut.tlog"), "--json"), 1);
    expect(info).toMatchObject({ records: 4, complete: false, damage: { code: "FOREIGN_TRUNCATED" } });
    expect(parsed(await mmsb("verify", at("cut.tlog"), "--json"), 1).ok).toBe(false);
    const { records, lostBytes } = await json("recover", at("cut.tlog"), at("mended.tlog"));
    expect([records, lostBytes > 0]).toEqual([4, true]);
    expect(await json("info", at("mended.tlog"))).toMatchObject({
      format: "mmsblog1",
      records: 4,
      complete: true,
    });
  });
});

describe("the real recordings of the older program's authors", () => {
  for (const name of ["v1_repo_test.tlog", "v1_repo_tests_mmsb.tlog"]) {
    it(`${name} reads as its own reader reads it`, async (ctx) => {
      const file = path.join(realRecordings, name);
      if (!existsSync(file)) ctx.skip("the folder of real recordings is not beside the repository");
      const expected = JSON.parse(readFileSync(`${file}.expected.json`, "utf8"));
      expect(await json("info", file)).toMatchObject({
        version: expected.header_version,
        records: expected.deltas_returned,
        fileBytes: expected.file_bytes,
      });
      const pages: { page_id: string; size: number; epoch: number; sha256: string }[] = expected.pages;
      const sizes = Object.fromEntries(pages.map((page) => [page.page_id, page.size]));
      writeFileSync(at(`${name}.sizes.json`), JSON.stringify(sizes));
      const replay = await json("replay", file, "--page-sizes", at(`${name}.sizes.json`));
      expect(replay.applied).toBe(expected.applied);
      expect(
        replay.pages.map(({ id, sizeBytes, epoch, sha256 }: Record<string, unknown>) => ({
          id,
          sizeBytes,
          epoch,
          sha256,
        })),
      ).toEqual(
        pages.map((page) => ({
          id: page.page_id,
          sizeBytes: page.size,
          epoch: page.epoch,
          sha256: page.sha256,
        })),
      );
      await json("convert", file, at(`${name}.new`));
      await json("convert", at(`${name}.new`), at(`${name}.back`));
      const [before, after] = await Promise.all([
        mmsb("cat", file, "--json"),
        mmsb("cat", at(`${name}.back`), "--json"),
      ]);
      expect(lines(after.stdout)).toEqual(lines(before.stdout));
    });
  }
});
