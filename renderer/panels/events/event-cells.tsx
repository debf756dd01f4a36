import type { JSX } from "react";
import { textAt } from "../../../engine/protocol/columns.ts";
import type { RecordingInfo } from "../../../engine/protocol/requests/recordings.ts";
import { RecordRowFlag } from "../../../engine/protocol/requests/records.ts";
import { LsnLink } from "../../client/lsn-link.tsx";
import { PageName } from "../../client/page-name.tsx";
import type { WindowColumns } from "../../client/use-record-rows.ts";
import { formatCount } from "../../ui/format/count.ts";
import { formatDuration } from "../../ui/format/time.ts";
import { Icon } from "../../ui/icons.tsx";
import { Swatch } from "../../ui/value.tsx";

const NO_TYPE = 0xffff_ffff;

interface CellProps {
  readonly column: string;
  readonly row: WindowColumns<"events">;
  readonly at: number;
  /** Time of the row above; `undefined` in the first row and while that row is on its way. */
  readonly previousNs: bigint | undefined;
  readonly recording: RecordingInfo;
  readonly kindName: (code: number) => string;
  readonly formatTime: (timestampNs: bigint, digits?: 0 | 3 | 6 | 9) => string;
}

export function EventCell({
  column,
  row,
  at,
  previousNs,
  recording,
  kindName,
  formatTime,
}: CellProps): JSX.Element | string | null {
  switch (column) {
    case "lsn":
      return <span className="num">{formatCount(row.lsn[at]!)}</span>;
    case "time":
      return <span className="num muted">{formatTime(row.timeNs[at]!, 6)}</span>;
    case "since":
      return previousNs === undefined ? null : (
        <span className="num faint">{formatDuration(Number(row.timeNs[at]! - previousNs))}</span>
      );
    case "type": {
      const type = row.eventType[at]!;
      const name = type === NO_TYPE ? kindName(row.kind[at]!) : recording.eventTypes[type]?.name;
      return (
        <span className="events__type" title={name}>
          <Swatch slot={eventSlot(row.kind[at]!, type)} />
          <span className="truncate">{name ?? `event type ${type}`}</span>
        </span>
      );
    }
    case "text": {
      const severity = row.severity[at]!;
      const text = textAt(row.textBytes, row.textEnds, at);
      return (
        <span className={`events__text events__text--${severity}`} title={text}>
          {severity > 0 && <Icon name={severity === 1 ? "warning" : "error"} size={12} />}
          <span className="truncate">{text}</span>
        </span>
      );
    }
    case "duration":
      return row.durationNs[at] === 0n ? null : (
        <span className="num">{formatDuration(Number(row.durationNs[at]))}</span>
      );
    case "page":
      return row.flags[at]! & RecordRowFlag.HasPage ? (
        <PageName id={row.page[at]!} pageType={row.pageType[at]!} />
      ) : null;
    case "source":
      return <span className="truncate">{recording.sources[row.source[at]!]?.name ?? ""}</span>;
    default: {
      const cause = row.cause[at]!;
      return cause === 0 ? null : <LsnLink lsn={cause} inRow />;
    }
  }
}

/** Event types take the palette in order; other kinds of records take what is far from its beginning. */
function eventSlot(kind: number, type: number): number {
  return type === NO_TYPE ? 9 - (kind % 3) : type % 12;
}
