import type { JSX } from "react";
import type { ReplyOf } from "../../../engine/protocol/requests.ts";
import { LsnLink } from "../../client/lsn-link.tsx";
import { formatBytes, formatBytesExact } from "../../ui/format/bytes.ts";
import { formatShare } from "../../ui/format/count.ts";

type Sample = NonNullable<ReplyOf<"gpu.at">["result"]["sample"]>;

interface Figure {
  readonly name: string;
  readonly value: string;
  readonly beside?: string | undefined;
  readonly title?: string;
}

/** The pools and the card by the last sample up to the cursor. */
export function GpuFigures({ sample }: { sample: Sample | null }): JSX.Element {
  if (sample === null)
    return <p className="muted">Up to the cursor no sample of the device's memory was taken.</p>;
  return (
    <>
      <dl className="gpu__figures">
        {figuresOf(sample).map(({ name, value, beside, title }) => (
          <div key={name} className="gpu__figure" title={title}>
            <dt>{name}</dt>
            <dd className="num">
              <b>{value}</b>
              <span className="muted">{beside ?? ""}</span>
            </dd>
          </div>
        ))}
      </dl>
      <p className="faint num">
        Sampled at LSN <LsnLink lsn={sample.lsn} />
      </p>
    </>
  );
}

function figuresOf({ pools, card }: Sample): Figure[] {
  const sum = (pick: (pool: Sample["pools"][number]) => number) =>
    pools.reduce((total, pool) => total + pick(pool), 0);
  const used = sum(({ usedBytes }) => usedBytes);
  const reserved = sum(({ reservedBytes }) => reservedBytes);
  const free = sum(({ freeBytes }) => freeBytes);
  const peak = sum(({ peakUsedBytes }) => peakUsedBytes);
  const largest = Math.max(0, ...pools.map(({ largestFreeBytes }) => largestFreeBytes));
  const bytes = (name: string, value: number, beside?: string): Figure => ({
    name,
    value: formatBytes(value),
    title: formatBytesExact(value),
    beside,
  });
  const figures = [
    bytes("In use", used, reserved > 0 ? `${formatShare(used / reserved)} of reserved` : undefined),
    bytes("Reserved", reserved),
    bytes("Free in the pools", free),
    bytes("Largest free block", largest, free > 0 ? `${formatShare(largest / free)} of free` : undefined),
    bytes("Peak in use", peak),
  ];
  if (card.totalBytes > 0)
    figures.push(bytes("Free on the card", card.freeBytes, `of ${formatBytes(card.totalBytes)}`));
  if (card.utilizationPercent !== null)
    figures.push({ name: "Card busy", value: `${card.utilizationPercent} %` });
  if (card.temperatureCelsius !== null)
    figures.push({ name: "Temperature", value: `${card.temperatureCelsius} °C` });
  if (card.powerMilliwatts !== null)
    figures.push({ name: "Power", value: `${(card.powerMilliwatts / 1000).toFixed(0)} W` });
  return figures;
}
