import type { Bookmark } from "../../../engine/protocol/requests/recordings.ts";
import { MARK_KINDS } from "../../../engine/protocol/requests/timeline.ts";
import type { Palette } from "../../canvas/colours.ts";
import type { DrawContext } from "../../canvas/use-canvas.ts";
import { type Scale, xOf } from "../../canvas/viewport.ts";
import { elapsed, type TimelineAxis, type TimelineData, valueOfLsn } from "./axis.ts";
import { spanBox } from "./span-box.ts";
import type { Track } from "./tracks.ts";

/** Transactions as boxes from begin to end. */
export function drawTransactions(
  context: DrawContext,
  axis: TimelineAxis,
  data: TimelineData,
  scale: Scale,
  palette: Palette,
  track: Track,
): void {
  const { txBeginLsn, txOutcome } = data.reply.columns;
  context.globalAlpha = 0.6;
  for (let row = 0; row < txBeginLsn.length; row++) {
    const { left, right } = transactionBox(axis, data, scale, row);
    if (right < 0 || left > scale.widthPx) continue;
    context.fillStyle = outcomeColour(txOutcome[row]!, palette);
    context.fillRect(
      left,
      track.top + 3,
      Math.max(1, right - left - (right - left > 4 ? 1 : 0)),
      track.height - 6,
    );
  }
  context.globalAlpha = 1;
}

function outcomeColour(outcome: number, palette: Palette): string {
  if (outcome === 1) return palette["border-strong"];
  return outcome === 2 ? palette.danger : palette.warn;
}

export function transactionBox(
  axis: TimelineAxis,
  data: TimelineData,
  scale: Scale,
  row: number,
): { left: number; right: number } {
  const { txBeginLsn, txEndLsn, txBeginTimeNs, txEndTimeNs } = data.reply.columns;
  return spanBox(axis, scale, txBeginLsn[row]!, txEndLsn[row]!, txBeginTimeNs[row]!, txEndTimeNs[row]!);
}

export function markX(axis: TimelineAxis, data: TimelineData, scale: Scale, row: number): number {
  const { markLsn, markTimeNs } = data.reply.columns;
  return xOf(axis.kind === "lsn" ? markLsn[row]! + 0.5 : elapsed(axis, markTimeNs[row]!), scale);
}

export type MarkKind = (typeof MARK_KINDS)[number];

export function markKind(data: TimelineData, row: number): MarkKind {
  return MARK_KINDS[data.reply.columns.markKind[row]!] ?? "damage";
}

/** Whether a mark stands on this track: what went wrong has one of its own. */
export function isMarkOn(track: "marks" | "failures", kind: MarkKind): boolean {
  return (track === "failures") === (kind === "failure" || kind === "gap" || kind === "damage");
}

/** Checkpoints as diamonds, the session's ends as bars. */
export function drawMarks(
  context: DrawContext,
  axis: TimelineAxis,
  data: TimelineData,
  scale: Scale,
  palette: Palette,
  track: Track,
): void {
  const { markLsn } = data.reply.columns;
  const middle = track.top + track.height / 2;
  for (let row = 0; row < markLsn.length; row++) {
    const kind = markKind(data, row);
    const x = markX(axis, data, scale, row);
    if (x < -8 || x > scale.widthPx + 8 || !isMarkOn("marks", kind)) continue;
    if (kind === "checkpoint") drawCheckpoint(context, x, middle, palette);
    else drawSessionEnd(context, kind === "session-start", x, middle, palette);
  }
}

/** Failures as crosses, where they stand too close as ticks; missing and damaged records as triangles. */
export function drawFailures(
  context: DrawContext,
  axis: TimelineAxis,
  data: TimelineData,
  scale: Scale,
  palette: Palette,
  track: Track,
): void {
  const rows = Array.from(data.reply.columns.markLsn.keys()).filter((row) =>
    isMarkOn("failures", markKind(data, row)),
  );
  const places = rows.map((row) => markX(axis, data, scale, row));
  const middle = track.top + track.height / 2;
  context.strokeStyle = palette.danger;
  context.fillStyle = palette.danger;
  context.lineWidth = 2;
  for (const [at, x] of places.entries()) {
    if (x < -8 || x > scale.widthPx + 8) continue;
    const room = Math.min(
      x - (places[at - 1] ?? Number.NEGATIVE_INFINITY),
      (places[at + 1] ?? Number.POSITIVE_INFINITY) - x,
    );
    context.beginPath();
    if (markKind(data, rows[at]!) !== "failure") {
      context.moveTo(x, middle - 6);
      context.lineTo(x + 6, middle + 5);
      context.lineTo(x - 6, middle + 5);
      context.fill();
      continue;
    }
    if (room < CROSS_PX) {
      context.fillRect(x - 0.5, middle - 5, 1, 10);
      continue;
    }
    context.moveTo(x - 3.5, middle - 3.5);
    context.lineTo(x + 3.5, middle + 3.5);
    context.moveTo(x + 3.5, middle - 3.5);
    context.lineTo(x - 3.5, middle + 3.5);
    context.stroke();
  }
}

/** The least distance at which two crosses can be told apart. */
const CROSS_PX = 9;

function drawCheckpoint(context: DrawContext, x: number, y: number, palette: Palette): void {
  context.fillStyle = palette.accent;
  context.beginPath();
  context.moveTo(x, y - 5);
  context.lineTo(x + 4, y);
  context.lineTo(x, y + 5);
  context.lineTo(x - 4, y);
  context.fill();
}

function drawSessionEnd(
  context: DrawContext,
  isStart: boolean,
  x: number,
  y: number,
  palette: Palette,
): void {
  context.fillStyle = palette.ok;
  context.fillRect(x - 1, y - 5, 2, 10);
  context.fillRect(isStart ? x : x - 4, y - 5, 4, 4);
}

/** Flags, each with its name where there is room until the next one. */
export function drawBookmarks(
  context: DrawContext,
  axis: TimelineAxis,
  data: TimelineData | undefined,
  scale: Scale,
  palette: Palette,
  track: Track,
  bookmarks: readonly Bookmark[],
): void {
  const places = bookmarks.flatMap((bookmark) => {
    const value = valueOfLsn(axis, bookmark.lsn, data);
    return value === undefined ? [] : [{ bookmark, x: xOf(value, scale) }];
  });
  context.font = `500 11px ${palette.fontUi}`;
  context.textBaseline = "middle";
  for (let at = 0; at < places.length; at++) {
    const { bookmark, x } = places[at]!;
    if (x < -200 || x > scale.widthPx) continue;
    context.fillStyle = palette.warn;
    context.fillRect(x - 0.5, track.top, 1.5, track.height);
    context.beginPath();
    context.moveTo(x + 1, track.top + 1);
    context.lineTo(x + 9, track.top + 4.5);
    context.lineTo(x + 1, track.top + 8);
    context.fill();
    const room = (places[at + 1]?.x ?? scale.widthPx) - x - 16;
    if (room < 24) continue;
    context.fillStyle = palette["text-muted"];
    context.fillText(fitText(context, bookmark.name, room), x + 12, track.top + track.height / 2);
  }
}

/** The text, cut with an ellipsis where it is wider than `widthPx`. */
export function fitText(context: DrawContext, text: string, widthPx: number): string {
  if (context.measureText(text).width <= widthPx) return text;
  let low = 0;
  let high = text.length;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (context.measureText(`${text.slice(0, middle)}…`).width <= widthPx) low = middle;
    else high = middle - 1;
  }
  return low === 0 ? "" : `${text.slice(0, low)}…`;
}

/** Stretches of LSNs that the file lost, over all tracks. */
export function drawGaps(
  context: DrawContext,
  axis: TimelineAxis,
  data: TimelineData | undefined,
  scale: Scale,
  palette: Palette,
  gaps: readonly { readonly fromLsn: number; readonly toLsn: number }[],
  heightPx: number,
): void {
  context.fillStyle = palette.danger;
  for (const gap of gaps) {
    const from = valueOfLsn(axis, gap.fromLsn - 0.5, data);
    const to = valueOfLsn(axis, gap.toLsn + 0.5, data);
    if (from === undefined || to === undefined) continue;
    const left = xOf(from, scale);
    context.globalAlpha = 0.16;
    context.fillRect(left, 0, Math.max(2, xOf(to, scale) - left), heightPx);
    context.globalAlpha = 1;
    context.fillRect(left, 0, 1, heightPx);
  }
}
