import { describe, expect, it } from "vitest";
import {
  boxOfRow,
  isScaled,
  lastTop,
  MOST_SCROLL_PX,
  type RowBoxes,
  rowBoxes,
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

describe("the boxes that rows are drawn in", () => {
  const BOXES = 24;
  const order = (boxes: RowBoxes) =>
    Array.from({ length: BOXES - 1 }, (_, i) => boxOfRow(boxes.first + i, boxes));

  it("are all different, and a row that stays in sight keeps its own", () => {
    let boxes = rowBoxes({ first: 0, boxes: 1, shift: 0 }, 100, BOXES);
    for (const first of [101, 105, 90, 113]) {
      const before = boxes;
      boxes = rowBoxes(boxes, first, BOXES);
      expect(new Set(order(boxes)).size).toBe(BOXES - 1);
      for (let row = first; row < first + BOXES - 1; row++)
        if (row >= before.first && row < before.first + BOXES - 1)
          expect(boxOfRow(row, boxes)).toBe(boxOfRow(row, before));
    }
  });

  it("stay in their places where the table jumps", () => {
    let boxes = rowBoxes({ first: 0, boxes: 1, shift: 0 }, 1003, BOXES);
    boxes = rowBoxes(boxes, 1010, BOXES);
    const places = order(boxes);
    for (const first of [9_999_999, 0, 77, 1_000_000]) {
      boxes = rowBoxes(boxes, first, BOXES);
      expect(order(boxes)).toEqual(places);
    }
  });
});
