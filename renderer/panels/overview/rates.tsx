import { type JSX, useMemo } from "react";
import type { ReplyOf } from "../../../engine/protocol/requests.ts";
import { usePalette } from "../../canvas/colours.ts";
import { useCursorRecord } from "../../client/cursor-record.tsx";
import { useRecording, useStudio } from "../../client/use-studio.ts";
import { formatBytes } from "../../ui/format/bytes.ts";
import { formatCompact } from "../../ui/format/count.ts";
import { Plot } from "./plot.tsx";
import { rateSeries } from "./rate-series.ts";

/** Records, bytes and pages over time; a click goes there. */
export function Rates({ columns }: { columns: ReplyOf<"overview">["columns"] }): JSX.Element | null {
  const studio = useStudio();
  const { recording } = useRecording();
  const palette = usePalette();
  const record = useCursorRecord().data?.result.record;
  const series = useMemo(() => rateSeries(columns), [columns]);
  if (series === undefined) {
    return (
      <section aria-label="Rates over time">
        <h2 className="section-title">Over time</h2>
        <p className="muted">All records carry the same time: there is no rate to show.</p>
      </section>
    );
  }
  const { originNs, seconds } = series;
  const cursor = record === undefined ? undefined : Number(record.timestampNs - originNs) / 1e9;
  const onPick = (at: number) => {
    const timeNs = originNs + BigInt(Math.max(0, Math.round(at * 1e9)));
    void studio.request("cursor.seek-time", { recording, timeNs }).then((landed) => {
      if (landed.ok) studio.navigator.seek(landed.value.result.lsn);
    });
  };
  const shared = { seconds, cursor, onPick, palette };
  return (
    <section className="rates" aria-label="Rates over time">
      <Plot
        {...shared}
        title="Records a second"
        values={series.recordsPerSecond}
        colour={palette.categories[0]!}
        format={formatCompact}
      />
      <Plot
        {...shared}
        title="Bytes logged a second"
        values={series.bytesPerSecond}
        colour={palette.categories[1]!}
        format={formatBytes}
        isBinary
      />
      <Plot
        {...shared}
        title="Pages"
        values={series.pages}
        colour={palette.categories[2]!}
        format={formatCompact}
      />
    </section>
  );
}
