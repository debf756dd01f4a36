import { type JSX, useState } from "react";
import type { ReplyOf } from "../../../engine/protocol/requests.ts";
import { clampLsn } from "../../client/navigator.ts";
import { useRecording, useStudio } from "../../client/use-studio.ts";
import { useSelection } from "../../state/selection-store.ts";
import { Button, IconButton } from "../../ui/button.tsx";
import { TextField } from "../../ui/field.tsx";
import { formatCount } from "../../ui/format/count.ts";
import { plural } from "../../ui/format/ids.ts";
import { differenceFrom } from "./difference.ts";

interface CompareBarProps {
  readonly compareLsn: number;
  readonly lsn: number;
  /** LSN of the last delta that wrote the page. */
  readonly lastWriteLsn: number | undefined;
  readonly compared: ReplyOf<"page.compare"> | undefined;
}

/** Which two moments are compared, how much differs, and the way from one difference to the next. */
export function CompareBar({ compareLsn, lsn, lastWriteLsn, compared }: CompareBarProps): JSX.Element {
  const studio = useStudio();
  const recording = useRecording();
  const setCompareLsn = useSelection((state) => state.setCompareLsn);
  const [typed, setTyped] = useState<string>();
  const accept = () => {
    const digits = (typed ?? "").replace(/[,#\s]/g, "");
    if (/^\d{1,15}$/.test(digits)) setCompareLsn(clampLsn(Number(digits), recording));
    setTyped(undefined);
  };
  const swap = () => {
    setCompareLsn(lsn);
    studio.navigator.seek(compareLsn);
  };
  const result = compared?.result;
  return (
    <div className="compare">
      <span className="compare__side">A</span>
      <TextField
        label="LSN of A"
        className="compare__lsn num"
        value={typed ?? formatCount(compareLsn)}
        onChange={setTyped}
        onBlur={accept}
        onKeyDown={(event) => {
          if (event.key === "Enter") accept();
          else if (event.key === "Escape") setTyped(undefined);
        }}
      />
      <span className="compare__side">B</span>
      <span className="num">{formatCount(lsn)}</span>
      <Button small tone="quiet" onClick={swap}>
        Swap
      </Button>
      {lastWriteLsn !== undefined && (
        <Button
          small
          tone="quiet"
          title="A: right before the last write of this page"
          onClick={() => setCompareLsn(clampLsn(lastWriteLsn - 1, recording))}
        >
          Before last write
        </Button>
      )}
      <span className="spacer" />
      {result !== undefined && (
        <span className="num compare__count" role="status">
          {result.differingBytes === 0
            ? "the same bytes"
            : `${plural(result.differingBytes, "byte")} in ${plural(result.differingRanges, "range")}`}
        </span>
      )}
      <IconButton
        small
        icon="back"
        label="Previous difference"
        disabled={(result?.differingRanges ?? 0) === 0}
        onClick={() => goToDifference(compared, -1)}
      />
      <IconButton
        small
        icon="forward"
        label="Next difference"
        disabled={(result?.differingRanges ?? 0) === 0}
        onClick={() => goToDifference(compared, 1)}
      />
    </div>
  );
}

function goToDifference(compared: ReplyOf<"page.compare"> | undefined, step: 1 | -1): void {
  if (compared === undefined) return;
  const { rangeOffset, rangeLength } = compared.columns;
  const { bytes, selectBytes } = useSelection.getState();
  const range = differenceFrom(rangeOffset, bytes?.start, step);
  if (range !== undefined)
    selectBytes({ start: rangeOffset[range]!, end: rangeOffset[range]! + rangeLength[range]! });
}
