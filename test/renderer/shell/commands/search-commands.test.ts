import { describe, expect, it } from "vitest";
import type { Command } from "../../../../renderer/shell/commands/command.ts";
import { fuzzyMatch, searchCommands } from "../../../../renderer/shell/commands/search-commands.ts";

const commands = (
  [
    ["Step", "Next record"],
    ["Step", "Next transaction"],
    ["View", "Toggle theme"],
    ["View", "Show Graph"],
  ] as const
).map(([category, title]): Command => ({ id: title, title, category, run: () => {} }));

const found = (typed: string) => searchCommands(commands, typed).map(({ command }) => command.title);

describe("the palette's search", () => {
  it("shows everything, in order, where nothing is typed", () => {
    expect(found("")).toEqual(commands.map(({ title }) => title));
  });

  it("prefers beginnings of words", () => {
    expect(found("nt")[0]).toBe("Next transaction");
    expect(found("graph")).toEqual(["Show Graph"]);
    expect(found("step next rec")[0]).toBe("Next record");
  });

  it("finds nothing where a letter is missing", () => {
    expect(found("xyz")).toEqual([]);
    expect(fuzzyMatch("abc", "ca")).toBeUndefined();
  });

  it("says which letters matched", () => {
    expect(fuzzyMatch("View: Show Graph", "gr")?.hits).toEqual([11, 12]);
  });
});
