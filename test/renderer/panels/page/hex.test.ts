import { describe, expect, it } from "vitest";
import {
  eachRun,
  heatStepAge,
  heatSteps,
  heatStrength,
  Mark,
  markRanges,
} from "../../../../renderer/panels/page/byte-marks.ts";
import {
  byteAtColumn,
  byteColumn,
  byteWindow,
  caretOf,
  hexColumns,
  moveCaret,
  rowCharacters,
  selectionOf,
} from "../../../../renderer/panels/page/hex-layout.ts";
import { hexLines, hexText } from "../../../../renderer/panels/page/hex-text.ts";

const CHARACTER_PX = 7.2;
const columnsFor = (widthPx: number, mode: "single" | "compare" = "single") =>
  hexColumns(widthPx, CHARACTER_PX, 4096, mode);

describe("the hex view's layout", () => {
  it("shows 8, 16 or 32 bytes a row, as many as fit", () => {
    expect(rowCharacters(columnsFor(560))).toBe(4 + 2 + 48 + 2 + 16);
    expect(columnsFor(360).bytesPerRow).toBe(8);
    expect(columnsFor(540).bytesPerRow).toBe(16);
    expect(columnsFor(1200).bytesPerRow).toBe(32);
    expect(columnsFor(540, "compare").bytesPerRow).toBe(8);
    expect(columnsFor(800, "compare").bytesPerRow).toBe(16);
  });

  it("finds the byte under the pointer in the digits, in the characters, and on either side when comparing", () => {
    for (const mode of ["single", "compare"] as const) {
      const columns = columnsFor(1300, mode);
      for (let at = 0; at < columns.bytesPerRow; at++) {
        const column = byteColumn(at);
        for (const inside of [0, 0.9, 1.9])
          expect(byteAtColumn(columns.first + column + inside, columns)).toBe(at);
        const second = mode === "single" ? columns.second + at : columns.second + column;
        expect(byteAtColumn(second + 0.5, columns)).toBe(at);
      }
      expect(byteAtColumn(-5, columns)).toBe(0);
      expect(byteAtColumn(1000, columns)).toBe(columns.bytesPerRow - 1);
    }
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
    expect(selectionOf({ anchor: 30, head: 12 })).toEqual({ start: 12, end: 31, head: 12 });
  });

  it("keeps the end that moves, also for a selection that was made elsewhere", () => {
    for (const caret of [
      { anchor: 30, head: 12 },
      { anchor: 12, head: 30 },
      { anchor: 7, head: 7 },
    ])
      expect(caretOf(selectionOf(caret))).toEqual(caret);
    expect(caretOf({ start: 8, end: 12 })).toEqual({ anchor: 11, head: 8 });
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

  it("grow weaker with age and leave out what was never written", () => {
    const strengths = [1, 2, 3, 4, 5, 6, 7, 8].map(heatStrength);
    expect(strengths).toEqual([...strengths].sort((a, b) => b - a));
    expect(strengths.every((strength) => strength > 0)).toBe(true);
    expect(heatStrength(0)).toBe(0);
  });

  it("are drawn as one piece for neighbours of the same kind", () => {
    const runs: number[][] = [];
    eachRun(Uint8Array.of(9, 0, 1, 1, 0, 2, 1), 1, 7, (first, count, value) =>
      runs.push([first, count, value]),
    );
    expect(runs).toEqual([
      [1, 2, 1],
      [4, 1, 2],
      [5, 1, 1],
    ]);
  });
});

describe("the rows as text", () => {
  const bytes = Uint8Array.from({ length: 20 }, (_, at) => 0x41 + at);

  it("are a line each, in three columns", () => {
    const stretch = { offset: 0, pageSizeBytes: 20, bytes, before: undefined };
    expect(hexLines(stretch, 8, 0, 3)).toEqual({
      offsets: "0000\n0008\n0010",
      first: "41 42 43 44 45 46 47 48\n49 4a 4b 4c 4d 4e 4f 50\n51 52 53 54",
      second: "ABCDEFGH\nIJKLMNOP\nQRST",
    });
    expect(hexText(bytes, 0, 9)).toBe("41 42 43 44 45 46 47 48  49");
  });

  it("keep their lines where the bytes above or below are not known yet", () => {
    const stretch = { offset: 16, pageSizeBytes: 64, bytes: bytes.subarray(0, 8), before: undefined };
    const { first, second } = hexLines(stretch, 8, 0, 5);
    expect(first.split("\n")).toEqual(["", "", "41 42 43 44 45 46 47 48", "", ""]);
    expect(second.split("\n")).toEqual(["", "", "ABCDEFGH", "", ""]);
  });

  it("show both sides when comparing", () => {
    const stretch = {
      offset: 0,
      pageSizeBytes: 2,
      bytes: bytes.subarray(0, 2),
      before: Uint8Array.of(0, 255),
    };
    expect(hexLines(stretch, 8, 0, 1)).toMatchObject({ first: "00 ff", second: "41 42" });
  });
});
