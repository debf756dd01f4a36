import type { JSX } from "react";
import { useQuery } from "../../client/use-query.ts";
import { useRecording } from "../../client/use-studio.ts";
import { useDeltaFilter } from "../../state/filter-store.ts";
import { setTerm } from "../../state/record-query.ts";
import { type Span, useTimeline } from "../../state/timeline-store.ts";
import { Button, IconButton } from "../../ui/button.tsx";
import { formatBytes } from "../../ui/format/bytes.ts";
import { formatCount } from "../../ui/format/count.ts";
import { plural } from "../../ui/format/ids.ts";
import { formatDuration } from "../../ui/format/time.ts";
import { useDebounced } from "../../ui/use-debounced.ts";
import { Swatch } from "../../ui/value.tsx";
import { zoomToArea } from "./timeline-commands.ts";

const SETTLE_MS = 80;
const MOST_SOURCES = 4;

/** What the marked area holds, counted by the engine, and what can be done with it. */
export function AreaBar({ area }: { area: Span }): JSX.Element {
  const { recording, lastLsn, surveyedLsn } = useRecording();
  const settled = useDebounced(area, SETTLE_MS);
  const { data } = useQuery(
    "timeline.view",
    { recording, axis: "lsn", from: BigInt(settled.from), to: BigInt(settled.to), columns: 1 },
    { version: `${lastLsn}/${surveyedLsn}` },
  );
  const last = area.to - 1;
  const sources = (data?.result.bands ?? [])
    .map((band, index) => ({ band, count: data?.columns.density[index] ?? 0 }))
    .filter(({ count }) => count > 0)
    .sort((a, b) => b.count - a.count)
    .slice(0, MOST_SOURCES);
  const edges = data?.columns.edgeTimeNs;
  return (
    <div className="timeline__area-bar" role="status">
      <b className="num">
        LSN {formatCount(area.from)} – {formatCount(last)}
      </b>
      <span className="num muted">{plural(area.to - area.from, "record")}</span>
      {edges !== undefined && (
        <span className="num muted">{formatDuration(Number(edges[1]! - edges[0]!))}</span>
      )}
      {data !== undefined && (
        <span className="num muted">{formatBytes(data.columns.byteDensity[0]!)} in the log</span>
      )}
      {sources.map(({ band, count }) => (
        <span key={band.label} className="timeline__area-source num">
          <Swatch slot={band.source === null ? 9 : band.colour} />
          <span className="truncate">{band.label}</span> {formatCount(count)}
        </span>
      ))}
      <span className="spacer" />
      <Button small onClick={zoomToArea}>
        Zoom to it
      </Button>
      <Button
        small
        onClick={() => {
          const { query, set } = useDeltaFilter.getState();
          set({ query: setTerm(query, "lsn", `${area.from}..${last}`) });
        }}
      >
        Filter deltas
      </Button>
      <IconButton
        small
        icon="close"
        label="Unmark the area"
        shortcut="Escape"
        onClick={() => useTimeline.getState().setArea(undefined)}
      />
    </div>
  );
}
