import { describe, expect, test } from "vitest";
import { deltaTable, rangesText } from "../../../renderer/panels/deltas/delta-table.ts";
import { eventTable } from "../../../renderer/panels/events/event-table.ts";
import type { GridColumn } from "../../../renderer/ui/data-grid.tsx";

const ROW_PADDING_PX = 16;

/** The least width of a column's track: `90px`, `minmax(90px, 1fr)`. */
function leastPx({ width }: GridColumn): number {
  return Number(/(\d+)px/.exec(width)![1]);
}

describe.each([
  ["deltas of a short recording", deltaTable(77, "+0.012 000 s")],
  ["deltas of a long one", deltaTable(10_000_000, "+12,345.582 900 s")],
  ["events of a short recording", eventTable(77, "+0.012 000 s")],
  ["events of a long one", eventTable(10_000_000, "+12,345.582 900 s")],
])("the table of %s", (_name, { columns, minWidthPx }) => {
  test("shows at every width only columns that have room, always the LSN and the cause", () => {
    for (let widthPx = minWidthPx; widthPx < 1600; widthPx++) {
      const shown = columns.filter(({ fromWidthPx = 0 }) => widthPx >= fromWidthPx);
      const takenPx = shown.reduce((sum, column) => sum + leastPx(column), ROW_PADDING_PX);
      expect([widthPx, takenPx <= widthPx]).toEqual([widthPx, true]);
      const ids = shown.map(({ id }) => id);
      expect([ids[0], ids.includes("cause")]).toEqual(["lsn", true]);
    }
    expect(columns.every(({ fromWidthPx = 0 }) => fromWidthPx < 1600)).toBe(true);
  });
});

test("a table of a usual recording fits the panel that a window of 1024 pixels gives it", () => {
  for (const { minWidthPx } of [deltaTable(4831, "+0.241 800 s"), eventTable(4831, "+0.241 800 s")])
    expect(minWidthPx).toBeLessThanOrEqual(455);
});

test("the ranges that a delta wrote", () => {
  expect(rangesText(0, 0, 0)).toBe("none");
  expect(rangesText(1, 0x10, 1)).toBe("0x0010");
  expect(rangesText(1, 0x10, 16)).toBe("0x0010–0x001f");
  expect(rangesText(1020, 0x10, 16)).toBe("1,020 from 0x0010");
});
