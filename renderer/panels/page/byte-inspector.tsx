import { type JSX, useState } from "react";
import type { WireFieldType, WireSchemaField } from "../../../engine/protocol/requests/pages.ts";
import { type ByteSelection, useSelection } from "../../state/selection-store.ts";
import { IconButton } from "../../ui/button.tsx";
import { formatRange } from "../../ui/format/bytes.ts";
import { plural } from "../../ui/format/ids.ts";
import { Copyable } from "../../ui/value.tsx";
import { readings } from "./field-values.ts";
import { likelyNumber, nameOf } from "./inspected-bytes.ts";
import type { ByteStretch } from "./page-data.ts";
import { Sparkline } from "./sparkline.tsx";
import { WriteHistory } from "./write-history.tsx";

interface InspectorProps {
  readonly page: bigint;
  readonly lsn: number;
  readonly selected: ByteSelection;
  readonly fields: readonly WireSchemaField[] | null;
  readonly stretch: ByteStretch;
}

/** What the selected bytes are, how they went over time, and who wrote them, when and why. */
export function ByteInspector({ page, lsn, selected, fields, stretch }: InspectorProps): JSX.Element {
  const { start, end } = selected;
  const named = nameOf(fields, selected);
  const [taken, setTaken] = useState<WireFieldType>();
  const from = start - stretch.offset;
  const bytes = from < 0 ? new Uint8Array(0) : stretch.bytes.subarray(from, end - stretch.offset);
  const meanings = readings(bytes.subarray(0, 8));
  const known = named?.number ?? likelyNumber(selected);
  const number = meanings.find(({ type }) => type === taken)?.type ?? known;
  return (
    <section className="inspector" aria-label="Selected bytes">
      <div className="inspector__head">
        <b className="mono">{formatRange(start, end)}</b>
        <span className="muted num">{plural(end - start, "byte")}</span>
        {named !== undefined && (
          <span className="mono truncate" title={`${named.name}: ${named.typeText}`}>
            {named.name}
            <span className="faint"> {named.typeText}</span>
          </span>
        )}
        <span className="spacer" />
        <IconButton
          small
          icon="close"
          label="Deselect the bytes"
          onClick={() => useSelection.getState().selectBytes(undefined)}
        />
      </div>
      <div className="inspector__body">
        {meanings.length > 0 && (
          <ul className="inspector__readings" aria-label="Read as">
            {meanings.map(({ type, value }) => (
              <li key={type} data-shown={type === number ? "" : undefined}>
                <button
                  type="button"
                  className="inspector__type mono"
                  title={`Show its ${type} over time`}
                  aria-pressed={type === number}
                  onClick={() => setTaken(type)}
                >
                  {type}
                </button>
                <Copyable text={value} what={`the ${type}`} className="mono truncate" />
              </li>
            ))}
          </ul>
        )}
        {number !== undefined && <Sparkline page={page} offset={start} type={number} large />}
        <WriteHistory page={page} lsn={lsn} start={start} end={end} />
      </div>
    </section>
  );
}
