import type { JSX } from "react";
import { useQuery } from "../../client/use-query.ts";
import { useRecording } from "../../client/use-studio.ts";
import { formatShare } from "../../ui/format/count.ts";
import { Failed, Loading } from "../../ui/states.tsx";
import { BusiestPages, BusiestSources, RecordKinds } from "./busiest.tsx";
import { Checkpoints } from "./checkpoints.tsx";
import { DamageReport } from "./damage-report.tsx";
import { Figures } from "./figures.tsx";
import { FileFacts } from "./file-facts.tsx";
import { Rates } from "./rates.tsx";
import "./overview.css";

const POINTS = 240;
const TOP = 8;

/** The whole recording in figures: what is in it, what is wrong with it, when it was busy and with what. */
export function OverviewPanel(): JSX.Element {
  const recording = useRecording();
  const { data, error, progress, retry } = useQuery(
    "overview",
    { recording: recording.recording, points: POINTS, top: TOP },
    { version: `${recording.lastLsn}/${recording.surveyedLsn}` },
  );
  if (error !== undefined) return <Failed error={error} onRetry={retry} />;
  if (data === undefined) return <Loading title="Gathering figures" progress={progress} />;
  const isSurveying = recording.surveyedLsn < recording.lastLsn;
  return (
    <div className="panel">
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard */}
      <section className="panel__body overview" aria-label="Figures" data-autofocus tabIndex={0}>
        <DamageReport recording={recording} />
        {isSurveying && (
          <p className="muted num" role="status">
            Surveying {formatShare(recording.surveyedLsn / Math.max(1, recording.lastLsn))}: rates and busiest
            pages count what was read so far.
          </p>
        )}
        <Figures recording={recording} overview={data} />
        <Rates columns={data.columns} />
        <div className="overview__tables">
          <BusiestPages pages={data.result.busiestPages} total={recording.counts.deltas} />
          <BusiestSources sources={data.result.busiestSources} total={recording.counts.records} />
          <RecordKinds kinds={recording.kinds} total={recording.counts.records} />
        </div>
        <Checkpoints recording={recording} />
        <FileFacts recording={recording} />
      </section>
    </div>
  );
}
