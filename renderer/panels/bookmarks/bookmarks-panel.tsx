// The list holds the focus and names the active row: a virtual list's rows come and go, so they cannot.
// biome-ignore-all lint/a11y/useFocusableInteractive: see above
// biome-ignore-all lint/a11y/useKeyWithClickEvents: see above
import { type JSX, type KeyboardEvent, useDeferredValue, useEffect, useId, useMemo, useState } from "react";
import type { Bookmark } from "../../../engine/protocol/requests/recordings.ts";
import { useStudio } from "../../client/use-studio.ts";
import { useCursor } from "../../state/cursor-store.ts";
import { useStore } from "../../state/external-store.ts";
import { Button } from "../../ui/button.tsx";
import { TextField } from "../../ui/field.tsx";
import { plural } from "../../ui/format/ids.ts";
import { Empty, Loading, sentence } from "../../ui/states.tsx";
import { useVirtualRows } from "../../ui/use-virtual-rows.ts";
import { spacerPx, topToShow, visibleRows } from "../../ui/virtual-rows.ts";
import { addBookmark } from "./bookmark-commands.ts";
import { BookmarkEditor } from "./bookmark-editor.tsx";
import { neighbourOf, searchBookmarks } from "./bookmark-list.ts";
import { BookmarkRow } from "./bookmark-row.tsx";
import { nameBookmark, selectBookmark, useBookmarkView } from "./bookmark-store.ts";
import "./bookmarks.css";

const ROW_PX = 44;

const everything = <T,>(state: T): T => state;

/** Places in the recording that a person named, kept in a file beside it. */
export function BookmarksPanel(): JSX.Element {
  const studio = useStudio();
  const { bookmarks, loaded, writable, saving, error } = useStore(studio.bookmarks, everything);
  const { selected, removed } = useBookmarkView();
  const [text, setText] = useState("");
  const wanted = useDeferredValue(text);
  const shown = useMemo(() => searchBookmarks(bookmarks, wanted), [bookmarks, wanted]);
  const current = shown.find(({ id }) => id === selected);

  const pick = (bookmark: Bookmark) => {
    selectBookmark(bookmark.id);
    studio.navigator.seek(bookmark.lsn);
  };
  const remove = (bookmark: Bookmark) => {
    studio.bookmarks.remove(bookmark.id);
    useBookmarkView.setState({ removed: bookmark, selected: neighbourOf(shown, bookmark.id) });
  };
  const undo = (bookmark: Bookmark) => {
    studio.bookmarks.restore(bookmark);
    useBookmarkView.setState({ removed: undefined, selected: bookmark.id });
  };

  return (
    <div className="panel">
      <div className="panel__bar">
        <TextField
          label="Search bookmarks"
          icon="search"
          className="bookmarks__search"
          placeholder="Name or note"
          value={text}
          onChange={setText}
          clearable
        />
        <Button small icon="plus" onClick={() => addBookmark(studio)}>
          Add at the cursor
        </Button>
      </div>
      {error !== undefined && (
        <div className="panel__note panel__note--danger" role="alert">
          <span>
            {sentence(error.message)} {sentence(error.remedy)}
          </span>
          <span className="spacer" />
          <Button small icon="reload" onClick={() => void studio.bookmarks.retry()}>
            Try again
          </Button>
        </div>
      )}
      {!writable && (
        <div className="panel__note">
          The recording's folder cannot be written: bookmarks last only as long as this window.
        </div>
      )}
      {removed !== undefined && (
        <div className="panel__note" role="status">
          <span className="truncate">Deleted “{removed.name || `LSN ${removed.lsn}`}”.</span>
          <span className="spacer" />
          <Button small onClick={() => undo(removed)}>
            Undo
          </Button>
          <Button
            small
            tone="quiet"
            icon="close"
            aria-label="Dismiss"
            onClick={() => useBookmarkView.setState({ removed: undefined })}
          />
        </div>
      )}
      <div className="panel__body">
        {!loaded ? (
          <Loading title="Loading bookmarks" />
        ) : bookmarks.length === 0 ? (
          <Empty
            icon="bookmark"
            title="No bookmarks"
            actions={
              <Button data-autofocus onClick={() => addBookmark(studio)}>
                Bookmark the cursor
              </Button>
            }
          >
            Mark a moment to come back to it. Bookmarks are kept in a file beside the recording; the recording
            itself is not changed.
          </Empty>
        ) : shown.length === 0 ? (
          <Empty
            icon="search"
            title="No bookmark holds these words"
            actions={<Button onClick={() => setText("")}>Show all</Button>}
          />
        ) : (
          <BookmarkList bookmarks={shown} selected={selected} onPick={pick} onRemove={remove} />
        )}
      </div>
      {current !== undefined && (
        <BookmarkEditor key={current.id} bookmark={current} onDelete={() => remove(current)} />
      )}
      <div className="panel__foot">
        <span className="num">
          {shown.length === bookmarks.length
            ? plural(bookmarks.length, "bookmark")
            : `${shown.length} of ${plural(bookmarks.length, "bookmark")}`}
        </span>
        <span className="spacer" />
        {saving && <span role="status">saving</span>}
      </div>
    </div>
  );
}

function BookmarkList({
  bookmarks,
  selected,
  onPick,
  onRemove,
}: {
  bookmarks: readonly Bookmark[];
  selected: string | undefined;
  onPick: (bookmark: Bookmark) => void;
  onRemove: (bookmark: Bookmark) => void;
}): JSX.Element {
  const cursorLsn = useCursor((state) => state.lsn);
  const { scrollRef, geometry, top, setTop } = useVirtualRows(bookmarks.length, ROW_PX, 0);
  const id = useId();
  const { first, end } = visibleRows(top, geometry);
  const at = bookmarks.findIndex((bookmark) => bookmark.id === selected);

  // biome-ignore lint/correctness/useExhaustiveDependencies: only a change of the selection scrolls
  useEffect(() => {
    if (at >= 0 && geometry.viewportPx > 0) setTop(topToShow(at, top, geometry));
  }, [at, geometry.viewportPx]);

  const onKeyDown = (event: KeyboardEvent) => {
    const last = bookmarks.length - 1;
    const moves: Record<string, number> = {
      ArrowUp: at - 1,
      ArrowDown: at + 1,
      Home: 0,
      End: last,
      Enter: at,
    };
    const wanted = moves[event.key];
    const current = bookmarks[at];
    if (wanted !== undefined && !event.altKey && !event.ctrlKey) {
      const next = bookmarks[Math.min(last, Math.max(0, wanted))];
      if (next !== undefined) onPick(next);
    } else if (event.key === "Delete" && current !== undefined) onRemove(current);
    else if (event.key === "F2" && current !== undefined) nameBookmark(current.id);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };

  const drawn: JSX.Element[] = [];
  for (let row = first; row < end; row++) {
    const bookmark = bookmarks[row]!;
    drawn.push(
      <div
        key={bookmark.id}
        id={`${id}-${bookmark.id}`}
        role="option"
        aria-selected={row === at}
        aria-setsize={bookmarks.length}
        aria-posinset={row + 1}
        className="bookmarks__row"
        style={{ top: (row - top) * ROW_PX, height: ROW_PX }}
        onClick={() => onPick(bookmark)}
        onDoubleClick={() => nameBookmark(bookmark.id)}
      >
        <BookmarkRow bookmark={bookmark} isHere={bookmark.lsn === cursorLsn} />
      </div>,
    );
  }
  return (
    <div
      ref={scrollRef}
      className="bookmarks__list"
      role="listbox"
      aria-label="Bookmarks"
      tabIndex={0}
      data-autofocus
      aria-activedescendant={at >= first && at < end ? `${id}-${selected}` : undefined}
      onKeyDown={onKeyDown}
    >
      <div role="presentation" style={{ height: Math.max(spacerPx(geometry), geometry.viewportPx) }}>
        <div role="presentation" className="bookmarks__layer" style={{ height: geometry.viewportPx }}>
          {drawn}
        </div>
      </div>
    </div>
  );
}
