import { describe, expect, it } from "vitest";
import {
  byteClass,
  heatStepAge,
  heatSteps,
  Mark,
  markRanges,
} from "../../../../renderer/panels/page/byte-marks.ts";
import {
  bytesPerRow,
  byteWindow,
  moveCaret,
  rowCharacters,
  selectionOf,
} from "../../../../renderer/panels/page/hex-layout.ts";

describe("the hex view's layout", () => {
  it("shows 8, 16 or 32 bytes a row, as many as fit", () => {
    expect(rowCharacters(16, 4096, "single")).toBe(4 + 2 + 49 + 2 + 16);
    expect(bytesPerRow(360, 4096, "single")).toBe(8);
    expect(bytesPerRow(560, 4096, "single")).toBe(16);
    expect(bytesPerRow(1200, 4096, "single")).toBe(32);
    expect(bytesPerRow(560, 4096, "compare")).toBe(8);
    expect(bytesPerRow(800, 4096, "compare")).toBe(16);
  });

  it("asks for whole blocks, never past the page's end", () => {
    expect(byteWindow(0, 400, 1_000_000)).toEqual({ offset: 0, length: 8192 });
    expect(byteWindow(8000, 8400, 1_000_000)).toEqual({ offset: 0, length: 16_384 });
    expect(byteWindow(69_000, 70_400, 70_000)).toEqual({ offset: 65_536, length: 4464 });
    expect(byteWindow(0, 0, 0)).toEqual({ offset: 0, length: 0 });
  });

  it("moves and extends the selection with the keys, inside the page", () => {
    const start = { anchor: 20, head: 20 };
    expect(moveCaret(start, "ArrowDown", false, 16, 10, 64)).toEqual({ anchor: 36, head: 36 });
    expect(moveCaret(start, "ArrowRight", true, 16, 10, 64)).toEqual({ anchor: 20, head: 21 });
    expect(moveCaret(start, "PageDown", true, 16, 10, 64)).toEqual({ anchor: 20, head: 63 });
    expect(moveCaret(start, "ArrowUp", false, 32, 10, 64)).toEqual({ anchor: 0, head: 0 });
    expect(moveCaret(undefined, "ArrowUp", false, 16, 10, 64)).toEqual({ anchor: 0, head: 0 });
    expect(moveCaret(start, "x", false, 16, 10, 64)).toBeUndefined();
    expect(moveCaret(undefined, "ArrowUp", false, 16, 10, 0)).toBeUndefined();
    expect(selectionOf({ anchor: 30, head: 12 })).toEqual({ start: 12, end: 31 });
  });
});

describe("marks on bytes", () => {
  it("cover ranges of the page, cut to what is shown", () => {
    const marks = new Uint8Array(8);
    markRanges(marks, 100, Uint32Array.of(98, 106, 300), Uint32Array.of(4, 10, 5), Mark.Touched);
    expect([...marks]).toEqual([1, 1, 0, 0, 0, 0, 1, 1]);
  });

  it("show age in steps that each reach four times as far back", () => {
    const writers = Float64Array.of(0, 1000, 999, 997, 996, 984, 1, 1001);
    expect([...heatSteps(writers, 1000)]).toEqual([0, 1, 2, 2, 3, 4, 6, 1]);
    expect(heatStepAge(1)).toBe(0);
    expect(heatStepAge(2)).toBe(3);
    expect(heatStepAge(3)).toBe(15);
  });

  it("name themselves for the style sheet", () => {
    expect(byteClass(0, 0, 0)).toBe("b z");
    expect(byteClass(7, Mark.Touched | Mark.Selected, 3)).toBe("b h3 t s");
    expect(byteClass(7, Mark.TouchedBefore | Mark.Changed, 0)).toBe("b c u");
  });
});
