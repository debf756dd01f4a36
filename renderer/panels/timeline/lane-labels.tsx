// The names scroll by themselves, so their container takes the focus; a fieldset cannot be a scroll container everywhere.
// biome-ignore-all lint/a11y/useSemanticElements: see above
// biome-ignore-all lint/a11y/noNoninteractiveTabindex: see above
import type { JSX } from "react";
import { PageName, pageTypeSlot } from "../../client/page-name.tsx";
import { useRecording } from "../../client/use-studio.ts";
import { useSelection } from "../../state/selection-store.ts";
import type { VirtualRows } from "../../ui/use-virtual-rows.ts";
import { Swatch } from "../../ui/value.tsx";
import { spacerPx, visibleRows } from "../../ui/virtual-rows.ts";
import type { LaneData } from "./draw-lanes.ts";
import { LANE_PX, type Track } from "./tracks.ts";

/** Names of the page lanes. They scroll; a click selects the page. */
export function LaneLabels({
  lanes,
  rows,
  track,
}: {
  readonly lanes: LaneData | undefined;
  readonly rows: VirtualRows;
  readonly track: Track;
}): JSX.Element {
  const { pageTypes } = useRecording();
  const selected = useSelection((state) => state.page);
  const selectPage = useSelection((state) => state.selectPage);
  const { first, end } = visibleRows(rows.top, rows.geometry);
  const labels: JSX.Element[] = [];
  for (let lane = first; lane < end && lanes !== undefined; lane++) {
    const row = lane - lanes.reply.result.firstLane;
    const id = lanes.reply.columns.page[row];
    if (id === undefined) continue;
    const type = lanes.reply.columns.pageType[row]!;
    labels.push(
      <button
        key={lane}
        type="button"
        tabIndex={-1}
        className="timeline__lane"
        aria-pressed={id === selected}
        style={{ top: (lane - rows.top) * LANE_PX }}
        title={`Page ${id}, ${pageTypes[type]?.name ?? "no type"}`}
        onClick={() => selectPage(id)}
      >
        <Swatch slot={pageTypeSlot(type)} />
        <PageName id={id} pageType={type} />
        <span className="truncate faint">{pageTypes[type]?.name}</span>
      </button>,
    );
  }
  return (
    <div
      ref={rows.scrollRef}
      className="timeline__lanes"
      style={{ top: track.top, height: track.height }}
      tabIndex={0}
      role="group"
      aria-label="Pages"
    >
      <div style={{ height: Math.max(spacerPx(rows.geometry), rows.geometry.viewportPx) }}>
        <div className="timeline__lane-layer" style={{ height: rows.geometry.viewportPx }}>
          {labels}
        </div>
      </div>
    </div>
  );
}
