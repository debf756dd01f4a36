import { type JSX, useMemo, useState } from "react";
import { LIMITS } from "../../../engine/protocol/limits.ts";
import { useQuery, useQueryAtCursor } from "../../client/use-query.ts";
import { useRecording } from "../../client/use-studio.ts";
import { usePreferences } from "../../state/preferences-store.ts";
import { useTimeline } from "../../state/timeline-store.ts";
import { formatCount } from "../../ui/format/count.ts";
import { plural } from "../../ui/format/ids.ts";
import { Empty, Failed, Loading } from "../../ui/states.tsx";
import { ArenaMap } from "./arena-map.tsx";
import { gpuAxis, toWire } from "./gpu-axis.ts";
import { GpuCharts } from "./gpu-charts.tsx";
import { GpuFigures } from "./gpu-figures.tsx";
import { GpuTables } from "./gpu-tables.tsx";
import { LeakList } from "./leak-list.tsx";
import "./gpu.css";

/** One bar is two pixels wide, as on the timeline. */
const COLUMN_PX = 2;
/** Before the charts have a width of their own. */
const FIRST_WIDTH_PX = 600;

/** What a recording tells of its devices: who holds memory, where it lies, what ran, what was copied, what was never freed. */
export function GpuPanel(): JSX.Element {
  const recording = useRecording();
  const wanted = usePreferences((state) => state.axis);
  const chosen = useTimeline((state) => state.view);
  const axis = useMemo(() => gpuAxis(wanted, chosen, recording), [wanted, chosen, recording]);
  const [widthPx, setWidthPx] = useState(0);
  const columns = Math.min(
    LIMITS.viewportColumns,
    Math.max(1, Math.ceil((widthPx || FIRST_WIDTH_PX) / COLUMN_PX)),
    axis.kind === "lsn" ? Math.max(1, Math.ceil(axis.view.to - axis.view.from)) : Number.POSITIVE_INFINITY,
  );
  const version = `${recording.lastLsn}/${recording.surveyedLsn}`;
  const from = toWire(axis, axis.view.from);
  const end = toWire(axis, axis.view.to);
  const params = { axis: axis.kind, from, to: end > from ? end : from + 1n, columns };
  const view = useQuery(
    "gpu.view",
    { recording: recording.recording, ...params },
    { version, scope: axis.kind },
  );
  const { firstLsn, lastLsn } = recording;
  const at = useQueryAtCursor(
    "gpu.at",
    (lsn) => ({ recording: recording.recording, lsn: Math.min(lastLsn, Math.max(firstLsn - 1, 0, lsn)) }),
    version,
    { version },
  );
  if (view.error !== undefined) return <Failed error={view.error} onRetry={view.retry} />;
  if (view.data === undefined)
    return <Loading title="Gathering what the device did" progress={view.progress} />;
  const { totals, kernels } = view.data.result;
  const isEmpty = totals.allocations + totals.copies + totals.launches + totals.samples === 0;
  if (isEmpty) return <NoDevice />;
  return (
    <div className="panel">
      <Trouble dropped={totals.droppedRows} omitted={totals.omitted} gaps={recording.gaps.length} />
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard */}
      <section className="panel__body gpu" aria-label="Device memory and work" tabIndex={0}>
        {at.error !== undefined ? (
          <Failed error={at.error} onRetry={at.retry} />
        ) : (
          <GpuFigures sample={at.data?.result.sample ?? null} />
        )}
        <GpuCharts axis={axis} view={view.data} onWidth={setWidthPx} />
        {at.data !== undefined && <ArenaMap at={at.data} />}
        {at.data !== undefined && <GpuTables at={at.data.result} kernels={kernels} />}
        <LeakList />
      </section>
      <div className="panel__foot">
        <span className="num">{plural(totals.allocations, "allocation")}</span>
        <span className="num">{plural(totals.frees, "free")}</span>
        <span className="num">{plural(totals.launches, "launch", "launches")}</span>
        <span className="num">{plural(totals.copies, "copy", "copies")}</span>
      </div>
    </div>
  );
}

/** Why the figures may not be the whole truth. */
function Trouble({
  dropped,
  omitted,
  gaps,
}: {
  dropped: number;
  omitted: number;
  gaps: number;
}): JSX.Element | null {
  const notes = [
    dropped > 0 &&
      `${formatCount(dropped)} rows of the device's statistics were lost before the session wrote them: sums are too small.`,
    omitted > 0 && `${formatCount(omitted)} events beyond the first two million are not shown.`,
    gaps > 0 &&
      "Records of this file are lost: what the device did in them is missing here, and memory may seem held that was freed.",
  ].filter((note) => note !== false);
  if (notes.length === 0) return null;
  return (
    <div className="panel__note" role="status">
      {notes.join(" ")}
    </div>
  );
}

function NoDevice(): JSX.Element {
  return (
    <Empty icon="gpu" title="No device in this recording">
      A session that was started with a device (<span className="mono">mmsbStart({"{ device }"})</span>)
      writes down what it does: allocations, copies, kernels, and how its memory lies.{" "}
      <span className="mono">mmsb demo FILE --workload tensors</span> makes one to look at, also without a
      GPU.
    </Empty>
  );
}
