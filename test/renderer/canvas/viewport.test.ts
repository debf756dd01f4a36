import { describe, expect, it } from "vitest";
import {
  clampSpan,
  panSpan,
  requestSpan,
  revealInSpan,
  valueAt,
  xOf,
  zoomSpan,
} from "../../../renderer/canvas/viewport.ts";

const bounds = { from: 1, to: 1001 };

describe("the timeline's viewport", () => {
  it("maps values to pixels and back", () => {
    const scale = { span: { from: 100, to: 300 }, widthPx: 400 };
    expect(xOf(150, scale)).toBe(100);
    expect(valueAt(100, scale)).toBe(150);
  });

  it("keeps the value under the pointer in place while zooming", () => {
    const span = { from: 201, to: 601 };
    const zoomed = zoomSpan(span, 2, 301, bounds, 1);
    expect(zoomed).toEqual({ from: 251, to: 451 });
    const share = (value: number, { from, to }: typeof span) => (value - from) / (to - from);
    expect(share(301, zoomed)).toBeCloseTo(share(301, span));
  });

  it("never leaves the recording, nor goes closer than one record", () => {
    expect(zoomSpan({ from: 401, to: 601 }, 0.01, 500, bounds, 1)).toEqual(bounds);
    const closest = zoomSpan({ from: 401, to: 403 }, 1000, 402, bounds, 1);
    expect(closest.to - closest.from).toBe(1);
    expect(panSpan({ from: 1, to: 101 }, -50, bounds)).toEqual({ from: 1, to: 101 });
    expect(panSpan({ from: 801, to: 901 }, 500, bounds)).toEqual({ from: 901, to: 1001 });
    expect(clampSpan({ from: -50, to: 5000 }, bounds)).toEqual(bounds);
  });

  it("moves by as little as brings the cursor in sight", () => {
    const span = { from: 101, to: 201 };
    expect(revealInSpan(span, 150, bounds)).toBe(span);
    expect(revealInSpan(span, 300, bounds)).toEqual({ from: 210, to: 310 });
    expect(revealInSpan(span, 50, bounds)).toEqual({ from: 40, to: 140 });
  });

  it("asks for half a view more on either side, so that panning finds data", () => {
    const asked = requestSpan({ from: 401, to: 601 }, bounds, 800, 2, 4096, true);
    expect(asked).toEqual({ span: { from: 301, to: 701 }, columns: 400 });
  });

  it("never asks for less than one record a column on the LSN axis, nor for more columns than the engine gives", () => {
    expect(requestSpan({ from: 400.4, to: 410.2 }, bounds, 800, 2, 4096, true)).toEqual({
      span: { from: 395, to: 416 },
      columns: 21,
    });
    expect(requestSpan({ from: 0, to: 1e12 }, { from: 0, to: 1e12 }, 40_000, 2, 4096, false).columns).toBe(
      4096,
    );
  });
});
