import { create } from "zustand";
import type { Bookmark } from "../../../engine/protocol/requests/recordings.ts";

interface BookmarkView {
  /** The id of the bookmark that is being looked at. */
  readonly selected: string | undefined;
  /** The one whose name is to take the keyboard. */
  readonly naming: string | undefined;
  /** What was removed last, so that it can be put back. */
  readonly removed: Bookmark | undefined;
}

export const useBookmarkView = create<BookmarkView>()(() => ({
  selected: undefined,
  naming: undefined,
  removed: undefined,
}));

export function selectBookmark(id: string | undefined): void {
  useBookmarkView.setState({ selected: id });
}

export function nameBookmark(id: string): void {
  useBookmarkView.setState({ selected: id, naming: id });
}
