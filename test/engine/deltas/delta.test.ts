import { describe, expect, it } from "vitest";
import { type Result, unwrap } from "../../../engine/base/result.ts";
import { applyDelta, composeDeltas, diffPages, invertDelta } from "../../../engine/deltas/algebra.ts";
import { deltaFromImage, deltaFromRanges, deltaRanges, emptyDelta } from "../../../engine/deltas/delta.ts";
import { deltaFromDense, deltaFromSparse, toDense, toSparse } from "../../../engine/deltas/delta-forms.ts";

const about = {
  pageId: 2n ** 53n + 1n,
  source: "writer",
  cause: 12,
  timestampNs: 99n,
  metadata: '{"why":1}',
};

function codeOf(result: Result<unknown>): string {
  return result.ok ? "ok" : result.error.code;
}

describe("a delta", () => {
  it("keeps who wrote it, why and when", () => {
    const delta = unwrap(deltaFromRanges(about, [{ offset: 3, bytes: Uint8Array.of(1) }]));
    expect(delta).toMatchObject(about);
    const plain = emptyDelta({ pageId: 1n });
    expect(plain).toMatchObject({ source: "", cause: 0, timestampNs: 0n, metadata: undefined });
  });

  it("does not share bytes with what it was made from", () => {
    const bytes = Uint8Array.of(1, 2, 3);
    const mask = Uint8Array.of(1, 1, 1);
    const made = [
      deltaFromImage(about, bytes),
      deltaFromRanges(about, [{ offset: 0, bytes }]),
      deltaFromDense(about, mask, bytes),
      deltaFromSparse(about, mask, bytes),
    ].map(unwrap);
    bytes.fill(0);
    for (const { payload } of made) expect([...payload]).toEqual([1, 2, 3]);
  });

  it("of a whole image is one run", () => {
    const delta = unwrap(deltaFromImage(about, new Uint8Array(4096).fill(5)));
    expect(deltaRanges(delta)).toEqual([{ offset: 0, bytes: new Uint8Array(4096).fill(5) }]);
  });

  it("composed takes the origin of the later one", () => {
    const first = unwrap(deltaFromImage({ pageId: about.pageId, source: "early" }, Uint8Array.of(1)));
    const second = unwrap(deltaFromImage(about, Uint8Array.of(2)));
    expect(unwrap(composeDeltas(first, second))).toMatchObject(about);
  });
});

describe("bad input to the delta algebra is refused with a typed error", () => {
  const delta = unwrap(deltaFromRanges(about, [{ offset: 8, bytes: Uint8Array.of(1, 2) }]));
  const byte = Uint8Array.of(1);

  it.each([
    ["a negative offset", () => deltaFromRanges(about, [{ offset: -1, bytes: byte }]), "DELTA_RANGE"],
    ["half a byte", () => deltaFromRanges(about, [{ offset: 0.5, bytes: byte }]), "DELTA_RANGE"],
    ["no number", () => deltaFromRanges(about, [{ offset: Number.NaN, bytes: byte }]), "DELTA_RANGE"],
    ["beyond 2^32", () => deltaFromRanges(about, [{ offset: 0xffff_ffff, bytes: byte }]), "DELTA_RANGE"],
    ["a page id below 0", () => deltaFromImage({ pageId: -1n }, byte), "ARGUMENT_INVALID"],
    ["a page id above u64", () => deltaFromDense({ pageId: 2n ** 64n }, byte, byte), "ARGUMENT_INVALID"],
    ["a broken cause", () => deltaFromSparse({ pageId: 1n, cause: -4 }, byte, byte), "ARGUMENT_INVALID"],
    ["a broken time", () => diffPages({ pageId: 1n, timestampNs: -4n }, byte, byte), "ARGUMENT_INVALID"],
    ["a dense payload too short", () => deltaFromDense(about, new Uint8Array(9), byte), "DELTA_LENGTH"],
    [
      "a sparse payload too long",
      () => deltaFromSparse(about, Uint8Array.of(0, 1), new Uint8Array(2)),
      "DELTA_LENGTH",
    ],
    ["images of two sizes", () => diffPages(about, byte, new Uint8Array(2)), "DELTA_LENGTH"],
    ["a mask too short for the delta", () => toDense(delta, 9), "DELTA_RANGE"],
    ["a mask of half a flag", () => toSparse(delta, 10.5), "DELTA_RANGE"],
    ["deltas of two pages", () => composeDeltas(delta, emptyDelta({ pageId: 1n })), "DELTA_PAGE_MISMATCH"],
    ["a page too small to undo in", () => invertDelta(delta, new Uint8Array(9)), "DELTA_RANGE"],
  ])("%s", (_, run, code) => {
    expect(codeOf(run())).toBe(code);
  });

  it("and a page too small for a delta stays as it was", () => {
    const page = new Uint8Array(9);
    expect(codeOf(applyDelta(delta, page))).toBe("DELTA_RANGE");
    expect(page).toEqual(new Uint8Array(9));
    expect(codeOf(applyDelta(delta, new Uint8Array(10)))).toBe("ok");
  });
});
