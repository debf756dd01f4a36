import { unwrap } from "../base/result.ts";
import type { Cursor } from "../replay/cursor.ts";
import type { Recording } from "../replay/recording.ts";
import { oneLine } from "./command.ts";
import { type JsonRange, type RecordJson, recordJson, recordLine } from "./record-json.ts";
import { durationText, sizeText } from "./text.ts";

const ROW_BYTES = 16;
const INVERSE = "\x1b[7m";
const DIM = "\x1b[2m";
const BOLD = "\x1b[1m";
const RESET = "\x1b[0m";

/** How the terminal can show things. */
export interface Style {
  readonly hasColour: boolean;
}

function styled(text: string, code: string, style: Style): string {
  return style.hasColour ? `${code}${text}${RESET}` : text;
}

export function recordAt(recording: Recording, lsn: number): RecordJson {
  const batch = unwrap(recording.batchAt(lsn));
  return recordJson(batch, batch.rowOf(lsn));
}

/** Where the cursor stands, in a line. */
export function placeLine(cursor: Cursor, style: Style): string {
  const { recording, lsn } = cursor;
  const { source } = recording;
  let since = "";
  if (lsn >= source.firstLsn && lsn <= source.lastLsn) {
    const timeNs = BigInt(recordAt(recording, lsn).timestampNs);
    const firstNs = BigInt(recordAt(recording, source.firstLsn).timestampNs);
    if (timeNs >= firstNs) since = `  +${durationText(timeNs - firstNs)}`;
  }
  const open = cursor.inTransaction ? "  inside a transaction" : "";
  return styled(`LSN ${lsn} of ${recording.lastLsn}${since}${open}`, BOLD, style);
}

/** The records around the cursor, its own marked. */
export function recordLines(cursor: Cursor, before: number, after: number, style: Style): string[] {
  const { recording, lsn } = cursor;
  const lines: string[] = [];
  for (let at = lsn - before; at <= lsn + after; at++) {
    const isThere =
      at >= recording.source.firstLsn && at <= recording.lastLsn && recording.gapAt(at) === undefined;
    if (!isThere) {
      lines.push("");
      continue;
    }
    const line = oneLine(recordLine(recordAt(recording, at)));
    if (at === lsn) lines.push(styled(`▶ ${line}`, BOLD, style));
    else lines.push(at < lsn ? `  ${line}` : styled(`  ${line}`, DIM, style));
  }
  return lines;
}

/** The page that the last record concerns, or another: what it is, and its bytes around those just written, these marked. */
export function pageLines(cursor: Cursor, pageId: bigint, rows: number, style: Style): string[] {
  const { recording, lsn } = cursor;
  const page = unwrap(cursor.page(pageId));
  const about = unwrap(cursor.describe(pageId));
  if (page === undefined || about === undefined) return [`page ${pageId} does not exist here`];
  const ranges = lsn >= recording.source.firstLsn ? rangesAt(recording, lsn, pageId) : [];
  const fields =
    about.schema?.fields.map((field) => `${field.name}: ${field.type}[${field.shape.join("×")}]`) ?? [];
  const what = [
    `page ${pageId}`,
    about.type,
    sizeText(about.sizeBytes),
    about.location,
    `@${page.epoch}`,
    ...fields,
  ];
  const lines = [styled(oneLine(what.join("  ")), BOLD, style)];
  const firstByte = ranges[0]?.offset ?? 0;
  const lastRow = Math.max(0, Math.ceil(page.bytes.length / ROW_BYTES) - rows);
  const firstRow = Math.min(Math.floor(firstByte / ROW_BYTES), lastRow);
  for (let row = firstRow; row < firstRow + rows && row * ROW_BYTES < page.bytes.length; row++)
    lines.push(hexLine(page.bytes, row * ROW_BYTES, ranges, style));
  return lines;
}

function rangesAt(recording: Recording, lsn: number, pageId: bigint): readonly JsonRange[] {
  const record = recordAt(recording, lsn);
  return record.pageId === String(pageId) ? record.ranges : [];
}

function hexLine(bytes: Uint8Array, at: number, ranges: readonly JsonRange[], style: Style): string {
  let hex = "";
  let text = "";
  for (let i = at; i < at + ROW_BYTES; i++) {
    const byte = bytes[i];
    if (byte === undefined) {
      hex += "   ";
      continue;
    }
    const isWritten = ranges.some(({ offset, length }) => offset <= i && i < offset + length);
    const digits = byte.toString(16).padStart(2, "0");
    const mark = style.hasColour ? " " : isWritten ? "*" : " ";
    hex += mark + (isWritten ? styled(digits, INVERSE, style) : digits);
    text += byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : "·";
  }
  return `  ${at.toString(16).padStart(6, "0")} ${hex}  ${text}`;
}
