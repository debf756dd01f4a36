import type { Bookmark } from "../../../engine/protocol/requests/recordings.ts";

/** Those whose name or note holds every word, in any case. */
export function searchBookmarks(bookmarks: readonly Bookmark[], text: string): readonly Bookmark[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return bookmarks;
  return bookmarks.filter(({ name, note, lsn }) => {
    const held = `${name} ${note} ${lsn}`.toLowerCase();
    return words.every((word) => held.includes(word));
  });
}

/** The nearest one behind the cursor, or before it; the list is in LSN order. */
export function nextBookmark(
  bookmarks: readonly Bookmark[],
  cursorLsn: number,
  backward: boolean,
): Bookmark | undefined {
  return backward
    ? bookmarks.findLast(({ lsn }) => lsn < cursorLsn)
    : bookmarks.find(({ lsn }) => lsn > cursorLsn);
}

/** What is selected once a bookmark is gone: the one behind it, else the one before. */
export function neighbourOf(bookmarks: readonly Bookmark[], id: string): string | undefined {
  const at = bookmarks.findIndex((one) => one.id === id);
  return (bookmarks[at + 1] ?? bookmarks[at - 1])?.id;
}
