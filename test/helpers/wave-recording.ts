import { EVENT_CODE, type EventFields } from "../../engine/events/event-types.ts";
import { idColumnOf } from "../../engine/events/id-column.ts";
import { encodePayload } from "../../engine/events/payload-codec.ts";
import {
  encodeEdge,
  encodeEvent,
  encodeFailure,
  encodePageCreate,
  encodeTransactionEnd,
} from "../../engine/log/record-bodies.ts";
import { RecordFlag, RecordKind } from "../../engine/log/record-kinds.ts";
import { deltaBody, MemorySource } from "./memory-recording.ts";

/**
 * Two waves as a graph writes them (rules E3 and E4). Page 1 is written; 2 and 3 follow from it, 4 from both, 5 from 4, 6 from 2.
 * The first wave computes all; in the second 2 changes, 3 fails, 4 is blocked and 6 cut off.
 */
export const WAVES = {
  first: { begin: 13, write: 14, start: 15, members: [16, 17, 18, 19, 20], end: 21 },
  second: { begin: 23, write: 24, start: 25, members: [26, 27], end: 28 },
  last: 29,
} as const;

const DEPENDENCIES: readonly (readonly [bigint, bigint])[] = [
  [1n, 2n],
  [1n, 3n],
  [2n, 4n],
  [3n, 4n],
  [4n, 5n],
  [2n, 6n],
];

export function waveRecording(blockRecords = 100): MemorySource {
  const source = new MemorySource(blockRecords);
  const epochs = new Map<bigint, number>();
  const event = (type: number, payload: Uint8Array, cause = 0) =>
    source.add({ kind: RecordKind.Event, cause, body: encodeEvent({ eventType: type, payload }) });
  const write = (page: bigint, cause: number, isDerived: boolean) => {
    const epoch = (epochs.get(page) ?? 0) + 1;
    epochs.set(page, epoch);
    const flags = isDerived ? RecordFlag.Derived : 0;
    const from = isDerived ? "graph.sum" : "main";
    return source.add({
      kind: RecordKind.Delta,
      page,
      epoch,
      cause,
      flags,
      source: from,
      body: deltaBody([0, [epoch]]),
    });
  };
  const commit = (cause: number) =>
    source.add({ kind: RecordKind.TransactionCommit, cause, body: encodeTransactionEnd(cause) });
  const waveStart = (cause: number) =>
    event(EVENT_CODE["wave-start"], encodePayload("wave-start", { trigger: "transaction", roots: 1 }), cause);
  const waveEnd = (cause: number, fields: EventFields["wave-end"]) =>
    event(EVENT_CODE["wave-end"], encodePayload("wave-end", fields), cause);

  for (let page = 1n; page <= 6n; page++) {
    const spec = {
      sizeBytes: 8,
      location: "cpu",
      type: "node",
      metadata: new Map(),
      schema: undefined,
    } as const;
    source.add({ kind: RecordKind.PageCreate, page, body: encodePageCreate(spec) });
  }
  for (const [from, to] of DEPENDENCIES) {
    source.add({ kind: RecordKind.EdgeAdd, page: from, body: encodeEdge({ to, type: "data" }) });
  }
  const begin = source.add({ kind: RecordKind.TransactionBegin });
  const root = write(1n, begin, false);
  const first = waveStart(root);
  for (const page of [2n, 3n, 4n, 6n, 5n]) write(page, first, true);
  waveEnd(first, {
    outcome: "complete",
    levels: levels([1, 2, 3], [2, 2, 1], [0, 0, 0], [0, 0, 0]),
    cutOff: idColumnOf([]),
    blocked: idColumnOf([]),
  });
  commit(begin);

  const secondBegin = source.add({ kind: RecordKind.TransactionBegin });
  const again = write(1n, secondBegin, false);
  const second = waveStart(again);
  write(2n, second, true);
  const failure = encodeFailure({ code: "RECOMPUTE_FAILED", message: "division by zero" });
  source.add({ kind: RecordKind.Failure, page: 3n, cause: second, body: failure, source: "graph.sum" });
  waveEnd(second, {
    outcome: "complete",
    levels: levels([1, 2], [2, 0], [0, 1], [0, 1]),
    cutOff: idColumnOf([6n]),
    blocked: idColumnOf([4n]),
  });
  commit(secondBegin);
  return source;
}

function levels(level: number[], members: number[], cutOff: number[], blocked: number[]) {
  return {
    count: level.length,
    level: Uint32Array.from(level),
    members: Uint32Array.from(members),
    cutOff: Uint32Array.from(cutOff),
    blocked: Uint32Array.from(blocked),
  };
}
