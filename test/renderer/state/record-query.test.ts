import { describe, expect, it } from "vitest";
import {
  hasTerm,
  parseQuery,
  type QueryNames,
  setTerm,
  toggleTerm,
} from "../../../renderer/state/record-query.ts";

const names: QueryNames = {
  sources: ["life", "seeder", "recompute:heat", "recompute:population", "two words"].map((name, colour) => ({
    name,
    colour,
    records: 1,
  })),
  pageTypes: ["tile", "heat"].map((name) => ({ name, pages: 1 })),
  eventTypes: ["wave-start", "wave-end"].map((name) => ({ name, events: 1 })),
  kinds: ["delta", "event", "tx-begin"].map((name, code) => ({ name, code, records: 1 })),
};
const filterOf = (text: string) => {
  const parsed = parseQuery(text, names);
  if (!parsed.ok) throw new Error(parsed.message);
  return parsed.filter;
};
const problemOf = (text: string) => {
  const parsed = parseQuery(text, names);
  return parsed.ok ? undefined : parsed.message;
};

describe("the filter line", () => {
  it("lets everything through when it is empty", () => {
    expect(filterOf("   ")).toEqual({});
  });

  it("takes page ids up to the largest u64", () => {
    expect(filterOf("page:12,18446744073709551615 page:7")).toEqual({
      pages: [12n, 18446744073709551615n, 7n],
    });
  });

  it("names sources, types and events, exactly or in part", () => {
    expect(filterOf("source:life").sources).toEqual([0]);
    expect(filterOf("source:recompute").sources).toEqual([2, 3]);
    expect(filterOf("source:recompute:heat").sources).toEqual([2]);
    expect(filterOf('source:"two words",life').sources).toEqual([4, 0]);
    expect(filterOf("type:TILE event:wave-end")).toEqual({ pageTypes: [0], eventTypes: [1] });
  });

  it("takes LSN ranges, open on either side", () => {
    expect(filterOf("lsn:100..200")).toEqual({ fromLsn: 100, toLsn: 200 });
    expect(filterOf("lsn:100..")).toEqual({ fromLsn: 100 });
    expect(filterOf("lsn:..200")).toEqual({ fromLsn: 0, toLsn: 200 });
    expect(filterOf("lsn:1,234..2,000")).toEqual({ fromLsn: 1234, toLsn: 2000 });
    expect(filterOf("lsn:42")).toEqual({ fromLsn: 42, toLsn: 42 });
    expect(filterOf("cause:#12")).toEqual({ cause: 12 });
  });

  it("looks for all other words as text, also those with a colon", () => {
    expect(filterOf("kind:delta look here http://x")).toEqual({
      kinds: ["delta"],
      text: "look here http://x",
    });
  });

  it("calls a term that there is not by its name, unless it is quoted or part of a source's name", () => {
    expect(problemOf("pge:12")).toMatch(/no term 'pge:', only page, source, .*quotes/);
    expect(filterOf('"pge:12"')).toEqual({ text: "pge:12" });
    expect(filterOf("recompute:heat std::sort 10:20:30")).toEqual({
      text: "recompute:heat std::sort 10:20:30",
    });
  });

  it("says what is wrong with a term, and ignores one that is not finished", () => {
    expect(problemOf("page:abc")).toMatch(/'abc' is not a page id/);
    expect(problemOf("source:nobody")).toMatch(/no source is called 'nobody'/);
    expect(problemOf("kind:nothing")).toMatch(/delta, event, tx-begin/);
    expect(problemOf("lsn:9..3")).toMatch(/ends before it begins/);
    expect(filterOf("page:")).toEqual({});
  });
});

describe("terms put in by a menu", () => {
  it("come and go without touching the rest", () => {
    const one = toggleTerm("some words", "source", "life");
    expect(one).toBe("some words source:life");
    const two = toggleTerm(one, "source", "two words");
    expect(two).toBe('some words source:life,"two words"');
    expect(hasTerm(two, "source", "two words")).toBe(true);
    expect(toggleTerm(two, "source", "life")).toBe('some words source:"two words"');
    expect(toggleTerm(toggleTerm(two, "source", "life"), "source", "two words")).toBe("some words");
  });

  it("leave quoted and unknown terms as they were", () => {
    for (const text of ['"pge:12"', "pge:12", "recompute:heat"])
      expect(setTerm(text, "page", "9")).toBe(`${text} page:9`);
  });

  it("replace what the term said before", () => {
    expect(setTerm("page:1,2 word page:3", "page", "9")).toBe("word page:9");
  });
});
