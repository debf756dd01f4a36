import { type JSX, memo, useState } from "react";
import { LsnLink } from "../../client/lsn-link.tsx";
import { useRecording } from "../../client/use-studio.ts";
import { useTimeFormat } from "../../client/use-time-format.ts";
import { useSelection } from "../../state/selection-store.ts";
import { IconButton } from "../../ui/button.tsx";
import { Dialog } from "../../ui/dialog.tsx";
import { formatBytes, formatBytesExact } from "../../ui/format/bytes.ts";
import { formatCount } from "../../ui/format/count.ts";
import { plural } from "../../ui/format/ids.ts";
import { Loading } from "../../ui/states.tsx";
import { Badge, Copyable } from "../../ui/value.tsx";
import { HEAT_STEPS, heatStepAge } from "./byte-marks.ts";
import { type PageReply, useSelectedPageBytes } from "./page-data.ts";

/** Facts of the page in one line; the rest behind the button. */
export function PageFoot({ result, ages }: { result: PageReply["result"]; ages: boolean }): JSX.Element {
  const formatTime = useTimeFormat();
  const { sizeBytes, epoch, location, lastDelta, insideTransaction, uncertain } = result;
  return (
    <div className="panel__foot">
      <span className="num page__size" title={formatBytesExact(sizeBytes)}>
        {formatBytes(sizeBytes)}
      </span>
      <span className="num page__epoch" title="Content version: deltas applied so far">
        epoch {formatCount(epoch)}
      </span>
      {location !== "cpu" && <Badge tone="accent">{location}</Badge>}
      {ages && <HeatLegend />}
      {lastDelta === null ? (
        <span className="page__writer">never written</span>
      ) : (
        <>
          <span>
            written by <LsnLink lsn={lastDelta.lsn} />
          </span>
          <span
            className="truncate truncate--steady page__writer"
            title={`${lastDelta.summary}, ${formatTime(lastDelta.timestampNs, 9)}`}
          >
            {lastDelta.source}
          </span>
        </>
      )}
      {uncertain && (
        <Badge
          tone="danger"
          title="Records that changed this page were lost, and nothing since has written all of it: see the damage report in Overview"
        >
          uncertain
        </Badge>
      )}
      {insideTransaction && (
        <Badge tone="warn" title="The cursor stands inside a transaction: others did not see this yet">
          partial
        </Badge>
      )}
      <AboutPage />
    </div>
  );
}

const AboutPage = memo(function AboutPage(): JSX.Element {
  const [open, setOpen] = useState(false);
  return (
    <>
      <IconButton small icon="info" label="About this page" side="top" onClick={() => setOpen(true)} />
      {open && <PageDialog onClose={() => setOpen(false)} />}
    </>
  );
});

const FIRST_BYTE = { offset: 0, length: 1 } as const;

function PageDialog({ onClose }: { onClose: () => void }): JSX.Element | null {
  const page = useSelection((state) => state.page);
  const { data } = useSelectedPageBytes(FIRST_BYTE, false);
  if (page === undefined) return null;
  return (
    <Dialog open onClose={onClose} title={`Page ${page}`}>
      {data === undefined ? <Loading title={`Loading page ${page}`} /> : <PageFacts result={data.result} />}
    </Dialog>
  );
}

function PageFacts({ result }: { result: PageReply["result"] }): JSX.Element {
  const recording = useRecording();
  const formatTime = useTimeFormat();
  const { lastDelta } = result;
  return (
    <dl className="facts">
      <dt>Id</dt>
      <dd>
        <Copyable text={result.pageId.toString()} what="the page id" className="mono" />
      </dd>
      <dt>Type</dt>
      <dd>{result.pageType === "" ? "none" : result.pageType}</dd>
      <dt>Size</dt>
      <dd className="num">
        {formatBytes(result.sizeBytes)} ({formatBytesExact(result.sizeBytes)})
      </dd>
      <dt>Location</dt>
      <dd>{result.location}</dd>
      <dt>Epoch</dt>
      <dd className="num">{formatCount(result.epoch)}</dd>
      <dt>Created</dt>
      <dd className="num">
        {result.createdLsn < recording.firstLsn
          ? "before the first record"
          : `LSN ${formatCount(result.createdLsn)}`}
      </dd>
      <dt>Destroyed</dt>
      <dd className="num">
        {result.destroyedLsn === 0 ? "never" : `LSN ${formatCount(result.destroyedLsn)}`}
      </dd>
      <dt>Last written</dt>
      <dd className="num">
        {lastDelta === null
          ? "never"
          : `LSN ${formatCount(lastDelta.lsn)}, ${formatTime(lastDelta.timestampNs, 9)}, ${lastDelta.summary}`}
      </dd>
      <dt>Schema</dt>
      <dd>{result.fields === null ? "none" : plural(result.fields.length, "field")}</dd>
      {result.metadata.map(({ key, value }) => (
        <div key={key} className="page__metadata">
          <dt className="mono">{key}</dt>
          <dd>
            <Copyable text={value} what={key} className="mono" />
          </dd>
        </div>
      ))}
    </dl>
  );
}

/** What the colours mean, in records back from the cursor. */
function HeatLegend(): JSX.Element {
  const steps = Array.from({ length: HEAT_STEPS }, (_, at) => at + 1);
  return (
    <span className="heat-legend" role="img" aria-label="Colours: newest writes are the strongest">
      <span>new</span>
      {steps.map((step) => (
        <span
          key={step}
          className={`heat-legend__step heat-${step}`}
          title={step === HEAT_STEPS ? "older" : `up to ${formatCount(heatStepAge(step))} records ago`}
        />
      ))}
      <span>old</span>
    </span>
  );
}
