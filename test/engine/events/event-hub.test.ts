import { beforeEach, describe, expect, it } from "vitest";
import type { MmsbError } from "../../../engine/base/errors.ts";
import { unwrap } from "../../../engine/base/result.ts";
import { EventHub } from "../../../engine/events/event-hub.ts";
import { EVENT_CODE, type KnownEventType, type MmsbEvent } from "../../../engine/events/event-types.ts";

let trouble: MmsbError[];
let hub: EventHub;
let lsn = 0;

beforeEach(() => {
  trouble = [];
  lsn = 0;
  hub = new EventHub({ maxWaiting: 1000, seed: 5, report: (error) => void trouble.push(error) });
});

/** Tells an event as the session does: only where somebody wants it. */
function tell(type: KnownEventType, timeNs = 0): void {
  const code = EVENT_CODE[type];
  lsn++;
  if (!hub.wants(code)) return;
  const row = hub.claim(lsn);
  if (row < 0) return;
  const { columns } = hub;
  columns.code[row] = code;
  columns.flags[row] = 0;
  columns.ordinal[row] = 0;
  columns.lsn[row] = lsn;
  columns.timeLo[row] = timeNs % 2 ** 32;
  columns.timeHi[row] = Math.floor(timeNs / 2 ** 32);
  columns.epoch[row] = 0;
  columns.cause[row] = 0;
  columns.source[row] = "";
  columns.fields[row] = type === "mark" ? { name: `m${lsn}` } : undefined;
}

/** A handler that writes down what it hears, and what it wrote down. */
function listener(): { heard: number[]; hear: (event: MmsbEvent) => void } {
  const heard: number[] = [];
  return { heard, hear: (event) => void heard.push(event.lsn) };
}

describe("an event hub", () => {
  it("hands a type to whoever wants it, and everything to the firehose, in order (N4)", () => {
    const marks = listener();
    const both = listener();
    const all = listener();
    unwrap(hub.on("mark", marks.hear));
    unwrap(hub.on(["mark", "delta"], both.hear));
    unwrap(hub.onAny(all.hear));
    for (const type of ["mark", "delta", "page-destroy", "mark"] as const) tell(type);
    expect(all.heard).toEqual([]);
    hub.deliver();
    expect([marks.heard, both.heard, all.heard]).toEqual([
      [1, 4],
      [1, 2, 4],
      [1, 2, 3, 4],
    ]);
  });

  it("keeps nothing that nobody wants", () => {
    tell("delta");
    expect([hub.isActive, hub.wantsDeltas, hub.isWaiting]).toEqual([false, false, false]);
    const subscription = unwrap(hub.on("mark", () => undefined));
    tell("delta");
    expect([hub.isActive, hub.wantsDeltas, hub.isWaiting]).toEqual([true, false, false]);
    unwrap(hub.on("recompute-end", () => undefined));
    expect(hub.wantsDeltas).toBe(true);
    subscription.dispose();
    subscription.dispose();
    expect(hub.isActive).toBe(true);
    hub.dispose();
    expect([hub.isActive, hub.wantsDeltas]).toEqual([false, false]);
  });

  it("gives columns to those who want no objects, void afterwards", () => {
    let seen: unknown;
    unwrap(
      hub.onColumns((columns) => {
        seen = [columns.count, columns.type(1), [...columns.lsn.subarray(0, columns.count)]];
      }),
    );
    tell("mark");
    tell("delta");
    hub.deliver();
    expect(seen).toEqual([2, "delta", [1, 2]]);
  });

  it("isolates a handler that throws, and reports its 1st, 10th, 100th time (N6)", () => {
    const after = listener();
    const failing = unwrap(
      hub.on("mark", () => {
        throw new Error("no");
      }),
    );
    unwrap(hub.on("mark", after.hear));
    for (let i = 0; i < 120; i++) tell("mark");
    hub.deliver();
    expect(after.heard).toHaveLength(120);
    expect(failing.failures).toBe(120);
    expect(trouble.map(({ code }) => code)).toEqual(Array(3).fill("EVENT_HANDLER_FAILED"));
    expect(trouble[0]!.message).toBe("an event handler threw: no");
    expect(trouble[2]!.message).toContain("100th");
  });

  it("reports what an asynchronous handler rejects, and whatever is thrown (N6)", async () => {
    unwrap(hub.on("mark", async () => Promise.reject(new Error("later"))));
    unwrap(
      hub.on("mark", () => {
        throw Object.create(null);
      }),
    );
    tell("mark");
    hub.deliver();
    await new Promise((resolve) => setImmediate(resolve));
    expect(trouble.map(({ message }) => message)).toEqual([
      "an event handler threw: object",
      "an event handler threw: later",
    ]);
  });

  it("does not fall over a reporter that throws", () => {
    const all = listener();
    const broken = new EventHub({
      report: () => {
        throw new Error("even here");
      },
    });
    hub = broken;
    unwrap(
      hub.onAny(() => {
        throw new Error("no");
      }),
    );
    unwrap(hub.onAny(all.hear));
    tell("mark");
    hub.deliver();
    expect(all.heard).toEqual([1]);
  });

  it("queues what a handler leads to, and never calls into a handler again while it runs (N5)", () => {
    const order: string[] = [];
    unwrap(
      hub.on("mark", (event) => {
        order.push(`in ${event.lsn}`);
        if (event.lsn < 3) tell("mark");
        hub.deliver();
        order.push(`out ${event.lsn}`);
      }),
    );
    unwrap(hub.onAny((event) => void order.push(`any ${event.lsn}`)));
    tell("mark");
    hub.deliver();
    expect(order).toEqual(["in 1", "out 1", "any 1", "in 2", "out 2", "any 2", "in 3", "out 3", "any 3"]);
    expect(hub.round).toBe(0);
  });

  it("stops calling a handler at once when it is disposed, and begins with the next round where one is added (N9)", () => {
    const late = listener();
    const second = listener();
    const subscription = unwrap(hub.on("mark", second.hear));
    unwrap(
      hub.onAny(({ lsn: at }) => {
        if (at === 1) {
          subscription.dispose();
          unwrap(hub.onAny(late.hear));
          tell("mark");
        }
      }),
    );
    tell("mark");
    tell("mark");
    hub.deliver();
    expect(second.heard).toEqual([1]);
    expect(late.heard).toEqual([3]);
  });

  it("keeps at most so many waiting, and says which ones were not delivered (N7)", () => {
    const all = listener();
    unwrap(hub.onAny(all.hear));
    for (let i = 0; i < 1500; i++) tell("delta");
    hub.deliver();
    expect(all.heard).toHaveLength(1000);
    expect(hub.lost).toBe(500);
    expect(trouble).toHaveLength(1);
    expect(trouble[0]).toMatchObject({ code: "LIMIT_EXCEEDED", place: { lsn: 1001 } });
    expect(trouble[0]!.remedy).toContain("1001 to 1500");
    tell("mark");
    hub.deliver();
    expect(all.heard.at(-1)).toBe(1501);
    expect(trouble).toHaveLength(1);
  });
});

describe("a limit", () => {
  it("of a share lets through about that many, the same ones for the same seed (N8)", () => {
    const run = () => {
      const some = listener();
      const other = new EventHub({ seed: 9, report: () => undefined });
      hub = other;
      lsn = 0;
      const subscription = unwrap(hub.on("delta", some.hear, { sample: 0.1 }));
      for (let i = 0; i < 5000; i++) tell("delta");
      hub.deliver();
      return { heard: some.heard, sampledOut: subscription.sampledOut };
    };
    const first = run();
    expect(first.heard.length).toBeGreaterThan(400);
    expect(first.heard.length).toBeLessThan(600);
    expect(first.heard.length + first.sampledOut).toBe(5000);
    expect(run()).toEqual(first);
  });

  it("of a rate goes by the time of the events, type by type (N8)", () => {
    const some = listener();
    const subscription = unwrap(
      hub.onAny(some.hear, { perSecond: 10, limits: { mark: { perSecond: 1e9 } } }),
    );
    // 100 deltas within 0.1 s: ten at once, and one more as time goes on
    for (let i = 0; i < 100; i++) tell("delta", i * 1e6);
    for (let i = 0; i < 20; i++) tell("mark", 1e8);
    hub.deliver();
    expect(some.heard.filter((at) => at <= 100)).toHaveLength(10);
    expect(some.heard.filter((at) => at > 100)).toHaveLength(20);
    expect(subscription.heldBack).toBe(90);
    for (let i = 0; i < 100; i++) tell("delta", 2e9 + i * 1e6);
    hub.deliver();
    expect(some.heard.filter((at) => at > 120)).toHaveLength(10);
  });

  it.each([
    [{ sample: 1.5 }],
    [{ sample: Number.NaN }],
    [{ perSecond: 0 }],
    [{ limits: { delta: { sample: -1 } } }],
    [{ limits: { dleta: {} } }],
  ])("that is none is refused: %j", (limits) => {
    const made = hub.onAny(() => undefined, limits as never);
    expect(made.ok ? "ok" : made.error.code).toBe("ARGUMENT_INVALID");
    expect(hub.isActive).toBe(false);
  });
});

describe("listening", () => {
  it("to a type that is none, or with what is no function, is refused", () => {
    expect(hub.on("dleta" as never, () => undefined).ok).toBe(false);
    expect(hub.on("delta", 5 as never).ok).toBe(false);
  });

  it("is refused to the 1025th (N7)", () => {
    for (let i = 0; i < 1024; i++) unwrap(hub.on("mark", () => undefined));
    const more = hub.on("mark", () => undefined);
    expect(more.ok ? "ok" : more.error.code).toBe("LIMIT_EXCEEDED");
  });
});
