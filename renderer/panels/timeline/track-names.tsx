import { type JSX, memo } from "react";
import type { ReplyOf } from "../../../engine/protocol/requests.ts";
import type { VirtualRows } from "../../ui/use-virtual-rows.ts";
import { Swatch } from "../../ui/value.tsx";
import { eventSlot } from "./draw-density.ts";
import type { LaneData } from "./draw-lanes.ts";
import { LaneLabels } from "./lane-labels.tsx";
import { MINIMAP_PX } from "./minimap.tsx";
import { EVENT_ROW_PX, MOST_EVENT_ROWS, TRACK_TITLES, type Track } from "./tracks.ts";

type EventBands = ReplyOf<"timeline.view">["result"]["eventBands"];

interface NamesProps {
  readonly tracks: readonly Track[];
  readonly bands: EventBands | undefined;
  readonly lanes: LaneData | undefined;
  readonly rows: VirtualRows;
}

/** What each track is, left of it. */
export const TrackNames = memo(function TrackNames({ tracks, bands, lanes, rows }: NamesProps): JSX.Element {
  return (
    <div className="timeline__gutter" style={{ paddingTop: MINIMAP_PX }}>
      <div className="timeline__all">Whole recording</div>
      <div className="timeline__names">
        {tracks.map((track) =>
          track.id === "pages" ? (
            <LaneLabels key={track.id} lanes={lanes} rows={rows} track={track} />
          ) : track.id === "events" && bands !== undefined ? (
            <EventNames key={track.id} bands={bands} track={track} />
          ) : (
            <div key={track.id} className="timeline__name" style={{ top: track.top, height: track.height }}>
              {TRACK_TITLES[track.id]}
            </div>
          ),
        )}
      </div>
    </div>
  );
});

/** One row for each type of event; those beyond the last row share it. */
function EventNames({ bands, track }: { bands: EventBands; track: Track }): JSX.Element {
  const shown = bands.slice(0, MOST_EVENT_ROWS);
  const hasMore = bands.length > shown.length;
  return (
    <div className="timeline__events" style={{ top: track.top, height: track.height }}>
      {shown.map((band, row) => {
        const isShared = hasMore && row === shown.length - 1;
        const name = isShared ? `${bands.length - row} more types` : band.label;
        return (
          <div key={band.label} className="timeline__event" style={{ height: EVENT_ROW_PX }} title={name}>
            <Swatch slot={isShared ? 9 : eventSlot(band.eventType)} />
            <span className="truncate">{name}</span>
          </div>
        );
      })}
    </div>
  );
}
