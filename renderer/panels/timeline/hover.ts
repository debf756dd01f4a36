import type { Bookmark, RecordingInfo } from "../../../engine/protocol/requests/recordings.ts";
import { KIND_GROUPS, WAVE_STATE } from "../../../engine/protocol/requests/timeline.ts";
import { type Scale, valueAt, xOf } from "../../canvas/viewport.ts";
import { formatBytes } from "../../ui/format/bytes.ts";
import { formatCount } from "../../ui/format/count.ts";
import { plural } from "../../ui/format/ids.ts";
import { formatDuration, formatElapsed } from "../../ui/format/time.ts";
import { lsnAtValue, type TimelineAxis, type TimelineData, valueOfLsn } from "./axis.ts";
import { eventSlot } from "./draw-density.ts";
import type { LaneData } from "./draw-lanes.ts";
import { isMarkOn, type MarkKind, markKind, markX, transactionBox } from "./draw-marks.ts";
import { waveBox } from "./draw-waves.ts";
import { EVENT_ROW_PX, LANE_PX, MOST_EVENT_ROWS, type Track, trackAt } from "./tracks.ts";

export interface HoverFact {
  readonly text: string;
  readonly value?: string;
  readonly slot?: number;
}

export interface HoverInfo {
  readonly title: string;
  readonly facts: readonly HoverFact[];
}

export interface HoverScene {
  readonly axis: TimelineAxis;
  readonly data: TimelineData;
  readonly lanes: LaneData | undefined;
  readonly firstLane: number;
  readonly scale: Scale;
  readonly tracks: readonly Track[];
  readonly bookmarks: readonly Bookmark[];
  readonly recording: RecordingInfo;
}

const MARK_NAMES: Readonly<Record<MarkKind, string>> = {
  checkpoint: "Checkpoint",
  "session-start": "Session begins",
  "session-stop": "Session ends",
  failure: "Failure",
  gap: "Records are missing",
  damage: "Damage",
};

/** How near a mark the pointer must be. */
const NEAR_PX = 6;
const MOST_SOURCES = 6;

/** What lies under the pointer, in words. */
export function describeHover(scene: HoverScene, x: number, y: number): HoverInfo | undefined {
  const column = columnAt(scene, x);
  if (column === undefined) return undefined;
  const track = trackAt(scene.tracks, y);
  const where = whereText(scene, x, column);
  switch (track?.id) {
    case "transactions":
      return describeTransaction(scene, x) ?? { title: where, facts: [groupFact(scene, column, 1)] };
    case "waves":
      return describeWave(scene, x) ?? { title: where, facts: [] };
    case "events":
      return describeEvents(scene, column, y - track.top, where);
    case "marks":
    case "failures":
      return describeMark(scene, track.id, x) ?? { title: where, facts: [] };
    case "bookmarks":
      return describeBookmark(scene, x) ?? { title: where, facts: [] };
    case "pages":
      return describeLane(scene, x, y - track.top, where);
    default:
      return describeDeltas(scene, column, where);
  }
}

function columnAt({ data, scale }: HoverScene, x: number): number | undefined {
  const share = (valueAt(x, scale) - data.span.from) / (data.span.to - data.span.from);
  return share < 0 || share >= 1 ? undefined : Math.floor(share * data.reply.result.columns);
}

function whereText({ axis, data, scale }: HoverScene, x: number, column: number): string {
  const { edgeLsn, edgeTimeNs } = data.reply.columns;
  const from = edgeLsn[column]!;
  const to = edgeLsn[column + 1]!;
  const lsn = lsnAtValue(axis, valueAt(x, scale), data) ?? from;
  const span =
    to - from > 1 && axis.kind === "lsn"
      ? `LSN ${formatCount(Math.ceil(from))} – ${formatCount(Math.ceil(to) - 1)}`
      : `LSN ${formatCount(lsn)}`;
  return `${span} · ${formatElapsed(edgeTimeNs[column]! - axis.originNs)}`;
}

function describeDeltas({ data, recording }: HoverScene, column: number, where: string): HoverInfo {
  const { density, byteDensity } = data.reply.columns;
  const { columns, bands } = data.reply.result;
  const counts = bands
    .map((band, index) => ({ band, count: density[index * columns + column]! }))
    .filter(({ count }) => count > 0)
    .sort((a, b) => b.count - a.count);
  const facts: HoverFact[] = counts.slice(0, MOST_SOURCES).map(({ band, count }) => ({
    text: band.source === null ? band.label : (recording.sources[band.source]?.name ?? band.label),
    value: formatCount(count),
    slot: band.source === null ? 9 : band.colour,
  }));
  if (counts.length > MOST_SOURCES) facts.push({ text: `and ${counts.length - MOST_SOURCES} more sources` });
  if (byteDensity[column]! > 0) facts.push({ text: "in the log", value: formatBytes(byteDensity[column]!) });
  return { title: where, facts: facts.length === 0 ? [{ text: "no deltas" }] : facts };
}

function groupFact({ data }: HoverScene, column: number, group: number): HoverFact {
  const count = data.reply.columns.kindDensity[group * data.reply.result.columns + column]!;
  return { text: KIND_GROUPS[group] ?? "records", value: formatCount(count) };
}

function describeTransaction(scene: HoverScene, x: number): HoverInfo | undefined {
  const { txBeginLsn, txEndLsn, txBeginTimeNs, txEndTimeNs, txOutcome } = scene.data.reply.columns;
  for (let row = 0; row < txBeginLsn.length; row++) {
    const { left, right } = transactionBox(scene.axis, scene.data, scene.scale, row);
    if (x < left - 1 || x > Math.max(right, left + 2)) continue;
    const open = txEndLsn[row] === 0;
    return {
      title: `Transaction ${formatCount(txBeginLsn[row]!)}`,
      facts: [
        { text: "outcome", value: ["never ended", "committed", "aborted"][txOutcome[row]!] ?? "unknown" },
        ...(open
          ? []
          : [
              { text: "records", value: formatCount(txEndLsn[row]! - txBeginLsn[row]! + 1) },
              { text: "duration", value: formatDuration(Number(txEndTimeNs[row]! - txBeginTimeNs[row]!)) },
            ]),
      ],
    };
  }
  return undefined;
}

const WAVE_STATES: Readonly<Record<(typeof WAVE_STATE)[number], string>> = {
  complete: "complete",
  failed: "with failures",
  "cut-short": "cut short",
  open: "no end in the recording",
};

function describeWave(scene: HoverScene, x: number): HoverInfo | undefined {
  const { waveBeginLsn, waveEndLsn, waveBeginTimeNs, waveEndTimeNs, waveState } = scene.data.reply.columns;
  for (let row = 0; row < waveBeginLsn.length; row++) {
    const { left, right } = waveBox(scene.axis, scene.data, scene.scale, row);
    if (x < left - 1 || x > Math.max(right, left + 2)) continue;
    const begin = waveBeginLsn[row]!;
    const records = waveEndLsn[row]! - begin - 1;
    return {
      title: `Wave ${formatCount(begin)}`,
      facts: [
        { text: "outcome", value: WAVE_STATES[WAVE_STATE[waveState[row]!] ?? "open"] },
        ...(records < 0
          ? []
          : [
              { text: "records", value: formatCount(records) },
              {
                text: "duration",
                value: formatDuration(Number(waveEndTimeNs[row]! - waveBeginTimeNs[row]!)),
              },
            ]),
      ],
    };
  }
  return undefined;
}

function describeEvents({ data }: HoverScene, column: number, y: number, where: string): HoverInfo {
  const { eventDensity } = data.reply.columns;
  const { columns, eventBands } = data.reply.result;
  const row = Math.floor(y / EVENT_ROW_PX);
  const facts = eventBands.flatMap((band, index): HoverFact[] => {
    const count = eventDensity[index * columns + column]!;
    const inRow = Math.min(index, MOST_EVENT_ROWS - 1) === row;
    if (!inRow || count === 0) return [];
    return [{ text: band.label, value: formatCount(count), slot: eventSlot(band.eventType) }];
  });
  return { title: where, facts: facts.length === 0 ? [{ text: "no events" }] : facts };
}

function describeMark(scene: HoverScene, track: "marks" | "failures", x: number): HoverInfo | undefined {
  const { markLsn } = scene.data.reply.columns;
  for (let row = 0; row < markLsn.length; row++) {
    const kind = markKind(scene.data, row);
    if (!isMarkOn(track, kind)) continue;
    if (Math.abs(markX(scene.axis, scene.data, scene.scale, row) - x) > NEAR_PX) continue;
    return {
      title: MARK_NAMES[kind],
      facts: [{ text: "LSN", value: formatCount(markLsn[row]!) }],
    };
  }
  return undefined;
}

function describeBookmark({ axis, data, scale, bookmarks }: HoverScene, x: number): HoverInfo | undefined {
  for (const bookmark of bookmarks) {
    const value = valueOfLsn(axis, bookmark.lsn, data);
    if (value === undefined || Math.abs(xOf(value, scale) - x) > NEAR_PX) continue;
    return {
      title: bookmark.name,
      facts: [
        { text: "LSN", value: formatCount(bookmark.lsn) },
        ...(bookmark.note === "" ? [] : [{ text: bookmark.note }]),
      ],
    };
  }
  return undefined;
}

function describeLane(
  { lanes, firstLane, scale, recording }: HoverScene,
  x: number,
  y: number,
  where: string,
): HoverInfo {
  const row = Math.floor(y / LANE_PX + firstLane) - (lanes?.reply.result.firstLane ?? 0);
  const id = lanes?.reply.columns.page[row];
  if (lanes === undefined || id === undefined) return { title: where, facts: [] };
  const { columns, result } = lanes.reply;
  const share = (valueAt(x, scale) - lanes.span.from) / (lanes.span.to - lanes.span.from);
  const column = Math.floor(share * result.columns);
  const writes = share < 0 || share >= 1 ? 0 : columns.activity[row * result.columns + column]!;
  return {
    title: `Page ${id}`,
    facts: [
      { text: recording.pageTypes[columns.pageType[row]!]?.name ?? "no type" },
      { text: where },
      { text: plural(writes, "delta") },
      { text: "created at LSN", value: formatCount(columns.createdLsn[row]!) },
      ...(columns.destroyedLsn[row]! > 0
        ? [{ text: "destroyed at LSN", value: formatCount(columns.destroyedLsn[row]!) }]
        : []),
    ],
  };
}
