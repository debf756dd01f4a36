import { describe, expect, it } from "vitest";
import {
  formatDuration,
  formatElapsed,
  formatTimestamp,
  isCalendarTime,
} from "../../../../renderer/ui/format/time.ts";

describe("times and durations", () => {
  it.each([
    [0, "0 ns"],
    [999, "999 ns"],
    [1_234, "1.23 µs"],
    [999_999, "1.00 ms"],
    [16_700_000, "16.7 ms"],
    [90e9, "90.0 s"],
    [3600e9, "60.0 min"],
    [86_400e9, "24.0 h"],
    [10 * 86_400e9, "10.0 d"],
  ])("%d ns reads %s", (durationNs, text) => {
    expect(formatDuration(durationNs)).toBe(text);
  });

  it("groups the digits of elapsed time and keeps the sign", () => {
    expect(formatElapsed(0n)).toBe("+0.000 000 s");
    expect(formatElapsed(1_234_567_890n, 9)).toBe("+1.234 567 890 s");
    expect(formatElapsed(61_500_000_000n, 3)).toBe("+1:01.500");
    expect(formatElapsed(3_661_000_000_000n, 0)).toBe("+1:01:01");
    expect(formatElapsed(-5_000_000n, 3)).toBe("−0.005 s");
  });

  it("shows a date only where the number can be one: foreign logs hold counters and u64 extremes", () => {
    expect(isCalendarTime(42n)).toBe(false);
    expect(isCalendarTime(18446744073709551615n)).toBe(false);
    expect(formatTimestamp(42n)).toBe("42 ns");
    expect(formatTimestamp(1_700_000_000_123_456_789n)).toBe("2023-11-14 22:13:20.123 456 789 UTC");
  });
});
