import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { onCursorRest } from "../../../renderer/state/cursor-rest.ts";
import { useCursor } from "../../../renderer/state/cursor-store.ts";

describe("where the cursor comes to rest", () => {
  beforeEach(() => vi.useFakeTimers());
  afterEach(() => vi.useRealTimers());
  const move = (lsn: number) => useCursor.getState().setLsn(lsn);

  it("is told once after the last of many moves, so long after that one", () => {
    const call = vi.fn();
    const stop = onCursorRest(100, call);
    for (let lsn = 1; lsn <= 30; lsn++) {
      move(lsn);
      vi.advanceTimersByTime(20);
    }
    expect(call).not.toHaveBeenCalled();
    vi.advanceTimersByTime(79);
    expect(call).not.toHaveBeenCalled();
    vi.advanceTimersByTime(2);
    expect(call).toHaveBeenCalledTimes(1);
    vi.advanceTimersByTime(1000);
    expect(call).toHaveBeenCalledTimes(1);
    move(99);
    vi.advanceTimersByTime(101);
    expect(call).toHaveBeenCalledTimes(2);
    stop();
  });

  it("is not told of what is no move, nor after it was stopped", () => {
    const call = vi.fn();
    const stop = onCursorRest(100, call);
    useCursor.getState().setRecord(5, 1n);
    vi.advanceTimersByTime(500);
    move(7);
    stop();
    vi.advanceTimersByTime(500);
    expect(call).not.toHaveBeenCalled();
  });
});
