import { describe, expect, test } from "vitest";
import { MmsbError } from "../../../../engine/base/errors.ts";
import { problemsOf, recoverCommand } from "../../../../renderer/panels/overview/problems.ts";

const SOUND = {
  damage: [],
  damageOmitted: 0,
  gaps: [],
  complete: true,
  format: "mmsb",
  lastLsn: 100,
  committedLsn: 100,
  following: false,
} satisfies Parameters<typeof problemsOf>[0];

const damage = {
  error: new MmsbError("LOG_BLOCK_DAMAGED", "a block is damaged", "Run 'mmsb recover'"),
  path: "/x.tlog",
  offset: 500,
  lostBytes: 3000,
  afterLsn: 40,
};

describe("what a person should know before trusting a recording", () => {
  test("nothing, where it is whole and closed", () => {
    expect(problemsOf(SOUND)).toEqual([]);
  });

  test("damage and what is missing because of it come first; that it has no end is then no news", () => {
    const problems = problemsOf({
      ...SOUND,
      damage: [damage],
      damageOmitted: 3,
      gaps: [{ fromLsn: 41, toLsn: 60 }],
      complete: false,
    });
    expect(problems.map(({ kind }) => kind)).toEqual(["damage", "gap", "omitted"]);
  });

  test("a session that never closed it, and a transaction that never ended", () => {
    expect(problemsOf({ ...SOUND, complete: false, committedLsn: 90 })).toEqual([
      { kind: "unclosed" },
      { kind: "unfinished", committedLsn: 90, records: 10 },
    ]);
  });

  test("a log of the older format cannot be unclosed", () => {
    expect(problemsOf({ ...SOUND, complete: false, format: "mmsblog1" })).toEqual([]);
  });
});

test("the command to recover it survives a shell", () => {
  expect(recoverCommand("/data/run-7.tlog")).toBe("mmsb recover /data/run-7.tlog recovered.tlog");
  expect(recoverCommand("/my data/it's.tlog")).toBe("mmsb recover '/my data/it'\\''s.tlog' recovered.tlog");
});
