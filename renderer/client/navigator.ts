import type { MmsbError } from "../../engine/base/errors.ts";
import { fail, ok, type Result } from "../../engine/base/result.ts";
import type { Subscription } from "../../engine/protocol/client.ts";
import type { RecordingInfo } from "../../engine/protocol/requests/recordings.ts";
import type { ParamsOf } from "../../engine/protocol/requests.ts";
import { type PlaybackMode, useCursor } from "../state/cursor-store.ts";
import { useSelection } from "../state/selection-store.ts";
import type { RecordingSession } from "./recording-session.ts";

export type StepUnit = ParamsOf<"cursor.step">["by"];

interface WaitingSteps {
  readonly by: StepUnit;
  /** Negative = backward. */
  count: number;
}

/** Places that playback may send ahead of what was drawn. */
const PLAYBACK_CREDIT = 2;

/** Moves the cursor: the one place that panels, toolbar and shortcuts go through. */
export class Navigator {
  readonly #session: RecordingSession;
  #waiting: WaitingSteps | undefined;
  #stepping = false;
  #direction: 1 | -1 = 1;
  #playback: Subscription | undefined;
  readonly #onError: (error: MmsbError) => void;

  constructor(session: RecordingSession, onError: (error: MmsbError) => void) {
    this.#session = session;
    this.#onError = onError;
  }

  /** Puts the cursor at an LSN, kept inside the recording. Stops playback. */
  seek(lsn: number): void {
    const { recording } = this.#session.snapshot();
    if (recording === undefined) return;
    this.pause();
    this.#waiting = undefined;
    useCursor.getState().setLsn(clampLsn(lsn, recording));
  }

  toStart(): void {
    const { recording } = this.#session.snapshot();
    if (recording !== undefined) this.seek(genesisLsn(recording));
  }

  toEnd(): void {
    const { recording } = this.#session.snapshot();
    if (recording !== undefined) this.seek(recording.lastLsn);
  }

  /** One step. Steps that come faster than answers are added up and asked for together. */
  step(by: StepUnit, backward: boolean): void {
    this.pause();
    const one = backward ? -1 : 1;
    this.#direction = one;
    const { recording } = this.#session.snapshot();
    if (by === "record" && recording !== undefined && !this.#stepping) {
      // Needs no answer: the next record is known, so the key press itself moves the cursor.
      useCursor.getState().setLsn(nextRecordLsn(useCursor.getState().lsn, one, recording));
      return;
    }
    if (this.#waiting?.by === by) this.#waiting.count += one;
    else this.#waiting = { by, count: one };
    if (!this.#stepping) void this.#runSteps();
  }

  /** Where another step by one record would lead, in the direction of the last one; `undefined` at the end of the recording. */
  nextLsn(): number | undefined {
    const { recording } = this.#session.snapshot();
    if (recording === undefined) return undefined;
    const { lsn } = useCursor.getState();
    const next = nextRecordLsn(lsn, this.#direction, recording);
    return next === lsn ? undefined : next;
  }

  async #runSteps(): Promise<void> {
    this.#stepping = true;
    while (this.#waiting !== undefined) {
      const { by, count } = this.#waiting;
      this.#waiting = undefined;
      if (count !== 0) await this.#runStep(by, count);
    }
    this.#stepping = false;
  }

  async #runStep(by: StepUnit, count: number): Promise<void> {
    const { client } = this.#session;
    const { recording } = this.#session.snapshot();
    const page = useSelection.getState().page;
    if (client === undefined || recording === undefined) return;
    if (by === "page-delta" && page === undefined) return;
    const from = useCursor.getState().lsn;
    const landed = await client.request("cursor.step", {
      recording: recording.recording,
      lsn: from,
      by,
      backward: count < 0,
      count: Math.min(Math.abs(count), 1_000_000),
      ...(by === "page-delta" && page !== undefined && { page }),
    });
    // Someone else moved the cursor meanwhile: that was later, so it stands.
    if (useCursor.getState().lsn !== from) return;
    if (landed.ok) useCursor.getState().setLsn(landed.value.result.lsn);
    else this.#onError(landed.error);
  }

  /** Goes to what a person typed: an LSN, a time, a share, `start`, `end`. */
  async locate(text: string): Promise<Result<number>> {
    const { client } = this.#session;
    const { recording } = this.#session.snapshot();
    if (client === undefined || recording === undefined) {
      return fail("RECORDING_NOT_OPEN", "no recording is open", "Open one first");
    }
    const found = await client.request("cursor.locate", {
      recording: recording.recording,
      text: text.trim().slice(0, 100) || " ",
      lsn: useCursor.getState().lsn,
    });
    if (!found.ok) return found;
    this.seek(found.value.result.lsn);
    return ok(found.value.result.lsn);
  }

  togglePlay(): void {
    if (useCursor.getState().playing) this.pause();
    else this.play();
  }

  play(): void {
    const { client } = this.#session;
    const { recording } = this.#session.snapshot();
    if (client === undefined || recording === undefined) return;
    this.pause();
    const cursor = useCursor.getState();
    const fromLsn = cursor.lsn >= recording.lastLsn ? genesisLsn(recording) : cursor.lsn;
    cursor.setLsn(fromLsn);
    cursor.setPlaying(true);
    const subscription = client.subscribe(
      "playback",
      {
        recording: recording.recording,
        fromLsn,
        mode: cursor.playbackMode,
        speed: cursor.playbackSpeed,
        backward: false,
      },
      {
        credit: PLAYBACK_CREDIT,
        onUpdate: ({ result }) => {
          if (this.#playback !== subscription) return;
          useCursor.getState().setLsn(result.lsn);
          // Credit goes back when the place was drawn: a slow window skips places instead of queueing them.
          requestAnimationFrame(() => subscription.grant(1));
        },
        onEnd: (error) => {
          if (this.#playback !== subscription) return;
          this.#playback = undefined;
          useCursor.getState().setPlaying(false);
          if (error !== undefined && error.code !== "CANCELLED") this.#onError(error);
        },
      },
    );
    this.#playback = subscription;
  }

  pause(): void {
    const playback = this.#playback;
    this.#playback = undefined;
    playback?.close();
    if (useCursor.getState().playing) useCursor.getState().setPlaying(false);
  }

  /** Takes effect at once, also while playing. */
  setPlayback(mode: PlaybackMode, speed: number): void {
    useCursor.getState().setPlayback(mode, speed);
    if (useCursor.getState().playing) this.play();
  }
}

/** The LSN of the state before the first record that is kept. */
export function genesisLsn(recording: RecordingInfo): number {
  return Math.max(0, recording.firstLsn - 1);
}

/** The record after or before an LSN, over what was lost; the LSN itself where there is none. */
export function nextRecordLsn(
  lsn: number,
  direction: 1 | -1,
  { firstLsn, lastLsn, gaps }: Pick<RecordingInfo, "firstLsn" | "lastLsn" | "gaps">,
): number {
  let next = lsn + direction;
  // In LSN order; two may touch.
  for (const gap of direction > 0 ? gaps : gaps.toReversed())
    if (gap.fromLsn <= next && next <= gap.toLsn) next = direction > 0 ? gap.toLsn + 1 : gap.fromLsn - 1;
  return next > lastLsn || next < firstLsn ? lsn : next;
}

export function clampLsn(lsn: number, recording: RecordingInfo): number {
  return Math.min(Math.max(Math.round(lsn), genesisLsn(recording)), recording.lastLsn);
}
