import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { utf8Encode } from "../../../engine/base/bytes.ts";
import { ManualClock } from "../../../engine/base/clock.ts";
import type { MmsbError } from "../../../engine/base/errors.ts";
import { fail, ok, type Result, unwrap } from "../../../engine/base/result.ts";
import { EVENT_CODE, type MmsbEvent } from "../../../engine/events/event-types.ts";
import { idColumnOf } from "../../../engine/events/id-column.ts";
import { encodePayload } from "../../../engine/events/payload-codec.ts";
import { LogReader } from "../../../engine/log/log-reader.ts";
import { encodeEvent, encodeFailure } from "../../../engine/log/record-bodies.ts";
import { RecordFlag, RecordKind } from "../../../engine/log/record-kinds.ts";
import { mmsbStart } from "../../../engine/session/mmsb.ts";
import { replayEvents } from "../../../engine/session/replay-events.ts";
import type { Session } from "../../../engine/session/session.ts";
import type { SessionOptions } from "../../../engine/session/session-options.ts";
import { SimulatedDisk } from "../../fault/simulated-disk.ts";
import { deltaBody, MemorySource } from "../../helpers/memory-recording.ts";

let disk: SimulatedDisk;
let session: Session;
let heard: MmsbEvent[];
let trouble: MmsbError[];

beforeEach(async () => {
  disk = new SimulatedDisk();
  heard = [];
  trouble = [];
});

afterEach(async () => {
  unwrap(await session.stop());
});

async function start(options: Partial<SessionOptions> = {}): Promise<Session> {
  session = unwrap(
    await mmsbStart({
      path: "/simulated/x.tlog",
      clock: new ManualClock(1_000n, 10n),
      fileSystem: disk,
      lock: disk.lock,
      durability: "none",
      events: { onEvent: (event) => void heard.push(event), onTrouble: (error) => void trouble.push(error) },
      ...options,
    }),
  );
  return session;
}

const types = () => heard.map(({ type }) => type);
const codeOf = (result: Result<unknown>) => (result.ok ? "ok" : result.error.code);

describe("a session tells", () => {
  it("what was done, by whom and why, after it was done (N3)", async () => {
    await start();
    const page = unwrap(session.createPage({ sizeBytes: 16, type: "counters" }, { source: "main" }));
    let seen: unknown;
    unwrap(
      session.on("delta", (event) => {
        seen = [event, unwrap(session.read(page)).bytes[4]];
      }),
    );
    const cause = session.lastLsn;
    unwrap(
      session.writeRanges(
        page,
        [
          { offset: 4, bytes: Uint8Array.of(1) },
          { offset: 9, bytes: Uint8Array.of(2, 3) },
        ],
        { source: "tick", cause },
      ),
    );
    expect(seen).toEqual([
      {
        type: "delta",
        lsn: 3,
        ordinal: 0,
        timestampNs: 1040n,
        pageId: page,
        epoch: 1,
        source: "tick",
        cause,
        sizeBytes: 3,
        runs: 2,
        start: 4,
        end: 11,
        derived: false,
        compensation: false,
      },
      1,
    ]);
    expect(types()).toEqual(["session-start", "page-create", "delta"]);
    expect(heard[1]).toMatchObject({ sizeBytes: 16, location: "cpu", pageType: "counters", source: "main" });
  });

  it("of a transaction when it is over, also of one that was taken back (N3)", async () => {
    await start();
    const page = unwrap(session.createPage({ sizeBytes: 4 }));
    heard = [];
    unwrap(
      session.transaction(() => {
        unwrap(session.write(page, 0, Uint8Array.of(1)));
        expect(heard).toEqual([]);
        return ok();
      }),
    );
    expect(types()).toEqual(["transaction-begin", "delta", "transaction-commit"]);
    heard = [];
    session.transaction(() => {
      unwrap(session.write(page, 0, Uint8Array.of(2)));
      return fail("CANCELLED", "no", "");
    });
    expect(types()).toEqual(["transaction-begin", "delta", "delta", "transaction-abort"]);
    expect(heard[2]).toMatchObject({ compensation: true, source: "mmsb.rollback" });
  });

  it("marks and messages, with their data", async () => {
    await start();
    const page = unwrap(session.createPage({ sizeBytes: 4 }));
    unwrap(session.mark("here"));
    unwrap(session.mark("there", { step: 3 }, { source: "me", pageId: page }));
    unwrap(session.log("warning", "hot", { data: [90], cause: 2 }));
    expect(heard.slice(2)).toMatchObject([
      { type: "mark", name: "here" },
      { type: "mark", name: "there", data: { step: 3 }, source: "me", pageId: page },
      { type: "log", level: "warning", message: "hot", data: [90], cause: 2 },
    ]);
    expect(heard[2]).not.toHaveProperty("data");
    expect(session.stats().events).toBe(3);
  });

  it("events of a program's own as bytes", async () => {
    await start();
    unwrap(session.event(70_000, utf8Encode("mine")));
    unwrap(session.event(EVENT_CODE["wave-start"], Uint8Array.of(1, 99, 0)));
    expect(heard.slice(1)).toMatchObject([
      { type: "unknown", code: 70_000, payload: utf8Encode("mine") },
      { type: "unknown", code: 3 },
    ]);
  });

  it("refuses what no mark or message can hold", async () => {
    await start();
    expect(codeOf(session.mark("a\0b"))).toBe("ARGUMENT_INVALID");
    expect(codeOf(session.mark("x".repeat(65_537)))).toBe("ARGUMENT_INVALID");
    expect(codeOf(session.mark("x", 1n as never))).toBe("ARGUMENT_INVALID");
    expect(codeOf(session.log("loud" as never, "x"))).toBe("ARGUMENT_INVALID");
    expect(codeOf(session.log("info", 5 as never))).toBe("ARGUMENT_INVALID");
  });
});

describe("a handler", () => {
  it("may write: in a transaction of its own, told after what it was told (N5)", async () => {
    await start();
    const page = unwrap(session.createPage({ sizeBytes: 4 }));
    heard = [];
    const copy = unwrap(session.createPage({ sizeBytes: 4 }));
    unwrap(
      session.on("delta", ({ pageId }) => {
        if (pageId === page) unwrap(session.writeImage(copy, unwrap(session.read(page)).bytes));
      }),
    );
    heard = [];
    unwrap(
      session.transaction(() => {
        unwrap(session.write(page, 0, Uint8Array.of(7)));
        return ok();
      }),
    );
    expect(types()).toEqual(["transaction-begin", "delta", "transaction-commit", "delta"]);
    expect(heard[3]!.pageId).toBe(copy);
    expect(unwrap(session.read(copy)).bytes[0]).toBe(7);
  });

  it("that answers itself for ever is stopped with a typed error, and everything is told (N5)", async () => {
    await start();
    const page = unwrap(session.createPage({ sizeBytes: 4 }));
    let refused: string | undefined;
    let calls = 0;
    const subscription = unwrap(
      session.on("delta", () => {
        calls++;
        const written = session.write(page, 0, Uint8Array.of(calls));
        if (!written.ok) refused = written.error.code;
      }),
    );
    unwrap(session.write(page, 0, Uint8Array.of(0)));
    expect(refused).toBe("LIMIT_EXCEEDED");
    expect(types().filter((type) => type === "delta")).toHaveLength(calls);
    subscription.dispose();
    unwrap(session.write(page, 0, Uint8Array.of(9)));
  });

  it("that throws harms neither the write nor the other handlers (N6)", async () => {
    await start();
    unwrap(
      session.on("page-create", () => {
        throw new Error("mine");
      }),
    );
    const page = unwrap(session.createPage({ sizeBytes: 4, bytes: new Uint8Array(4) }));
    expect(unwrap(session.describe(page)).epoch).toBe(1);
    expect(trouble.map(({ code }) => code)).toEqual(["EVENT_HANDLER_FAILED"]);
  });

  it("hears of the session's end, and of nothing after it (N9, N10)", async () => {
    await start();
    unwrap(await session.stop());
    expect(types()).toEqual(["session-start", "session-stop"]);
    expect(heard).toHaveLength(2);
  });
});

describe("waves, from their records", () => {
  const page = { page: 1n, epoch: 1, body: deltaBody([0, [1]]) };
  const event = (type: number, payload: Uint8Array) => encodeEvent({ eventType: type, payload });
  const waveStart = encodePayload("wave-start", { trigger: "propagate", roots: 1 });
  const waveEnd = encodePayload("wave-end", {
    outcome: "complete",
    levels: {
      count: 2,
      level: Uint32Array.of(1, 2),
      members: Uint32Array.of(2, 0),
      cutOff: Uint32Array.of(0, 1),
      blocked: Uint32Array.of(0, 2),
    },
    cutOff: idColumnOf([4n]),
    blocked: idColumnOf([5n, 6n]),
  });

  function source(): MemorySource {
    const made = new MemorySource(3);
    made.add({ kind: RecordKind.TransactionBegin });
    const cause = made.add({ kind: RecordKind.Event, body: event(3, waveStart) });
    made.add({ kind: RecordKind.Delta, ...page, cause, flags: RecordFlag.Derived });
    const body = encodeFailure({ code: "RECOMPUTE_FAILED", message: "no" });
    made.add({ kind: RecordKind.Failure, page: 2n, cause, body });
    made.add({ kind: RecordKind.Event, cause, body: event(4, waveEnd) });
    made.add({ kind: RecordKind.Delta, ...page, cause, flags: RecordFlag.Derived });
    made.add({ kind: RecordKind.Failure, page: 2n, cause, body });
    return made;
  }

  const told = (made: MemorySource, fromLsn: number) =>
    [...replayEvents(made, { fromLsn })].map(unwrap).map((each) => {
      const level = "level" in each && typeof each.level === "number" ? `:${each.level}` : "";
      return `${each.lsn}.${each.ordinal} ${each.type}${level} ${each.pageId ?? ""}`.trim();
    });

  it("tell their members in order, failures and pages cut off or blocked among them (E8, N2)", async () => {
    await start();
    const all = [
      "1.0 transaction-begin",
      "2.0 wave-start",
      "3.0 recompute-start 1",
      "3.1 delta 1",
      "3.2 recompute-end 1",
      "4.0 recompute-start 2",
      "4.1 recompute-failed 2",
      "5.0 recompute-start 4",
      "5.1 recompute-cut-off:2 4",
      "5.2 recompute-blocked:2 5",
      "5.3 recompute-blocked:2 6",
      "5.4 wave-end",
      "6.0 delta 1",
      "7.0 failure 2",
    ];
    expect(told(source(), 1)).toEqual(all);
    // from the middle of the wave too, whatever block it lies in
    for (const from of [3, 4, 5, 6, 7]) {
      expect(told(source(), from)).toEqual(all.filter((line) => Number(line.split(".")[0]) >= from));
    }
  });

  it("that were lost in part tell of no members behind the loss", async () => {
    await start();
    const made = source();
    made.lose(1, 3);
    expect(told(made, 1)[0]).toBe("4.0 failure 2");
  });

  it("of a foreign or damaged body stop with a typed error", async () => {
    await start();
    const made = new MemorySource(3);
    made.add({ kind: RecordKind.PageMigrate, page: 1n, body: Uint8Array.of(9) });
    const [only] = [...replayEvents(made)];
    expect(codeOf(only!)).toBe("LOG_RECORD_CORRUPT");
    expect(codeOf([...replayEvents(made, { fromLsn: 0 })][0]!)).toBe("LSN_OUT_OF_RANGE");
  });

  it("are told alive as they are replayed", async () => {
    await start();
    const id = unwrap(session.createPage({ sizeBytes: 1 }));
    unwrap(
      session.transaction(() => {
        const cause = unwrap(session.event(EVENT_CODE["wave-start"], waveStart));
        unwrap(session.write(id, 0, Uint8Array.of(1), { cause, derived: true }));
        return session.event(EVENT_CODE["wave-end"], waveEnd, { cause });
      }),
    );
    unwrap(await session.stop());
    const reader = unwrap(LogReader.open("/simulated/x.tlog", { fileSystem: disk }));
    expect([...replayEvents(reader)].map(unwrap)).toEqual(heard);
    reader.close();
  });

  it("are followed also while nobody listens", async () => {
    await start({ events: {} });
    const id = unwrap(session.createPage({ sizeBytes: 1 }));
    const late: string[] = [];
    unwrap(
      session.transaction(() => {
        const cause = unwrap(session.event(EVENT_CODE["wave-start"], waveStart));
        unwrap(session.events.onAny((each) => void late.push(each.type)));
        return session.write(id, 0, Uint8Array.of(1), { cause, derived: true });
      }),
    );
    expect(late).toEqual(["recompute-start", "delta", "recompute-end", "transaction-commit"]);
  });
});
