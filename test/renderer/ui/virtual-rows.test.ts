import { describe, expect, it } from "vitest";
import {
  isScaled,
  lastTop,
  MOST_SCROLL_PX,
  scrollOfTop,
  spacerPx,
  topOfScroll,
  topToCentre,
  topToShow,
  visibleRows,
} from "../../../renderer/ui/virtual-rows.ts";

const small = { rows: 1000, rowPx: 22, viewportPx: 220 };
const huge = { rows: 10_000_000, rowPx: 22, viewportPx: 400 };

describe("rows of a long table", () => {
  it("scroll pixel by pixel while they fit a browser", () => {
    expect(isScaled(small)).toBe(false);
    expect(spacerPx(small)).toBe(22_000);
    expect(topOfScroll(33, small)).toBe(1.5);
    expect(scrollOfTop(1.5, small)).toBe(33);
    expect(visibleRows(1.5, small)).toEqual({ first: 1, end: 13 });
  });

  it("are all reachable when ten million would be taller than a browser can lay out", () => {
    expect(isScaled(huge)).toBe(true);
    expect(spacerPx(huge)).toBe(MOST_SCROLL_PX);
    expect(topOfScroll(0, huge)).toBe(0);
    expect(topOfScroll(MOST_SCROLL_PX - huge.viewportPx, huge)).toBe(lastTop(huge));
    expect(visibleRows(lastTop(huge), huge).end).toBe(huge.rows);
    for (const top of [0, 1, 4_999_999.5, lastTop(huge)]) {
      expect(topOfScroll(scrollOfTop(top, huge), huge)).toBeCloseTo(top, 4);
    }
  });

  it("come into sight with the least scrolling, or in the middle", () => {
    expect(topToShow(5, 0, small)).toBe(0);
    expect(topToShow(9, 0, small)).toBe(2);
    expect(topToShow(3, 10, small)).toBe(1);
    expect(topToShow(999, 0, small)).toBe(990);
    expect(topToCentre(5, 0, small)).toBe(0);
    expect(topToCentre(500, 0, small)).toBe(495.5);
    expect(topToCentre(999, 0, small)).toBe(990);
  });

  it("draw nothing for an empty table", () => {
    expect(visibleRows(0, { rows: 0, rowPx: 22, viewportPx: 400 })).toEqual({ first: 0, end: 0 });
    expect(lastTop({ rows: 3, rowPx: 22, viewportPx: 400 })).toBe(0);
  });
});
