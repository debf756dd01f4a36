import fc from "fast-check";
import type { JsonValue } from "../../engine/base/json.ts";
import {
  ALLOCATION_ACTIONS,
  CHECKPOINT_KINDS,
  COPY_DIRECTIONS,
  EDGE_KINDS,
  EVENT_LOCATIONS,
  type EventFields,
  eventTypeOf,
  type KnownEventType,
  LOG_LEVELS,
  type MmsbEvent,
  WAVE_OUTCOMES,
  WAVE_TRIGGERS,
} from "../../engine/events/event-types.ts";
import { idColumnOf } from "../../engine/events/id-column.ts";

/** Events of every type, whatever their fields may hold. */

const size = fc.oneof(fc.nat(200), fc.maxSafeNat());
const id = fc.oneof(fc.bigInt({ min: 0n, max: 300n }), fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }));
const text = fc.string({ unit: "binary", maxLength: 12 });
const json = fc.jsonValue({ maxDepth: 2 }).map((value) => JSON.parse(JSON.stringify(value)) as JsonValue);
const location = fc.constantFrom(...EVENT_LOCATIONS);
const nothing = fc.constant({});

const withData = <T extends object>(fields: fc.Arbitrary<T>) =>
  fc.oneof(
    fields,
    fc.tuple(fields, json).map(([some, data]) => ({ ...some, data })),
  );

const waveLevel = fc.tuple(
  fc.nat(3),
  fc.nat(9),
  fc.uniqueArray(id, { maxLength: 4 }),
  fc.uniqueArray(id, { maxLength: 3 }),
);

export const waveEnds: fc.Arbitrary<EventFields["wave-end"]> = fc
  .tuple(fc.constantFrom(...WAVE_OUTCOMES), fc.array(waveLevel, { maxLength: 6 }))
  .map(([outcome, rows]) => {
    let next = 0;
    const level = rows.map(([gap]) => {
      const at = next + gap;
      next = at + 1;
      return at;
    });
    return {
      outcome,
      levels: {
        count: rows.length,
        level: Uint32Array.from(level),
        members: Uint32Array.from(rows, ([, members]) => members),
        cutOff: Uint32Array.from(rows, ([, , cutOff]) => cutOff.length),
        blocked: Uint32Array.from(rows, ([, , , blocked]) => blocked.length),
      },
      cutOff: idColumnOf(rows.flatMap(([, , cutOff]) => cutOff)),
      blocked: idColumnOf(rows.flatMap(([, , , blocked]) => blocked)),
    };
  });

const work = { stream: size, sizeBytes: size, durationNs: size };
const time = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
const maybe = fc.option(fc.nat(1000), { nil: undefined });

/** As the first recordings have it, or with when it happened and what came with that. */
function eitherVersion<T extends object, U extends object>(first: fc.Arbitrary<T>, more: fc.Arbitrary<U>) {
  return fc.oneof(
    first,
    fc.tuple(first, more, time).map(([old, added, timeNs]) => ({ ...old, ...added, timeNs })),
  );
}

const arenaUse = fc
  .tuple(size, fc.array(fc.tuple(fc.nat(5), fc.integer({ min: 1, max: 900 })), { maxLength: 5 }), fc.nat(7))
  .map(([arena, runs, rest]) => {
    let at = 0;
    const used = runs.map(([gap, granules]) => {
      const offset = at + gap * 256;
      at = offset + granules * 256;
      return { offset, sizeBytes: granules * 256 };
    });
    return { arena, sizeBytes: at + rest * 256, used };
  });

export const EVENT_FIELDS: { readonly [T in KnownEventType]: fc.Arbitrary<EventFields[T]> } = {
  mark: withData(fc.record({ name: text.map((name) => name.replaceAll("\0", "")) })),
  log: withData(fc.record({ level: fc.constantFrom(...LOG_LEVELS), message: text })),
  "wave-start": fc.record({ trigger: fc.constantFrom(...WAVE_TRIGGERS), roots: size }),
  "wave-end": waveEnds,
  allocation: eitherVersion(
    fc.record({
      action: fc.constantFrom(...ALLOCATION_ACTIONS),
      location,
      sizeBytes: size,
      usedBytes: size,
      durationNs: size,
      pool: text,
    }),
    nothing,
  ),
  "kernel-launch": eitherVersion(fc.record({ kernel: text, ...work }), fc.record({ count: size })),
  copy: eitherVersion(
    fc.record({ direction: fc.constantFrom(...COPY_DIRECTIONS), ...work }),
    fc.record({ isPrefetch: fc.boolean() }),
  ),
  "device-sample": fc.record({
    timeNs: time,
    droppedRows: size,
    card: fc.record({
      freeBytes: size,
      totalBytes: size,
      utilizationPercent: maybe,
      temperatureCelsius: maybe,
      powerMilliwatts: maybe,
    }),
    pools: fc.array(
      fc.record({
        pool: text,
        usedBytes: size,
        reservedBytes: size,
        peakUsedBytes: size,
        peakReservedBytes: size,
        largestFreeBytes: size,
        pages: size,
        gapBytes: size,
        arenas: fc.array(arenaUse, { maxLength: 3 }),
      }),
      { maxLength: 3 },
    ),
  }),
  "device-stop": fc.record({
    droppedRows: size,
    leakedPages: size,
    leakedBytes: size,
    leaks: fc.array(fc.record({ pageId: id, location, sizeBytes: size }), { maxLength: 4 }),
  }),
  "page-create": fc.record({ sizeBytes: size, location, pageType: text }),
  "page-destroy": nothing,
  "page-migrate": fc.record({ location }),
  "page-schema": nothing,
  "page-metadata": nothing,
  delta: fc.record({
    sizeBytes: size,
    runs: size,
    start: size,
    end: size,
    derived: fc.boolean(),
    compensation: fc.boolean(),
  }),
  "edge-add": fc.record({ to: id, edgeType: fc.constantFrom(...EDGE_KINDS) }),
  "edge-remove": fc.record({ to: id, edgeType: fc.constantFrom(...EDGE_KINDS) }),
  "transaction-begin": nothing,
  "transaction-commit": fc.record({ beginLsn: size }),
  "transaction-abort": fc.record({ beginLsn: size }),
  checkpoint: fc.record({ kind: fc.constantFrom(...CHECKPOINT_KINDS), stateLsn: size, baseLsn: size }),
  "session-start": fc.record({ writer: text }),
  "session-stop": nothing,
  failure: fc.record({ code: text, message: text }),
  "recompute-start": fc.record({ waveLsn: size }),
  "recompute-end": fc.record({ waveLsn: size }),
  "recompute-failed": fc.record({ waveLsn: size, code: text, message: text }),
  "recompute-cut-off": fc.record({ waveLsn: size, level: size }),
  "recompute-blocked": fc.record({ waveLsn: size, level: size }),
};

export const knownPayloads = fc.oneof(
  ...(Object.keys(EVENT_FIELDS) as KnownEventType[]).map((type) =>
    (EVENT_FIELDS[type] as fc.Arbitrary<object>).map((fields) => ({ type, fields })),
  ),
);

const unknownFields = fc.record({
  type: fc.constant("unknown"),
  fields: fc.record({
    code: fc.oneof(
      fc.integer({ min: 0, max: 0xffff_ffff }).filter((code) => eventTypeOf(code) === undefined),
      fc.constant(65_536),
    ),
    payload: fc.uint8Array({ maxLength: 20 }),
  }),
});

const head = fc
  .record({
    lsn: size,
    timestampNs: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
    pageId: fc.option(id, { nil: undefined }),
    epoch: fc.oneof(fc.constant(0), size),
    source: fc.oneof(fc.constant(""), text),
    cause: fc.oneof(fc.constant(0), size),
    ordinal: fc.oneof(fc.constant(0), size),
  })
  .map(({ pageId, ...rest }) => (pageId === undefined ? rest : { ...rest, pageId }));

export const events: fc.Arbitrary<MmsbEvent> = fc
  .tuple(head, fc.oneof({ arbitrary: knownPayloads, weight: 8 }, { arbitrary: unknownFields, weight: 1 }))
  .map(([some, { type, fields }]) => ({ type, ...some, ...fields }) as MmsbEvent);
