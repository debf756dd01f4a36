import { describe, expect, test } from "vitest";
import { nextRecordLsn } from "../../../renderer/client/navigator.ts";

describe("the next record", () => {
  const whole = { firstLsn: 1, lastLsn: 9, gaps: [] };

  test("is the one beside, and none behind either end", () => {
    expect(nextRecordLsn(4, 1, whole)).toBe(5);
    expect(nextRecordLsn(4, -1, whole)).toBe(3);
    expect(nextRecordLsn(9, 1, whole)).toBe(9);
    expect(nextRecordLsn(1, -1, whole)).toBe(1);
    // the state before the first record
    expect(nextRecordLsn(0, 1, whole)).toBe(1);
    expect(nextRecordLsn(0, -1, whole)).toBe(0);
  });

  test("lies beyond what was lost", () => {
    const damaged = {
      firstLsn: 3,
      lastLsn: 20,
      gaps: [
        { fromLsn: 6, toLsn: 8 },
        { fromLsn: 9, toLsn: 9 },
        { fromLsn: 19, toLsn: 20 },
      ],
    };
    expect(nextRecordLsn(5, 1, damaged)).toBe(10);
    expect(nextRecordLsn(10, -1, damaged)).toBe(5);
    expect(nextRecordLsn(18, 1, damaged)).toBe(18);
    expect(nextRecordLsn(2, 1, damaged)).toBe(3);
  });
});
