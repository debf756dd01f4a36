import { describe, expect, it } from "vitest";
import { MmsbError } from "../../../engine/base/errors.ts";
import { err, ok, type Result } from "../../../engine/base/result.ts";
import { QueryCache, queryKey } from "../../../renderer/client/query-cache.ts";
import { QueryLane } from "../../../renderer/client/query-lane.ts";

const settled = () => new Promise<void>((resolve) => setTimeout(resolve, 0));

/** An engine whose answers come when the test says so. */
function slowEngine() {
  const asked: { value: number; answer: (result?: Result<number>) => void; signal: AbortSignal }[] = [];
  const question = (value: number, scope = "") => ({
    key: String(value),
    scope,
    params: value,
    ask: (signal: AbortSignal) =>
      new Promise<Result<number>>((resolve) => {
        asked.push({ value, signal, answer: (result = ok(value)) => resolve(result) });
      }),
  });
  return { asked, question };
}

const newCache = (limitBytes = 1000) => new QueryCache<unknown>(limitBytes, () => 1);

describe("a query lane", () => {
  it("never queues old questions: of many asked during one answer only the newest is asked next", async () => {
    const { asked, question } = slowEngine();
    const lane = new QueryLane<number>(newCache());
    for (let value = 1; value <= 50; value++) lane.want(question(value));
    expect(asked.map(({ value }) => value)).toEqual([1]);
    asked[0]!.answer();
    await settled();
    expect(lane.snapshot()).toMatchObject({ data: 1, asked: 1, stale: true });
    expect(asked.map(({ value }) => value)).toEqual([1, 50]);
    asked[1]!.answer();
    await settled();
    expect(lane.snapshot()).toMatchObject({ data: 50, stale: false });
  });

  it("answers from the cache at once, and forgets what it was waiting for", async () => {
    const { asked, question } = slowEngine();
    const lane = new QueryLane<number>(newCache());
    lane.want(question(1));
    asked[0]!.answer();
    await settled();
    lane.want(question(2));
    lane.want(question(1));
    expect(lane.snapshot()).toMatchObject({ data: 1, stale: false });
    expect(asked[1]!.signal.aborted).toBe(true);
    asked[1]!.answer();
    await settled();
    expect(lane.snapshot()).toMatchObject({ data: 1, stale: false });
  });

  it("gives up the running question at once where it was told to", () => {
    const { asked, question } = slowEngine();
    const lane = new QueryLane<number>(newCache(), { abandon: true });
    lane.want(question(1));
    lane.want(question(2));
    expect(asked.map(({ value, signal }) => [value, signal.aborted])).toEqual([
      [1, true],
      [2, false],
    ]);
  });

  it("does not show one page's bytes for another's", async () => {
    const { asked, question } = slowEngine();
    const lane = new QueryLane<number>(newCache());
    lane.want(question(1, "page 1"));
    asked[0]!.answer();
    await settled();
    lane.want(question(2, "page 2"));
    expect(lane.snapshot()).toMatchObject({ data: undefined, stale: true });
    lane.want(question(3, "page 3"));
    asked[1]!.answer();
    await settled();
    expect(lane.snapshot().data).toBeUndefined();
    asked.find(({ value }) => value === 3)!.answer();
    await settled();
    expect(lane.snapshot()).toMatchObject({ data: 3, stale: false });
  });

  it("shows an error only for the question that is still wanted, and asks again when told", async () => {
    const { asked, question } = slowEngine();
    const lane = new QueryLane<number>(newCache());
    const refused = err(new MmsbError("PAGE_UNKNOWN", "no such page", "Choose another"));
    lane.want(question(1));
    lane.want(question(2));
    asked[0]!.answer(refused);
    await settled();
    expect(lane.snapshot().error).toBeUndefined();
    asked[1]!.answer(refused);
    await settled();
    expect(lane.snapshot().error?.code).toBe("PAGE_UNKNOWN");
    lane.retry();
    asked[2]!.answer();
    await settled();
    expect(lane.snapshot()).toMatchObject({ data: 2, error: undefined });
  });

  it("asks for nothing while its answer waits to be drawn, then for the newest question", async () => {
    const { asked, question } = slowEngine();
    const waiting = new Set<() => void>();
    const lane = new QueryLane<number>(newCache(), { notifyWhen: (notify) => waiting.add(notify) });
    const draw = () => {
      for (const notify of [...waiting]) {
        waiting.delete(notify);
        notify();
      }
    };
    lane.want(question(1));
    draw();
    asked[0]!.answer();
    await settled();
    lane.want(question(2));
    lane.want(question(3));
    expect(asked.map(({ value }) => value)).toEqual([1]);
    draw();
    expect(asked.map(({ value }) => value)).toEqual([1, 3]);
    asked[1]!.answer();
    await settled();
    draw();
    expect(lane.snapshot()).toMatchObject({ data: 3, stale: false });
    expect(asked.length).toBe(2);
  });

  it("hands on at once what is wanted, before it is drawn, and says so where that failed; an older answer is not handed on", async () => {
    const { asked, question } = slowEngine();
    const told: unknown[] = [];
    const drawn: unknown[] = [];
    const lane = new QueryLane<number>(newCache(), {
      notifyWhen: (notify) => drawn.push(notify),
      onAnswer: (params, answer) => told.push([params, answer]),
    });
    lane.want(question(1));
    asked[0]!.answer();
    await settled();
    expect(told).toEqual([[1, 1]]);
    lane.want(question(2));
    (drawn.at(-1) as () => void)();
    lane.want(question(3));
    asked[1]!.answer();
    await settled();
    expect(told).toEqual([[1, 1]]);
    (drawn.at(-1) as () => void)();
    asked[2]!.answer(err(new MmsbError("INTERNAL", "it failed", "Try again")));
    await settled();
    lane.want(question(1));
    expect(told).toEqual([
      [1, 1],
      [3, undefined],
      [1, 1],
    ]);
  });

  it("has the answer at hand that was asked ahead, and asks for nothing then", async () => {
    const { asked, question } = slowEngine();
    const lane = new QueryLane<number>(newCache());
    const told: number[] = [];
    lane.askAhead(question(2), (answer) => told.push(answer));
    asked[0]!.answer();
    await settled();
    expect(lane.snapshot().data).toBeUndefined();
    lane.want(question(2));
    expect(lane.snapshot()).toMatchObject({ data: 2, stale: false });
    lane.askAhead(question(2), (answer) => told.push(answer));
    expect([asked.length, told]).toEqual([1, [2, 2]]);
  });

  it("takes over the question asked ahead where it is wanted before its answer comes", async () => {
    const { asked, question } = slowEngine();
    const lane = new QueryLane<number>(newCache());
    lane.askAhead(question(2));
    lane.want(question(2));
    expect(asked.length).toBe(1);
    asked[0]!.answer();
    await settled();
    expect(lane.snapshot()).toMatchObject({ data: 2, stale: false });
  });

  it("asks ahead only once what is wanted has been answered, and no more where something else is wanted", async () => {
    const { asked, question } = slowEngine();
    const lane = new QueryLane<number>(newCache());
    lane.want(question(1));
    lane.askAhead(question(2));
    expect(asked.map(({ value }) => value)).toEqual([1]);
    asked[0]!.answer();
    await settled();
    expect(asked.map(({ value }) => value)).toEqual([1, 2]);
    lane.want(question(5));
    lane.askAhead(question(6));
    lane.want(question(7));
    asked[2]!.answer();
    await settled();
    expect(asked.map(({ value }) => value)).toEqual([1, 2, 5, 7]);
  });
});

describe("the query cache", () => {
  it("drops the least recently used answer when it is full", () => {
    const cache = new QueryCache<number>(3, () => 1);
    for (const value of [1, 2, 3]) cache.set(String(value), value);
    cache.get("1");
    cache.set("4", 4);
    expect(["1", "2", "3", "4"].map((key) => cache.get(key))).toEqual([1, undefined, 3, 4]);
    expect(cache.bytes).toBe(3);
  });

  it("does not keep what is larger than itself", () => {
    const cache = new QueryCache<number>(3, (value) => value);
    cache.set("small", 1);
    cache.set("large", 4);
    expect(cache.get("large")).toBeUndefined();
    expect(cache.get("small")).toBe(1);
  });

  it("names a question the same whatever the order of its parameters, and tells a u64 from a number", () => {
    expect(queryKey("q", { a: 1, b: [2n, { c: "x" }] })).toBe(
      queryKey("q", { b: [2n, { c: "x" }], a: 1, d: undefined }),
    );
    expect(queryKey("q", { a: 1 })).not.toBe(queryKey("q", { a: 1n }));
    expect(queryKey("q", { a: "1" })).not.toBe(queryKey("q", { a: 1 }));
    expect(queryKey("q", { a: 1 }, "v2")).not.toBe(queryKey("q", { a: 1 }));
  });
});
