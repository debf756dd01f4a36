import { expect, test } from "vitest";
import { termEntries } from "../../../renderer/client/term-entries.ts";

test("a menu of terms has an entry for each name, and none for the records without a source", () => {
  const queries: string[] = [];
  const entries = termEntries(
    "source:life",
    "source",
    [{ name: "" }, { name: "life" }, { name: "two words" }],
    (query) => queries.push(query),
  );
  expect(entries).toMatchObject([
    { text: "life", checked: true },
    { text: "two words", checked: false },
  ]);
  for (const entry of entries) if (entry.kind === "item") entry.run();
  expect(queries).toEqual(["", 'source:life,"two words"']);
});
