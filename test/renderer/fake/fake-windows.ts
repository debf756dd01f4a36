import { MmsbError } from "../../../engine/base/errors.ts";
import { packTexts } from "../../../engine/protocol/columns.ts";
import type { ParamsOf } from "../../../engine/protocol/requests.ts";
import type { Handlers } from "./fake-engine.ts";
import { brief, KINDS, sizeOf } from "./fake-handlers.ts";
import { type FakeRecord, type FakeRecording, pageAt } from "./fake-recording.ts";

type WindowParams = ParamsOf<"deltas.window">;

const EVENT_KINDS = ["event", "failure", "session-start", "session-stop", "checkpoint"];

export function windowHandlers(fake: FakeRecording): Handlers {
  const typeOf = (record: FakeRecord) => {
    const page = record.page === undefined ? undefined : fake.pages.get(record.page);
    return page === undefined ? 0xffff_ffff : fake.pageTypes.indexOf(page.type);
  };
  const select = ({ filter, offset, limit, around }: WindowParams, kinds: readonly string[]) => {
    const wanted = filter.kinds ?? kinds;
    const text = filter.text?.toLowerCase();
    const matching = fake.records.filter(
      (record) =>
        wanted.includes(record.kind) &&
        (filter.pages === undefined || (record.page !== undefined && filter.pages.includes(record.page))) &&
        (filter.sources === undefined || filter.sources.includes(fake.sources.indexOf(record.source))) &&
        (filter.pageTypes === undefined || filter.pageTypes.includes(typeOf(record))) &&
        (filter.eventTypes === undefined ||
          (record.eventType !== undefined &&
            filter.eventTypes.includes(fake.eventTypes.indexOf(record.eventType)))) &&
        (filter.fromLsn === undefined || record.lsn >= filter.fromLsn) &&
        (filter.toLsn === undefined || record.lsn <= filter.toLsn) &&
        (filter.cause === undefined || record.cause === filter.cause) &&
        (text === undefined ||
          `${record.source} ${record.text} ${record.metadata ?? ""}`.toLowerCase().includes(text)),
    );
    const aroundRow = around === undefined ? -1 : matching.findLastIndex((record) => record.lsn <= around);
    const start = around === undefined ? offset : Math.max(0, aroundRow - Math.floor(limit / 2));
    const rows = matching.slice(start, start + limit);
    const result = {
      offset: start,
      total: matching.length,
      complete: true,
      searchedLsn: fake.records.length,
      aroundRow,
    };
    const columns = {
      lsn: Float64Array.from(rows, (record) => record.lsn),
      kind: Uint8Array.from(rows, (record) => KINDS[record.kind]!),
      timeNs: BigUint64Array.from(rows, (record) => record.timeNs),
      page: BigUint64Array.from(rows, (record) => record.page ?? 0n),
      pageType: Uint32Array.from(rows, typeOf),
      source: Uint32Array.from(rows, (record) => fake.sources.indexOf(record.source)),
      cause: Float64Array.from(rows, (record) => record.cause),
      transaction: Float64Array.from(rows, (record) => record.transaction),
      flags: Uint8Array.from(
        rows,
        (record) =>
          (record.derived ? 1 : 0) |
          (record.metadata === undefined ? 0 : 4) |
          (record.page === undefined ? 0 : 16),
      ),
    };
    return { rows, result, columns };
  };
  return {
    "deltas.window": (params) => {
      if (params.filter.value !== undefined && !/[<>=]|changed/.test(params.filter.value)) {
        return new MmsbError(
          "ARGUMENT_INVALID",
          "the expression ends too early",
          "Compare a field: alive > 400",
        );
      }
      const { rows, result, columns } = select(params, ["delta"]);
      const preview = new Uint8Array(rows.length * 16);
      const previewLength = new Uint8Array(rows.length);
      rows.forEach((record, row) => {
        const bytes = record.ranges.flatMap((range) => [...range.bytes]).slice(0, 16);
        preview.set(bytes, row * 16);
        previewLength[row] = bytes.length;
      });
      return {
        result,
        columns: {
          ...columns,
          epoch: Float64Array.from(rows, (record) => record.epoch),
          deltaId: BigUint64Array.from(rows, (record) => BigInt(record.lsn)),
          rangeCount: Uint32Array.from(rows, (record) => record.ranges.length),
          firstOffset: Uint32Array.from(rows, (record) => record.ranges[0]?.offset ?? 0),
          firstLength: Uint32Array.from(rows, (record) => record.ranges[0]?.bytes.length ?? 0),
          sizeBytes: Uint32Array.from(rows, sizeOf),
          preview,
          previewLength,
        },
      };
    },
    "events.window": (params) => {
      const { rows, result, columns } = select(params, EVENT_KINDS);
      const texts = packTexts(rows.map((record) => record.text));
      return {
        result,
        columns: {
          ...columns,
          eventType: Uint32Array.from(rows, (record) =>
            record.eventType === undefined ? 0xffff_ffff : fake.eventTypes.indexOf(record.eventType),
          ),
          severity: Uint8Array.from(rows, (record) => record.severity),
          durationNs: BigUint64Array.from(rows, (record) => record.durationNs),
          textBytes: texts.bytes,
          textEnds: texts.ends,
        },
      };
    },
    "record.details": ({ lsn }) => {
      const record = fake.records[lsn - 1];
      if (record === undefined)
        return new MmsbError("LSN_OUT_OF_RANGE", `there is no record ${lsn}`, "Choose another", { lsn });
      const end = fake.records.find(
        (other) =>
          other.lsn > record.transaction &&
          other.transaction === record.transaction &&
          /^tx-(commit|abort)$/.test(other.kind),
      );
      const page = record.page === undefined ? undefined : fake.pages.get(record.page);
      const before = page === undefined ? new Uint8Array() : pageAt(page, lsn - 1).bytes;
      const joined = (from: (offset: number, length: number) => Uint8Array) =>
        Uint8Array.from(record.ranges.flatMap((range) => [...from(range.offset, range.bytes.length)]));
      return {
        result: {
          record: brief(fake, record),
          deltaId: record.kind === "delta" ? BigInt(lsn) : null,
          derived: record.derived,
          compensation: false,
          transaction:
            record.transaction === 0
              ? null
              : {
                  beginLsn: record.transaction,
                  endLsn: end?.lsn ?? 0,
                  outcome: end === undefined ? "open" : end.kind === "tx-abort" ? "aborted" : "committed",
                },
          rangeCount: record.ranges.length,
          sizeBytes: sizeOf(record),
          fields: (page?.fields ?? []).filter(() => record.kind === "delta").map((field) => field.name),
          metadata: record.metadata ?? null,
          properties: record.text === "" ? [] : [{ name: "text", value: record.text }],
        },
        columns: {
          rangeOffset: Uint32Array.from(record.ranges, (range) => range.offset),
          rangeLength: Uint32Array.from(record.ranges, (range) => range.bytes.length),
          before: joined((offset, length) => before.subarray(offset, offset + length)),
          after: Uint8Array.from(record.ranges.flatMap((range) => [...range.bytes])),
        },
      };
    },
    "record.causes": ({ lsn, limit }) => ({ result: causesOf(fake, lsn, limit), columns: {} }),
    "record.effects": ({ lsn, limit }) => {
      const effects = fake.records.filter((record) => record.cause === lsn);
      return {
        result: {
          effects: effects.slice(0, limit).map((record) => brief(fake, record)),
          complete: effects.length <= limit,
        },
        columns: {},
      };
    },
  };
}

export function causesOf(fake: FakeRecording, lsn: number, limit: number) {
  const chain = [];
  let at = fake.records[lsn - 1]?.cause ?? 0;
  while (at > 0 && chain.length < limit) {
    const record = fake.records[at - 1]!;
    chain.push(brief(fake, record));
    at = record.cause;
  }
  return { chain, complete: at === 0 };
}
