import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import {
  notifyFirstWithCursor,
  notifyInFrame,
  notifyWithCursor,
} from "../../../renderer/client/notify-in-frame.ts";
import { useCursor } from "../../../renderer/state/cursor-store.ts";

let frames: (() => void)[] = [];
let now = 0;

function nextFrame(): void {
  const due = frames;
  frames = [];
  for (const run of due) run();
}

describe("who is told in which frame", () => {
  beforeEach(() => {
    frames = [];
    vi.stubGlobal("requestAnimationFrame", (run: () => void) => frames.push(run));
    vi.stubGlobal("document", { hidden: false });
    vi.spyOn(performance, "now").mockImplementation(() => now);
    useCursor.getState().setScrubbing(true);
  });
  afterEach(() => {
    while (frames.length > 0) nextFrame();
    useCursor.getState().setScrubbing(false);
    vi.restoreAllMocks();
    vi.unstubAllGlobals();
  });
  const told: string[] = [];
  /** Takes so long to draw. */
  const panel = (name: string, ms: number) => () => {
    told.push(name);
    now += ms;
  };

  it("while the cursor runs, panels with much to change take turns, and what is first waits for none of them", () => {
    told.length = 0;
    const [page, graph, words] = [panel("page", 2), panel("graph", 2), panel("words", 2)];
    notifyWithCursor(page);
    notifyWithCursor(graph);
    notifyFirstWithCursor(words);
    expect(told).toEqual([]);
    nextFrame();
    expect(told).toEqual(["words", "page"]);
    nextFrame();
    expect(told).toEqual(["words", "page", "graph"]);
    expect(frames).toEqual([]);
  });

  it("asks for one frame, also where who is told has news for others at once", () => {
    told.length = 0;
    const later = panel("later", 2);
    notifyInFrame(() => {
      panel("first", 2)();
      notifyInFrame(later);
    });
    expect(frames.length).toBe(1);
    nextFrame();
    expect(told).toEqual(["first"]);
    expect(frames.length).toBe(1);
    nextFrame();
    expect(told).toEqual(["first", "later"]);
  });

  it("at once where the cursor takes a step, and where there are no frames", () => {
    told.length = 0;
    useCursor.getState().setScrubbing(false);
    notifyWithCursor(panel("step", 1));
    vi.stubGlobal("document", { hidden: true });
    notifyInFrame(panel("hidden", 1));
    expect(told).toEqual(["step", "hidden"]);
    expect(frames).toEqual([]);
  });
});
