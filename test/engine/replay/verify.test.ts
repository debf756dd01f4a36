import { describe, expect, it } from "vitest";
import { Prng } from "../../../engine/base/prng.ts";
import { RecordKind } from "../../../engine/log/record-kinds.ts";
import { verifyRecording } from "../../../engine/replay/verify.ts";
import { imageOf } from "../../helpers/memory-recording.ts";
import { randomRecording } from "../../helpers/random-recording.ts";

/** A session of ours: its time never falls. */
function made(seed: number) {
  const { source } = randomRecording(seed, { records: 150, genesisPages: 2, checkpointEvery: 25 });
  for (const [i, record] of source.records.entries())
    source.records[i] = { ...record, timeNs: 1000n + BigInt(i) };
  return { source };
}

function codes(source: Parameters<typeof verifyRecording>[0]): string[] {
  return verifyRecording(source).problems.map((problem) => problem.code);
}

describe("verify", () => {
  it("finds nothing wrong with what is right, and counts what it looked at", () => {
    for (let seed = 1; seed <= 30; seed++) {
      const { source } = made(seed);
      const outcome = verifyRecording(source);
      expect(outcome.problems, `seed ${seed}`).toEqual([]);
      expect(outcome).toMatchObject({
        ok: true,
        records: source.records.length,
        checkpoints: source.checkpoints.length,
      });
    }
  });

  it("calls a recording that was never closed a problem", () => {
    const { source } = made(1);
    source.complete = false;
    expect(codes(source)).toEqual(["LOG_TRUNCATED"]);
  });

  it("holds every checkpoint's bytes, epochs and pages against replay, and names the page", () => {
    let found = 0;
    for (let seed = 1; seed <= 30; seed++) {
      const { source } = made(seed);
      const random = new Prng(seed);
      const at = source.images.findIndex(
        (image) => image.ref.lsn > source.firstLsn && image.pages.length > 0,
      );
      if (at < 0) continue;
      const { ref, edges } = source.images[at]!;
      const pages = source.images[at]!.pages.map((page, i) => {
        const bytes = new Uint8Array(page.sizeBytes);
        source.images[at]!.readPage(i, bytes);
        return { ...page, bytes };
      });
      const chosen = random.pick(pages.filter((page) => page.sizeBytes > 0));
      if (chosen === undefined) continue;
      const changed = pages.map((page) => {
        if (page !== chosen) return page;
        if (random.chance(0.3)) return { ...page, epoch: page.epoch + 1 };
        const bytes = page.bytes.slice();
        bytes[random.below(bytes.length)]! ^= 1;
        return { ...page, bytes };
      });
      const wrong = random.chance(0.2) ? pages.filter((page) => page !== chosen) : changed;
      source.images[at] = imageOf({ lsn: ref.lsn, pages: wrong, edges }, ref.recordLsn);
      const { problems } = verifyRecording(source);
      expect(problems[0]?.code, `seed ${seed}`).toBe("HASH_MISMATCH");
      expect(problems[0]!.place.lsn).toBe(ref.lsn);
      if (wrong === changed) expect(problems[0]!.place.pageId).toBe(chosen.id);
      found++;
    }
    expect(found).toBeGreaterThan(20);
  });

  it("finds a cause that does not lie before its effect", () => {
    const { source } = made(3);
    const at = source.records.findIndex((record) => record.kind === RecordKind.Delta);
    source.records[at] = { ...source.records[at]!, cause: source.firstLsn + at };
    expect(codes(source)).toContain("LOG_RECORD_CORRUPT");
  });

  it("finds time that falls", () => {
    const { source } = made(4);
    source.records[100] = { ...source.records[100]!, timeNs: 1n };
    const { problems } = verifyRecording(source);
    expect(problems.map((problem) => [problem.code, problem.place.lsn])).toEqual([
      ["LOG_RECORD_CORRUPT", source.firstLsn + 100],
    ]);
  });

  it("finds a body that is none, at its record", () => {
    const { source } = made(5);
    const at = source.records.findIndex((record, i) => i > 20 && record.kind === RecordKind.Delta);
    source.records[at] = { ...source.records[at]!, body: Uint8Array.of(0xff, 0xff) };
    const { problems } = verifyRecording(source);
    expect(problems[0]).toMatchObject({ code: "LOG_RECORD_CORRUPT" });
    expect(problems[0]!.place.lsn).toBe(source.firstLsn + at);
  });
});
