import type { OpenedRecording } from "../recording/opened-recording.ts";
import { eventTypeName } from "../records/event-text.ts";

/** Rows of a density matrix that stand for themselves; whatever is left shares one more. */
const MAX_BANDS = 15;
const MAX_EVENT_BANDS = 15;

/** Which row of a matrix something counts for. */
export class Bands {
  readonly labels: readonly string[];
  /** What each row stands for; the one that gathers the rest has none. */
  readonly sources: readonly number[];
  readonly #rowOf = new Map<number, number>();
  readonly #rest: number;

  constructor(chosen: readonly number[], total: number, labelOf: (number: number) => string) {
    this.sources = chosen;
    const hasRest = total > chosen.length || chosen.length === 0;
    this.labels = [...chosen.map(labelOf), ...(hasRest ? ["others"] : [])];
    for (const [row, number] of chosen.entries()) this.#rowOf.set(number, row);
    this.#rest = this.labels.length - 1;
  }

  /** The last row takes what has none of its own. */
  of(number: number): number {
    return this.#rowOf.get(number) ?? this.#rest;
  }
}

/** The busiest sources of deltas, in order of first appearance so that rows keep their order. */
export function busiestSources({ recording }: OpenedRecording): Bands {
  const { sources, sourceRecords } = recording.index.tables;
  return new Bands(
    busiest(sources.texts.length, MAX_BANDS, (source) => sourceRecords.data[source]!),
    sources.texts.length,
    (source) => sources.texts[source]!,
  );
}

export function eventBands({ survey }: OpenedRecording): Bands {
  const { eventTypes } = survey;
  return new Bands(
    busiest(eventTypes.codes.length, MAX_EVENT_BANDS, (number) => eventTypes.occurrences(number)),
    eventTypes.codes.length,
    (number) => eventTypeName(eventTypes.codes[number]!),
  );
}

/** The `limit` numbers below `count` with the greatest weights, ascending. */
function busiest(count: number, limit: number, weight: (number: number) => number): number[] {
  const chosen: number[] = [];
  for (let number = 0; number < count; number++) {
    if (chosen.length === limit && weight(number) <= weight(chosen[limit - 1]!)) continue;
    if (chosen.length === limit) chosen.pop();
    let at = chosen.length;
    while (at > 0 && weight(chosen[at - 1]!) < weight(number)) at--;
    chosen.splice(at, 0, number);
  }
  return chosen.sort((a, b) => a - b);
}
