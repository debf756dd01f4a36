import { MmsbError } from "../../../engine/base/errors.ts";
import type { Handlers } from "./fake-engine.ts";
import { brief, KINDS } from "./fake-handlers.ts";
import { type FakePage, type FakeRecording, pageAt } from "./fake-recording.ts";
import { causesOf } from "./fake-windows.ts";

export function pageHandlers(fake: FakeRecording): Handlers {
  const alive = (page: FakePage, lsn: number) =>
    page.createdLsn <= lsn && (page.destroyedLsn === 0 || lsn < page.destroyedLsn);
  const find = (id: bigint, lsn: number): FakePage | MmsbError => {
    const page = fake.pages.get(id);
    if (page !== undefined && alive(page, lsn)) return page;
    const when = page === undefined ? "" : `: it is created by record ${page.createdLsn}`;
    return new MmsbError(
      "PAGE_UNKNOWN",
      `page ${id} does not exist at LSN ${lsn}${when}`,
      "Move the cursor, or choose another page",
      {
        lsn,
        pageId: id,
      },
    );
  };
  return {
    "pages.window": ({ lsn, order, descending, dead, text, pageTypes, offset, limit }) => {
      const all = [...fake.pages.values()].filter(
        (page) =>
          (dead || alive(page, lsn)) &&
          (text === undefined || String(page.id).includes(text) || page.type.includes(text)) &&
          (pageTypes === undefined || pageTypes.includes(fake.pageTypes.indexOf(page.type))),
      );
      const lastWrite = (page: FakePage) => page.deltas.findLast((delta) => delta.lsn <= lsn)?.lsn ?? 0;
      const keys: Record<typeof order, (page: FakePage) => number | string> = {
        id: (page) => String(page.id).padStart(20, "0"),
        type: (page) => page.type,
        size: (page) => page.sizeBytes,
        "last-write": lastWrite,
        deltas: (page) => page.deltas.length,
      };
      all.sort((a, b) => (keys[order](a) < keys[order](b) ? -1 : 1) * (descending ? -1 : 1));
      const rows = all.slice(offset, offset + limit);
      return {
        result: { offset, total: all.length },
        columns: {
          page: BigUint64Array.from(rows, (page) => page.id),
          pageType: Uint32Array.from(rows, (page) => fake.pageTypes.indexOf(page.type)),
          sizeBytes: Float64Array.from(rows, (page) => page.sizeBytes),
          epoch: Float64Array.from(rows, (page) => page.deltas.filter((delta) => delta.lsn <= lsn).length),
          location: new Uint8Array(rows.length),
          createdLsn: Float64Array.from(rows, (page) => page.createdLsn),
          destroyedLsn: Float64Array.from(rows, (page) => page.destroyedLsn),
          lastWriteLsn: Float64Array.from(rows, lastWrite),
          deltas: Float64Array.from(rows, (page) => page.deltas.length),
        },
      };
    },
    "page.view": ({ page: id, lsn, offset, length, ages }) => {
      const page = find(id, lsn);
      if (page instanceof MmsbError) return page;
      const { bytes, writers, last } = pageAt(page, lsn);
      return {
        result: {
          pageId: id,
          sizeBytes: page.sizeBytes,
          epoch: last?.epoch ?? 0,
          location: "cpu",
          pageType: page.type,
          metadata: [{ key: "owner", value: "life" }],
          fields: page.fields === undefined ? null : [...page.fields],
          createdLsn: page.createdLsn,
          destroyedLsn: page.destroyedLsn,
          lastDelta: last === undefined ? null : brief(fake, last),
          insideTransaction: false,
        },
        columns: {
          bytes: bytes.slice(offset, offset + length),
          touchedOffset: Uint32Array.from(last?.ranges ?? [], (range) => range.offset),
          touchedLength: Uint32Array.from(last?.ranges ?? [], (range) => range.bytes.length),
          writerLsn: ages ? writers.slice(offset, offset + length) : new Float64Array(),
        },
      };
    },
    "page.compare": ({ page: id, lsnA, lsnB, offset, length }) => {
      const page = fake.pages.get(id);
      if (page === undefined) return find(id, lsnA) as MmsbError;
      const a = pageAt(page, lsnA).bytes;
      const b = pageAt(page, lsnB).bytes;
      const ranges: [number, number][] = [];
      let differing = 0;
      for (let at = 0; at < a.length; at++) {
        if (a[at] === b[at]) continue;
        differing++;
        const lastRange = ranges.at(-1);
        if (lastRange !== undefined && lastRange[0] + lastRange[1] === at) lastRange[1]++;
        else ranges.push([at, 1]);
      }
      return {
        result: {
          sizeBytes: page.sizeBytes,
          aliveA: alive(page, lsnA),
          aliveB: alive(page, lsnB),
          epochA: page.deltas.filter((delta) => delta.lsn <= lsnA).length,
          epochB: page.deltas.filter((delta) => delta.lsn <= lsnB).length,
          differingBytes: differing,
          differingRanges: ranges.length,
        },
        columns: {
          bytesA: a.slice(offset, offset + length),
          bytesB: b.slice(offset, offset + length),
          rangeOffset: Uint32Array.from(ranges, (range) => range[0]),
          rangeLength: Uint32Array.from(ranges, (range) => range[1]),
        },
      };
    },
    "page.history": ({ page: id, lsn, offset, length, limit }) => {
      const page = find(id, lsn);
      if (page instanceof MmsbError) return page;
      const writes = page.deltas
        .filter(
          (delta) =>
            delta.lsn <= lsn &&
            delta.ranges.some(
              (range) => range.offset < offset + length && offset < range.offset + range.bytes.length,
            ),
        )
        .reverse();
      const rows = writes.slice(0, limit);
      return {
        result: { nextLsn: writes[limit]?.lsn ?? 0 },
        columns: {
          lsn: Float64Array.from(rows, (delta) => delta.lsn),
          timeNs: BigUint64Array.from(rows, (delta) => delta.timeNs),
          epoch: Float64Array.from(rows, (delta) => delta.epoch),
          source: Uint32Array.from(rows, (delta) => fake.sources.indexOf(delta.source)),
          cause: Float64Array.from(rows, (delta) => delta.cause),
          kind: Uint8Array.from(rows, () => KINDS["delta"]!),
          firstOffset: Uint32Array.from(rows, () => offset),
          spanLength: Uint32Array.from(rows, () => length),
          sizeBytes: Uint32Array.from(rows, () => length),
        },
      };
    },
    "page.last-writer": ({ page: id, offset, lsn }) => {
      const page = find(id, lsn);
      if (page instanceof MmsbError) return page;
      const writer = pageAt(page, lsn).writers[offset] ?? 0;
      const { chain, complete } = causesOf(fake, writer, 256);
      return {
        result: {
          writer: writer === 0 ? null : brief(fake, fake.records[writer - 1]!),
          chain,
          chainComplete: complete,
        },
        columns: {},
      };
    },
    "field.series": ({ page: id, offset, type, fromLsn, toLsn, columns }) => {
      const page = fake.pages.get(id);
      if (page === undefined) return find(id, toLsn) as MmsbError;
      const edge = Float64Array.from(
        { length: columns + 1 },
        (_, at) => fromLsn + ((toLsn + 1 - fromLsn) * at) / columns,
      );
      const values = Float64Array.from({ length: columns }, (_, at) => {
        const { bytes } = pageAt(page, Math.floor(edge[at + 1]! - 1));
        const view = new DataView(bytes.buffer);
        return type === "f32"
          ? view.getFloat32(offset, true)
          : type === "u32"
            ? view.getUint32(offset, true)
            : view.getUint8(offset);
      });
      return {
        result: { writes: page.deltas.length, min: Math.min(...values), max: Math.max(...values) },
        columns: {
          edgeLsn: edge,
          low: values,
          high: values,
          last: values,
          writes: new Uint32Array(columns).fill(1),
        },
      };
    },
  };
}
