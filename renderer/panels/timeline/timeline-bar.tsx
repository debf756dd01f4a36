// biome-ignore-all lint/a11y/useSemanticElements: a toolbar's group is no part of a form
import { type JSX, memo } from "react";
import { useRecording, useStudio } from "../../client/use-studio.ts";
import { useDeltaFilter } from "../../state/filter-store.ts";
import { usePreferences } from "../../state/preferences-store.ts";
import { hasTerm, toggleTerm } from "../../state/record-query.ts";
import { useTimeline } from "../../state/timeline-store.ts";
import { Button, IconButton } from "../../ui/button.tsx";
import { Segmented } from "../../ui/field.tsx";
import { formatCount } from "../../ui/format/count.ts";
import { plural } from "../../ui/format/ids.ts";
import { MenuButton, type MenuEntry } from "../../ui/menu.tsx";
import { Swatch } from "../../ui/value.tsx";
import { TRACK_TITLES, TRACKS } from "./tracks.ts";
import { zoomBy } from "./view-actions.ts";

const ZOOM = 2;
const LEGEND_SOURCES = 8;

export const TimelineBar = memo(function TimelineBar({ hasTime }: { hasTime: boolean }): JSX.Element {
  const studio = useStudio();
  const axis = usePreferences((state) => state.axis);
  const set = usePreferences((state) => state.set);
  return (
    <div className="panel__bar">
      <Segmented
        label="Axis"
        value={hasTime ? axis : "lsn"}
        options={
          hasTime
            ? [
                { value: "lsn", text: "LSN" },
                { value: "time", text: "Time" },
              ]
            : [{ value: "lsn", text: "LSN" }]
        }
        onChange={(value) => set({ axis: value })}
      />
      <IconButton small icon="minus" label="Zoom out" shortcut="S" onClick={() => zoomBy(studio, 1 / ZOOM)} />
      <IconButton small icon="plus" label="Zoom in" shortcut="W" onClick={() => zoomBy(studio, ZOOM)} />
      <IconButton
        small
        icon="fit"
        label="Show the whole recording"
        shortcut="0"
        onClick={() => useTimeline.getState().setView(undefined)}
      />
      <TracksMenu />
      <span className="spacer" />
      <Legend />
    </div>
  );
});

function TracksMenu(): JSX.Element {
  const hidden = usePreferences((state) => state.hiddenTracks);
  const order = usePreferences((state) => state.laneOrder);
  const set = usePreferences((state) => state.set);
  const orders = [
    { value: "busiest", text: "Busiest first" },
    { value: "first-write", text: "In order of first write" },
    { value: "id", text: "By id" },
  ] as const;
  const entries: MenuEntry[] = [
    { kind: "label", id: "tracks", text: "Tracks" },
    ...TRACKS.map(
      (id): MenuEntry => ({
        kind: "item",
        id,
        text: TRACK_TITLES[id],
        checked: !hidden.includes(id),
        run: () =>
          set({
            hiddenTracks: hidden.includes(id) ? hidden.filter((other) => other !== id) : [...hidden, id],
          }),
      }),
    ),
    { kind: "label", id: "order", text: "Order of pages" },
    ...orders.map(
      ({ value, text }): MenuEntry => ({
        kind: "item",
        id: value,
        text,
        checked: order === value,
        run: () => set({ laneOrder: value }),
      }),
    ),
  ];
  return (
    <MenuButton
      entries={entries}
      trigger={
        <Button small tone="quiet" icon="timeline">
          Tracks
        </Button>
      }
    />
  );
}

/** Sources and their colours; a click narrows the deltas to one, another lets all through again. */
function Legend(): JSX.Element {
  const { sources, sourcesOmitted } = useRecording();
  const query = useDeltaFilter((state) => state.query);
  const set = useDeltaFilter((state) => state.set);
  const named = sources
    .map((source, index) => ({ ...source, index }))
    .filter(({ name }) => name !== "")
    .sort((a, b) => b.records - a.records);
  const busiest = named.slice(0, LEGEND_SOURCES);
  const more = named.length - busiest.length + sourcesOmitted;
  return (
    <div className="timeline__legend" role="group" aria-label="Sources">
      {busiest.map((source) => (
        <button
          key={source.index}
          type="button"
          className="timeline__source"
          aria-pressed={hasTerm(query, "source", source.name)}
          title={`${source.name}: ${source.records.toLocaleString("en-US")} records. Click to filter the deltas.`}
          onClick={() => set({ query: toggleTerm(query, "source", source.name) })}
        >
          <Swatch slot={source.colour} />
          <span className="truncate">{source.name}</span>
        </button>
      ))}
      {more > 0 && (
        <span className="timeline__more" title={`${plural(more, "source")} that wrote less`}>
          <Swatch slot={9} />+{formatCount(more)}
        </span>
      )}
    </div>
  );
}
