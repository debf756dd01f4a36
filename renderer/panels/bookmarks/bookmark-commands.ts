import { MOST_BOOKMARKS } from "../../client/bookmark-book.ts";
import type { Studio } from "../../client/studio.ts";
import type { Command } from "../../shell/commands/command.ts";
import { useCursor } from "../../state/cursor-store.ts";
import { showNotice } from "../../state/notice-store.ts";
import { nextBookmark } from "./bookmark-list.ts";
import { nameBookmark, selectBookmark } from "./bookmark-store.ts";

export function bookmarkCommands(studio: Studio, show: () => void): Command[] {
  const isOpen = () => studio.session.snapshot().recording !== undefined;
  const next = (backward: boolean) =>
    nextBookmark(studio.bookmarks.snapshot().bookmarks, useCursor.getState().lsn, backward);
  const jump = (backward: boolean, shortcut: string): Command => ({
    id: `bookmarks.${backward ? "previous" : "next"}`,
    title: backward ? "Previous bookmark" : "Next bookmark",
    category: "Bookmarks",
    icon: "bookmark",
    shortcuts: [shortcut],
    isEnabled: () => isOpen() && next(backward) !== undefined,
    run: () => {
      const found = next(backward);
      if (found === undefined) return;
      selectBookmark(found.id);
      studio.navigator.seek(found.lsn);
    },
  });
  return [
    {
      id: "bookmarks.add-named",
      title: "Bookmark the cursor and name it",
      category: "Bookmarks",
      icon: "bookmark",
      shortcuts: ["Shift+B"],
      isEnabled: isOpen,
      run: () => {
        show();
        // A frame later the panel that is shown takes the keyboard: the name takes it after that.
        requestAnimationFrame(() => addBookmark(studio));
      },
    },
    jump(false, "Alt+]"),
    jump(true, "Alt+["),
  ];
}

/** Adds one at the cursor and asks for its name. */
export function addBookmark(studio: Studio): void {
  const { bookmarks } = studio.bookmarks.snapshot();
  if (bookmarks.length >= MOST_BOOKMARKS) {
    showNotice({
      tone: "warn",
      text: `A recording takes ${MOST_BOOKMARKS} bookmarks: remove some to add more`,
    });
    return;
  }
  const { lsn } = useCursor.getState();
  nameBookmark(studio.bookmarks.add(lsn, `LSN ${lsn}`).id);
}
