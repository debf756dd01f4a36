import { describe, expect, test } from "vitest";
import type { Bookmark } from "../../../../engine/protocol/requests/recordings.ts";
import {
  neighbourOf,
  nextBookmark,
  searchBookmarks,
} from "../../../../renderer/panels/bookmarks/bookmark-list.ts";

const at = (lsn: number, name = "", note = ""): Bookmark => ({
  id: `b${lsn}`,
  lsn,
  name,
  note,
  createdNs: 0n,
});
const BOOK = [at(10, "Loss explodes", "first NaN"), at(20, "After the fix"), at(30, "loss falls again")];

describe("searching bookmarks", () => {
  test("nothing typed shows all of them", () => {
    expect(searchBookmarks(BOOK, "  ")).toBe(BOOK);
  });

  test("every word must stand in the name, the note or the LSN, in any case", () => {
    expect(searchBookmarks(BOOK, "LOSS").map(({ lsn }) => lsn)).toEqual([10, 30]);
    expect(searchBookmarks(BOOK, "loss nan").map(({ lsn }) => lsn)).toEqual([10]);
    expect(searchBookmarks(BOOK, "20").map(({ lsn }) => lsn)).toEqual([20]);
    expect(searchBookmarks(BOOK, "loss fix")).toEqual([]);
  });
});

describe("jumping from bookmark to bookmark", () => {
  test("goes to the nearest one in that direction, never to the one at the cursor", () => {
    expect(nextBookmark(BOOK, 10, false)?.lsn).toBe(20);
    expect(nextBookmark(BOOK, 25, false)?.lsn).toBe(30);
    expect(nextBookmark(BOOK, 30, true)?.lsn).toBe(20);
    expect(nextBookmark(BOOK, 15, true)?.lsn).toBe(10);
  });

  test("there is none beyond the ends", () => {
    expect(nextBookmark(BOOK, 30, false)).toBeUndefined();
    expect(nextBookmark(BOOK, 10, true)).toBeUndefined();
  });
});

test("when a bookmark goes, the one behind it is selected, at the end the one before", () => {
  expect(neighbourOf(BOOK, "b20")).toBe("b30");
  expect(neighbourOf(BOOK, "b30")).toBe("b20");
  expect(neighbourOf([at(1)], "b1")).toBeUndefined();
});
