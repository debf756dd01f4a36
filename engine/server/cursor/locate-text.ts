import { fail, ok, type Result } from "../../base/result.ts";
import type { Recording } from "../../replay/recording.ts";

/** A place in a recording as a person writes it. */
export type Target = { readonly lsn: number } | { readonly timeNs: bigint };

const UNIT_NS: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1000n,
  µs: 1000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  min: 60_000_000_000n,
  h: 3_600_000_000_000n,
};
const DAY_NS = 86_400_000_000_000n;

/** Reads what stands in the "go to" field; the forms are listed at `locate` in `protocol/requests/cursor.ts`. */
export function parseTarget(text: string, recording: Recording): Result<Target> {
  const wanted = text.trim().toLowerCase();
  if (wanted === "start" || wanted === "begin") return ok({ lsn: recording.firstLsn });
  if (wanted === "end") return ok({ lsn: recording.committedLsn });
  return (
    asLsn(wanted) ??
    asPercent(wanted, recording) ??
    asSpan(wanted, recording) ??
    asDate(text.trim(), recording) ??
    asClock(wanted, recording) ??
    fail("ARGUMENT_INVALID", `'${text.slice(0, 100)}' is no place in a recording`, FORMS)
  );
}

const FORMS =
  "Write an LSN (12345), a time since the start (+1.5s) or before the end (-20ms), 50%, a time of day (10:20:30) or a date";

function asLsn(text: string): Result<Target> | undefined {
  const match = /^(?:lsn\s*|#)?(\d[\d,_' ]*)$/.exec(text);
  if (match === null) return undefined;
  const lsn = Number(match[1]!.replace(/[,_' ]/g, ""));
  return Number.isSafeInteger(lsn) ? ok({ lsn }) : undefined;
}

function asPercent(text: string, { firstLsn, lastLsn }: Recording): Result<Target> | undefined {
  const match = /^(\d+(?:\.\d+)?)\s*%$/.exec(text);
  if (match === null || Number(match[1]) > 100) return undefined;
  return ok({ lsn: Math.round(firstLsn + ((lastLsn - firstLsn) * Number(match[1])) / 100) });
}

function asSpan(text: string, { index }: Recording): Result<Target> | undefined {
  const match = /^([+-])\s*(\d+(?:\.\d+)?)\s*(ns|us|µs|ms|s|min|m|h)$/.exec(text);
  if (match === null) return undefined;
  const { firstTimeNs, lastTimeNs } = index.tables;
  const span = scaled(match[2]!, UNIT_NS[match[3]!]!);
  const timeNs = match[1] === "+" ? firstTimeNs + span : lastTimeNs - span;
  return ok({ timeNs: timeNs < 0n ? 0n : timeNs });
}

function asDate(text: string, _recording: Recording): Result<Target> | undefined {
  const match =
    /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2})?)(\.\d{1,9})?(Z|[+-]\d{2}:\d{2})?)?$/i.exec(text);
  if (match === null) return undefined;
  const clock = match[2] ?? "00:00:00";
  const zone = match[4] ?? "Z";
  const ms = Date.parse(`${match[1]}T${clock.length === 5 ? `${clock}:00` : clock}${zone}`);
  if (Number.isNaN(ms) || ms < 0) return undefined;
  return ok({ timeNs: BigInt(ms) * 1_000_000n + fraction(match[3]) });
}

/** On the first record's day in UTC, or the next day where that would lie before it. */
function asClock(text: string, { index }: Recording): Result<Target> | undefined {
  const match = /^(\d{1,2}):(\d{2})(?::(\d{2})(\.\d{1,9})?)?$/.exec(text);
  if (match === null) return undefined;
  const [hours, minutes, seconds] = [Number(match[1]), Number(match[2]), Number(match[3] ?? 0)];
  if (hours > 23 || minutes > 59 || seconds > 59) return undefined;
  const { firstTimeNs } = index.tables;
  const ofDay = BigInt(hours * 3600 + minutes * 60 + seconds) * 1_000_000_000n + fraction(match[4]);
  const day = firstTimeNs - (firstTimeNs % DAY_NS);
  const timeNs = day + ofDay;
  return ok({
    timeNs: match[3] !== undefined && timeNs + 1_000_000_000n <= firstTimeNs ? timeNs + DAY_NS : timeNs,
  });
}

function fraction(digits: string | undefined): bigint {
  return digits === undefined ? 0n : BigInt(digits.slice(1).padEnd(9, "0"));
}

/** A decimal number times a unit, without rounding through a double. */
function scaled(decimal: string, unitNs: bigint): bigint {
  const [whole, digits = ""] = decimal.split(".");
  const scale = 10n ** BigInt(digits.length);
  return (BigInt(whole! + digits) * unitNs) / scale;
}
