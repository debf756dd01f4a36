import { ok, type Result } from "../../base/result.ts";
import { EVENT_CODE, WAVE_OUTCOMES } from "../../events/event-types.ts";
import { decodePayload } from "../../events/payload-codec.ts";
import { lastAtMost } from "../../log/index/growable.ts";
import { decodeEvent } from "../../log/record-bodies.ts";
import { MARK_KINDS, WAVE_STATE } from "../../protocol/requests/timeline.ts";
import type { OpenedRecording } from "../recording/opened-recording.ts";
import type { Axis } from "./axis.ts";

/** Beyond this a viewport shows them as density: two a pixel column cannot be told apart anyway. */
const MAX_LISTED = 2000;
const START = EVENT_CODE["wave-start"];
const END = EVENT_CODE["wave-end"];

interface WavesIn {
  readonly isListed: boolean;
  readonly columns: {
    readonly waveBeginLsn: Float64Array;
    readonly waveEndLsn: Float64Array;
    readonly waveBeginTimeNs: BigUint64Array;
    readonly waveEndTimeNs: BigUint64Array;
    readonly waveState: Uint8Array;
  };
}

interface Wave {
  readonly begin: number;
  /** 0 = not known. */
  end: number;
}

/** The waves that touch a viewport, one by one where there are few. */
export function wavesIn(opened: OpenedRecording, axis: Axis): Result<WavesIn> {
  const none = ok({ isListed: true, columns: columnsOf([], opened, axis) });
  const number = opened.survey.eventTypes.find(START);
  if (number < 0 || axis.lastLsn < axis.firstLsn) return none;
  const { index } = opened.recording;
  const first = Math.ceil(axis.firstLsn);
  const last = Math.floor(axis.lastLsn);
  // A wave stands inside a transaction: what is under way at the viewport's beginning began in the one that is open there.
  const open = index.openTransaction(first - 1);
  if (!open.ok) return open;
  const from = open.value === 0 ? first : open.value;
  const waves: Wave[] = [];
  for (let run = Math.max(0, index.findRun(from)); run < index.runCount; run++) {
    const { firstLsn } = index.header(run);
    // One that is open at the viewport's end is followed to its end.
    if (firstLsn > last && waves.at(-1)?.end !== 0) break;
    const loaded = index.columns(run);
    if (!loaded.ok) return loaded;
    const { eventOffset, eventType } = loaded.value;
    let at = lastAtMost(eventOffset, 0, eventOffset.length, from - 1 - firstLsn) + 1;
    for (; at < eventOffset.length; at++) {
      const lsn = firstLsn + eventOffset[at]!;
      const wave = waves.at(-1);
      if (lsn > last && wave?.end !== 0) break;
      if (eventType[at] === END && wave?.end === 0) {
        wave.end = lsn;
        if (lsn < first) waves.pop();
      } else if (eventType[at] === START && lsn <= last) {
        if (waves.length >= MAX_LISTED) {
          return ok({ isListed: false, columns: columnsOf([], opened, axis) });
        }
        waves.push({ begin: lsn, end: 0 });
      }
    }
  }
  return ok({ isListed: true, columns: columnsOf(waves, opened, axis) });
}

function columnsOf(waves: readonly Wave[], opened: OpenedRecording, axis: Axis): WavesIn["columns"] {
  const { lastLsn } = opened.recording;
  return {
    waveBeginLsn: Float64Array.from(waves, ({ begin }) => begin),
    waveEndLsn: Float64Array.from(waves, ({ end }) => end),
    waveBeginTimeNs: BigUint64Array.from(waves, ({ begin }) => axis.timeNsOf(begin)),
    waveEndTimeNs: BigUint64Array.from(waves, ({ end }) => axis.timeNsOf(end === 0 ? lastLsn : end)),
    waveState: Uint8Array.from(waves, (wave) => WAVE_STATE.indexOf(stateOf(wave, opened, axis))),
  };
}

/** How it went. Whether it was cut short stands in its end alone, which is read only where its block has been read anyway. */
function stateOf({ begin, end }: Wave, opened: OpenedRecording, axis: Axis): (typeof WAVE_STATE)[number] {
  if (end === 0) return "open";
  if (axis.isExact && end <= axis.lastLsn) {
    const batch = opened.recording.batchAt(end);
    const body = batch.ok ? decodeEvent(batch.value.body(batch.value.rowOf(end))) : batch;
    const told = body.ok ? decodePayload(body.value.eventType, body.value.payload) : body;
    const wave = told.ok && told.value?.type === "wave-end" ? told.value.fields : undefined;
    if (wave !== undefined && wave.outcome !== WAVE_OUTCOMES[0]) return "cut-short";
    if (wave !== undefined && wave.blocked.count > 0) return "failed";
  }
  const { lsn, kind } = opened.survey.marks;
  const failure = MARK_KINDS.indexOf("failure");
  for (
    let at = lastAtMost(lsn.data, 0, lsn.length, begin) + 1;
    at < lsn.length && lsn.data[at]! < end;
    at++
  ) {
    if (kind.data[at] === failure) return "failed";
  }
  return "complete";
}
