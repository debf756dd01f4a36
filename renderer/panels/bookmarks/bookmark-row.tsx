import type { JSX } from "react";
import type { Bookmark } from "../../../engine/protocol/requests/recordings.ts";
import { genesisLsn } from "../../client/navigator.ts";
import { useQuery } from "../../client/use-query.ts";
import { useRecording } from "../../client/use-studio.ts";
import { useTimeFormat } from "../../client/use-time-format.ts";
import { formatCount } from "../../ui/format/count.ts";
import { Icon } from "../../ui/icons.tsx";

/** Two lines: name and place; the note, or what stands there, and when. */
export function BookmarkRow({ bookmark, isHere }: { bookmark: Bookmark; isHere: boolean }): JSX.Element {
  const recording = useRecording();
  const formatTime = useTimeFormat();
  const { lsn, name, note } = bookmark;
  const isKept = lsn >= genesisLsn(recording) && lsn <= recording.lastLsn;
  const isRecord = isKept && lsn > genesisLsn(recording);
  const { data } = useQuery("record.details", isRecord ? { recording: recording.recording, lsn } : null);
  const record = data?.result.record;
  const there = !isKept
    ? "no longer in this recording"
    : isRecord
      ? record && [record.kind, record.summary].filter(Boolean).join(" · ")
      : "before the first record";
  const firstLine = note.split("\n", 1)[0] ?? "";
  return (
    <>
      <span className={isHere ? "bookmarks__mark bookmarks__mark--here" : "bookmarks__mark"}>
        <Icon name="bookmark" size={14} />
      </span>
      <span className="bookmarks__name truncate">{name === "" ? `LSN ${lsn}` : name}</span>
      <span className="num bookmarks__lsn">{formatCount(lsn)}</span>
      <span className={firstLine === "" ? "truncate faint" : "truncate muted"} title={note || there}>
        {firstLine === "" ? there : firstLine}
      </span>
      <span className="num faint bookmarks__time">{record && formatTime(record.timestampNs, 6)}</span>
    </>
  );
}
