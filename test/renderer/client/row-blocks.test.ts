import { describe, expect, it } from "vitest";
import { MmsbError } from "../../../engine/base/errors.ts";
import { err, ok, type Result } from "../../../engine/base/result.ts";
import { BLOCK_ROWS, type RowBlock, RowBlocks } from "../../../renderer/client/row-blocks.ts";

const settled = () => new Promise<void>((resolve) => setTimeout(resolve, 0));

function table(total: number) {
  const asked: {
    offset: number;
    signal: AbortSignal;
    answer: (result?: Result<RowBlock<string>>) => void;
  }[] = [];
  const rows = new RowBlocks<string>(
    (offset, limit, signal) =>
      new Promise((resolve) => {
        const block = {
          offset,
          total,
          complete: true,
          count: Math.min(limit, total - offset),
          data: `from ${offset}`,
        };
        asked.push({ offset, signal, answer: (result = ok(block)) => resolve(result) });
      }),
  );
  return { asked, rows };
}

describe("the rows of an endless table", () => {
  it("come in blocks around what is seen", async () => {
    const { asked, rows } = table(10_000);
    rows.show(0, 40);
    asked[0]!.answer();
    await settled();
    expect(rows.snapshot()).toMatchObject({ total: 10_000, complete: true, first: false });
    expect(rows.at(5)).toMatchObject({ index: 5, block: { data: "from 0" } });
    expect(rows.at(BLOCK_ROWS)).toBeUndefined();
    rows.show(BLOCK_ROWS - 10, BLOCK_ROWS + 10);
    expect(asked.map(({ offset }) => offset)).toEqual([0, BLOCK_ROWS]);
  });

  it("are given up when they scroll away before they came", async () => {
    const { asked, rows } = table(1_000_000);
    rows.show(0, 40);
    rows.show(500_000, 500_040);
    expect(asked[0]!.signal.aborted).toBe(true);
    asked[0]!.answer();
    await settled();
    expect(rows.at(0)).toBeUndefined();
    asked[1]!.answer();
    await settled();
    expect(rows.at(500_010)).toBeDefined();
  });

  it("end where the table ends", async () => {
    const { asked, rows } = table(3);
    rows.show(0, 40);
    asked[0]!.answer();
    await settled();
    expect(rows.at(2)).toBeDefined();
    expect(rows.at(3)).toBeUndefined();
  });

  it("are not asked for again and again after an error, only when told", async () => {
    const { asked, rows } = table(3);
    rows.show(0, 40);
    asked[0]!.answer(err(new MmsbError("ARGUMENT_INVALID", "no such field", "Correct the expression")));
    await settled();
    rows.show(0, 41);
    expect(asked).toHaveLength(1);
    expect(rows.snapshot().error?.code).toBe("ARGUMENT_INVALID");
    rows.retry();
    expect(asked).toHaveLength(2);
  });

  it("are asked for anew when the recording grew", async () => {
    const { asked, rows } = table(3);
    rows.show(0, 40);
    asked[0]!.answer();
    await settled();
    rows.refresh();
    expect(asked).toHaveLength(2);
  });

  it("are fetched before they are shown, and not given up for what is still in sight", async () => {
    const { asked, rows } = table(10_000);
    rows.show(0, 40);
    asked[0]!.answer();
    await settled();
    expect(rows.bring(5_000, 5_040)).toBe(false);
    rows.show(0, 41);
    expect(asked.map(({ offset }) => offset)).toEqual([0, 4_864]);
    expect(asked[1]!.signal.aborted).toBe(false);
    asked[1]!.answer();
    await settled();
    expect(rows.bring(5_000, 5_040)).toBe(true);
    expect(rows.at(5_000)).toBeDefined();
    expect(rows.at(5)).toBeDefined();
  });

  it("asks for nothing beyond the end", async () => {
    const { asked, rows } = table(100);
    rows.show(0, 40);
    asked[0]!.answer();
    await settled();
    expect(rows.bring(80, 140)).toBe(true);
    expect(asked).toHaveLength(1);
  });
});
