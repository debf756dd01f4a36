import { type JSX, useEffect, useRef, useState } from "react";
import type { Bookmark } from "../../../engine/protocol/requests/recordings.ts";
import { useStudio } from "../../client/use-studio.ts";
import { useCursor } from "../../state/cursor-store.ts";
import { Button } from "../../ui/button.tsx";
import { TextField } from "../../ui/field.tsx";
import { formatCount } from "../../ui/format/count.ts";
import { useBookmarkView } from "./bookmark-store.ts";

/** As the protocol has it. */
const NAME_LETTERS = 200;
const NOTE_LETTERS = 4000;
/** Typing is saved when it rests for so long, and when the field is left. */
const REST_MS = 600;

/** Name and note of one bookmark. */
export function BookmarkEditor({
  bookmark,
  onDelete,
}: {
  bookmark: Bookmark;
  onDelete: () => void;
}): JSX.Element {
  const { bookmarks } = useStudio();
  const cursorLsn = useCursor((state) => state.lsn);
  const isNaming = useBookmarkView((state) => state.naming === bookmark.id);
  const name = useDraft(bookmark.name, (text) => bookmarks.update(bookmark.id, { name: text }));
  const note = useDraft(bookmark.note, (text) => bookmarks.update(bookmark.id, { note: text }));
  const nameField = useRef<HTMLInputElement>(null);

  useEffect(() => {
    if (!isNaming) return;
    nameField.current?.focus();
    nameField.current?.select();
    useBookmarkView.setState({ naming: undefined });
  }, [isNaming]);

  return (
    <form
      className="bookmark-editor"
      aria-label={`Bookmark ${bookmark.name}`}
      onSubmit={(event) => {
        event.preventDefault();
        name.commit();
        note.commit();
      }}
      onKeyDown={(event) => {
        if (event.key !== "Escape") return;
        name.drop();
        note.drop();
      }}
    >
      <TextField
        ref={nameField}
        label="Name"
        icon="edit"
        maxLength={NAME_LETTERS}
        value={name.text}
        onChange={name.set}
        onBlur={name.commit}
        placeholder={`LSN ${bookmark.lsn}`}
      />
      <textarea
        className="bookmark-editor__note"
        aria-label="Note"
        placeholder="What is here, and why it matters"
        rows={3}
        maxLength={NOTE_LETTERS}
        value={note.text}
        onChange={(event) => note.set(event.target.value)}
        onBlur={note.commit}
      />
      <div className="bookmark-editor__foot">
        <Button
          small
          icon="target"
          disabled={bookmark.lsn === cursorLsn}
          onClick={() => bookmarks.update(bookmark.id, { lsn: cursorLsn })}
        >
          {bookmark.lsn === cursorLsn ? "At the cursor" : `Move to LSN ${formatCount(cursorLsn)}`}
        </Button>
        <span className="spacer" />
        <Button small tone="danger" icon="trash" onClick={onDelete}>
          Delete
        </Button>
      </div>
    </form>
  );
}

interface Draft {
  readonly text: string;
  readonly set: (text: string) => void;
  readonly commit: () => void;
  readonly drop: () => void;
}

/** What a person is typing, until it rests. While nothing is being typed, what others saved shows through. */
function useDraft(saved: string, save: (text: string) => void): Draft {
  const [draft, setDraft] = useState<string>();
  const latest = useRef({ draft, saved, save });
  latest.current = { draft, saved, save };
  const commit = () => {
    const now = latest.current;
    if (now.draft !== undefined && now.draft !== now.saved) now.save(now.draft);
    setDraft(undefined);
  };
  useEffect(() => {
    if (draft === undefined) return;
    const timer = setTimeout(() => {
      const now = latest.current;
      if (now.draft !== undefined && now.draft !== now.saved) now.save(now.draft);
    }, REST_MS);
    return () => clearTimeout(timer);
  }, [draft]);
  useEffect(
    () => () => {
      const now = latest.current;
      if (now.draft !== undefined && now.draft !== now.saved) now.save(now.draft);
    },
    [],
  );
  return { text: draft ?? saved, set: setDraft, commit, drop: () => setDraft(undefined) };
}
