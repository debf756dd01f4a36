import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { unwrap } from "../../../engine/base/result.ts";
import { bookmarksPath, loadBookmarks, saveBookmarks } from "../../../engine/server/bookmarks-file.ts";
import { TestFolder, TestStudio } from "../../helpers/studio.ts";

const folder = new TestFolder();
let path: string;
const bookmark = (id: string, lsn = 5) => ({ id, lsn, name: `at ${id}`, note: "", createdNs: 12n });

beforeAll(async () => {
  path = await folder.demo("life", 10);
});
afterAll(() => folder.remove());

test("bookmarks are kept beside the recording and come back as they were saved", async () => {
  const studio = await TestStudio.start();
  const { recording } = await studio.open(path);
  const empty = (await studio.ask("bookmarks.load", { recording })).result;
  expect(empty).toEqual({ bookmarks: [], revision: "", writable: true });
  const bookmarks = [bookmark("a"), bookmark("b", 2 ** 53 - 1)];
  const saved = await studio.ask("bookmarks.save", { recording, bookmarks, revision: "" });
  const loaded = (await studio.ask("bookmarks.load", { recording })).result;
  expect(loaded).toEqual({ bookmarks, revision: saved.result.revision, writable: true });
  expect(readdirSync(folder.path).filter((name) => name.endsWith(".tmp"))).toEqual([]);
  studio.stop();
  rmSync(bookmarksPath(path));
});

test("of two windows that save the same revision one wins, and the other is told", async () => {
  const [one, other] = await Promise.all([
    saveBookmarks(path, [bookmark("one")], ""),
    saveBookmarks(path, [bookmark("other")], ""),
  ]);
  expect(one.ok).toBe(true);
  expect(other.ok ? "" : other.error.code).toBe("BOOKMARKS_CHANGED");
  expect(unwrap(await loadBookmarks(path)).bookmarks).toEqual([bookmark("one")]);
  rmSync(bookmarksPath(path));
});

test("a file that is not ours is refused, and never overwritten", async () => {
  const file = bookmarksPath(path);
  for (const content of ["", "{", "[]", '{"format":"mmsb-bookmarks","version":2,"bookmarks":[]}', "\0\xff"]) {
    writeFileSync(file, content);
    const loaded = await loadBookmarks(path);
    expect(loaded.ok ? "" : loaded.error.code).toBe("BOOKMARKS_FORMAT");
    const saved = await saveBookmarks(path, [bookmark("a")], "");
    expect(saved.ok ? "" : saved.error.code).toBe("BOOKMARKS_CHANGED");
    expect(readFileSync(file, "utf8")).toBe(content);
  }
  rmSync(file);
});

test("a pipe in its place holds nobody up", async () => {
  execFileSync("mkfifo", [bookmarksPath(path)]);
  const loaded = await loadBookmarks(path);
  expect(loaded.ok ? "" : loaded.error.code).toBe("BOOKMARKS_FORMAT");
  rmSync(bookmarksPath(path));
});
