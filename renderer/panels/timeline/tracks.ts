export const TRACKS = [
  "deltas",
  "transactions",
  "waves",
  "events",
  "marks",
  "failures",
  "bookmarks",
  "pages",
] as const;
export type TrackId = (typeof TRACKS)[number];

export const TRACK_TITLES: Readonly<Record<TrackId, string>> = {
  deltas: "Deltas",
  transactions: "Transactions",
  waves: "Waves",
  events: "Events",
  marks: "Checkpoints",
  failures: "Failures",
  bookmarks: "Bookmarks",
  pages: "Pages",
};

export interface Track {
  readonly id: TrackId;
  readonly top: number;
  readonly height: number;
}

export const EVENT_ROW_PX = 12;
export const LANE_PX = 13;
/** More event types than this share the last row's place: the track would push the pages out. */
export const MOST_EVENT_ROWS = 8;

const FIXED_PX: Readonly<Record<Exclude<TrackId, "events" | "pages">, number>> = {
  deltas: 52,
  transactions: 16,
  waves: 16,
  marks: 16,
  failures: 16,
  bookmarks: 15,
};
const GAP_PX = 3;

/** What a recording holds of what has a track of its own only where there is any. */
export interface TrackContent {
  readonly eventRows: number;
  /** Pages were recomputed from other pages. */
  readonly hasWaves: boolean;
  /** Something failed, or records are missing. */
  readonly hasFailures: boolean;
  readonly bookmarks: number;
}

/** Places the tracks below one another; the pages take what is left (at least three lanes). */
export function layoutTracks(
  heightPx: number,
  hidden: readonly TrackId[],
  { eventRows, hasWaves, hasFailures, bookmarks }: TrackContent,
): Track[] {
  const tracks: Track[] = [];
  let top = 0;
  for (const id of TRACKS) {
    if (hidden.includes(id)) continue;
    if ((id === "waves" && !hasWaves) || (id === "failures" && !hasFailures)) continue;
    if ((id === "events" && eventRows === 0) || (id === "bookmarks" && bookmarks === 0)) continue;
    const height =
      id === "pages"
        ? Math.max(LANE_PX * 3, heightPx - top)
        : id === "events"
          ? Math.min(MOST_EVENT_ROWS, eventRows) * EVENT_ROW_PX
          : FIXED_PX[id];
    tracks.push({ id, top, height });
    top += height + GAP_PX;
  }
  return tracks;
}

export function trackAt(tracks: readonly Track[], y: number): Track | undefined {
  return tracks.find((track) => y >= track.top && y < track.top + track.height);
}

export function trackOf(tracks: readonly Track[], id: TrackId): Track | undefined {
  return tracks.find((track) => track.id === id);
}
