import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { unwrap } from "../../engine/base/result.ts";
import {
  applyDelta,
  composeDeltas,
  diffPages,
  invertDelta,
  sameChange,
  uniteRuns,
} from "../../engine/deltas/algebra.ts";
import {
  type ByteRange,
  type Delta,
  deltaFromRanges,
  deltaRanges,
  emptyDelta,
} from "../../engine/deltas/delta.ts";
import { deltaFromDense, deltaFromSparse, toDense, toSparse } from "../../engine/deltas/delta-forms.ts";
import { RunList } from "../../engine/deltas/run-list.ts";

const options = { seed: Number(process.env["MMSB_SEED"] ?? 20260101), numRuns: 600 };
const PAGE = 96;
const about = { pageId: 7n, source: "test" };

const pages = fc.uint8Array({ minLength: PAGE, maxLength: PAGE });
const ranges = fc.array(
  fc
    .tuple(fc.nat(PAGE), fc.uint8Array({ maxLength: 20 }))
    .map(([offset, bytes]): ByteRange => ({ offset, bytes: bytes.subarray(0, PAGE - offset) })),
  { maxLength: 10 },
);
const deltas = ranges.map((list) => unwrap(deltaFromRanges(about, list)));

function pageAfter(page: Uint8Array, ...changes: Delta[]): Uint8Array {
  const copy = page.slice();
  for (const change of changes) unwrap(applyDelta(change, copy));
  return copy;
}

const compose = (a: Delta, b: Delta) => unwrap(composeDeltas(a, b));
/** The same change with the same origin; room that a list has to spare does not count. */
function expectSame(a: Delta, b: Delta): void {
  expect(sameChange(a, b)).toBe(true);
  expect({ ...a, runs: 0 }).toEqual({ ...b, runs: 0 });
}
const hold = <T extends unknown[]>(property: fc.IPropertyWithHooks<T>) => fc.assert(property, options);

describe("the delta algebra", () => {
  it("x . compose(a, b) = (x . a) . b", () => {
    hold(
      fc.property(pages, deltas, deltas, (x, a, b) => {
        expect(pageAfter(x, compose(a, b))).toEqual(pageAfter(x, a, b));
      }),
    );
  });

  it("compose is associative", () => {
    hold(
      fc.property(deltas, deltas, deltas, (a, b, c) => {
        const left = compose(compose(a, b), c);
        const right = compose(a, compose(b, c));
        expectSame(left, right);
      }),
    );
  });

  it("the empty delta is the neutral element", () => {
    hold(
      fc.property(deltas, (a) => {
        expect(sameChange(compose(a, emptyDelta(about)), a)).toBe(true);
        expect(sameChange(compose(emptyDelta(about), a), a)).toBe(true);
      }),
    );
  });

  it("(x . d) . invert(d, x) = x", () => {
    hold(
      fc.property(pages, deltas, (x, d) => {
        expect(pageAfter(x, d, unwrap(invertDelta(d, x)))).toEqual(x);
      }),
    );
  });

  it("invert(compose(a, b), x) = compose(invert(b, x . a), invert(a, x))", () => {
    hold(
      fc.property(pages, deltas, deltas, (x, a, b) => {
        const whole = unwrap(invertDelta(compose(a, b), x));
        const parts = compose(unwrap(invertDelta(b, pageAfter(x, a))), unwrap(invertDelta(a, x)));
        expect(sameChange(whole, parts)).toBe(true);
      }),
    );
  });

  it("x . diff(x, y) = y, with no byte in it that is the same in both", () => {
    hold(
      fc.property(pages, deltas, (x, d) => {
        const y = pageAfter(x, d);
        const difference = unwrap(diffPages(about, x, y));
        expect(pageAfter(x, difference)).toEqual(y);
        expect(difference.payload.length).toBe(x.reduce((sum, byte, i) => sum + (byte === y[i] ? 0 : 1), 0));
        expect(difference.runs.isCanonical()).toBe(true);
        expect(difference.runs.totalBytes).toBe(difference.payload.length);
      }),
    );
  });

  it("every delta made or composed is canonical", () => {
    hold(
      fc.property(deltas, deltas, (a, b) => {
        for (const delta of [a, compose(a, b)]) {
          expect(delta.runs.isCanonical()).toBe(true);
          expect(delta.payload.length).toBe(delta.runs.totalBytes);
        }
        const union = new RunList();
        uniteRuns(a.runs, b.runs, union);
        expect(union.equals(compose(a, b).runs)).toBe(true);
      }),
    );
  });
});

describe("the forms of a delta", () => {
  it("ranges may overlap: the later one wins", () => {
    hold(
      fc.property(pages, ranges, (x, list) => {
        const expected = x.slice();
        for (const { offset, bytes } of list) expected.set(bytes, offset);
        expect(pageAfter(x, unwrap(deltaFromRanges(about, list)))).toEqual(expected);
      }),
    );
  });

  it("dense, sparse and ranges turn into one another without loss", () => {
    hold(
      fc.property(deltas, fc.nat(10), (d, more) => {
        const length = d.runs.endOffset + more;
        const dense = unwrap(toDense(d, length));
        const sparse = unwrap(toSparse(d, length));
        expect(dense.mask).toEqual(sparse.mask);
        expect(dense.payload.length).toBe(length);
        expectSame(unwrap(deltaFromDense(about, dense.mask, dense.payload)), d);
        expectSame(unwrap(deltaFromSparse(about, sparse.mask, sparse.payload)), d);
        expectSame(unwrap(deltaFromRanges(about, deltaRanges(d))), d);
      }),
    );
  });

  it("a mask's flags are set by any value but zero", () => {
    hold(
      fc.property(pages, pages, pages, (x, mask, payload) => {
        const expected = x.map((byte, i) => (mask[i] === 0 ? byte : payload[i]!));
        expect(pageAfter(x, unwrap(deltaFromDense(about, mask, payload)))).toEqual(expected);
      }),
    );
  });
});
