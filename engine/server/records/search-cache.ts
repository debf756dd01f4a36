import { ok, type Result } from "../../base/result.ts";
import { RecordKind } from "../../log/record-kinds.ts";
import type { RecordFilter } from "../../protocol/requests/filter.ts";
import type { Recording } from "../../replay/recording.ts";
import type { Survey } from "../recording/survey.ts";
import { KindRows } from "./kind-rows.ts";
import { RecordMatcher } from "./record-matcher.ts";
import { RecordSearch } from "./record-search.ts";
import type { RowSet } from "./row-set.ts";
import { ValueSearch } from "./value-search.ts";

export type WindowName = "deltas" | "events";

/** What a window shows where its filter names no kinds. */
const DEFAULT_KINDS: Readonly<Record<WindowName, readonly number[]>> = {
  deltas: [RecordKind.Delta],
  events: [
    RecordKind.Event,
    RecordKind.Failure,
    RecordKind.SessionStart,
    RecordKind.SessionStop,
    RecordKind.Checkpoint,
    RecordKind.Gap,
    RecordKind.ForeignFrame,
  ],
};

/** Searches kept, least recently used first out. A panel has one; a person who types makes one a pause. */
const MAX_SEARCHES = 16;
const MAX_BYTES = 64 << 20;

/** The row sets of one recording, by filter: whoever asks with the same filter shares the work. */
export class SearchCache {
  readonly #recording: Recording;
  readonly #survey: Survey;
  readonly #rows = new Map<string, RowSet>();

  constructor(recording: Recording, survey: Survey) {
    this.#recording = recording;
    this.#survey = survey;
  }

  /** `ARGUMENT_INVALID` where the filter makes no sense. */
  rowsFor(window: WindowName, filter: RecordFilter): Result<RowSet> {
    const key = keyOf(window, filter);
    let rows = this.#rows.get(key);
    if (rows === undefined) {
      const matcher = RecordMatcher.create(
        this.#recording,
        this.#survey.eventTypes,
        filter,
        DEFAULT_KINDS[window],
      );
      if (!matcher.ok) return matcher;
      const { kinds, watch } = matcher.value;
      if (isByKindOnly(filter)) rows = new KindRows(this.#recording, this.#survey, kinds);
      else if (watch?.looksAtBytes === true && kinds[RecordKind.Delta] !== 0)
        rows = new ValueSearch(this.#recording, matcher.value, watch);
      else rows = new RecordSearch(this.#recording, this.#survey, matcher.value);
    }
    this.#rows.delete(key);
    this.#rows.set(key, rows);
    this.#evict(rows);
    return ok(rows);
  }

  #evict(newest: RowSet): void {
    let bytes = 0;
    for (const rows of this.#rows.values()) bytes += rows.sizeBytes;
    for (const [key, rows] of this.#rows) {
      if (rows === newest || (this.#rows.size <= MAX_SEARCHES && bytes <= MAX_BYTES)) return;
      this.#rows.delete(key);
      bytes -= rows.sizeBytes;
    }
  }

  dispose(): void {
    this.#rows.clear();
  }
}

/** The same conditions give the same key, in whatever order they stand. */
function keyOf(window: WindowName, filter: RecordFilter): string {
  const entries = Object.entries(filter)
    .filter(([, value]) => value !== undefined && value !== "")
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify([window, entries], (_, value: unknown) =>
    typeof value === "bigint" ? `${value}n` : value,
  );
}

function isByKindOnly(filter: RecordFilter): boolean {
  return Object.entries(filter).every(
    ([name, value]) => name === "kinds" || value === undefined || value === "",
  );
}
