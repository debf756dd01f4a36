import { ok, type Result } from "../base/result.ts";
import { boundedMaps } from "../device/arena-map.ts";
import type { DeviceBackend, PoolStats } from "../device/device-backend.ts";
import {
  DeviceEventKind,
  type DeviceEventRow,
  DeviceOperation,
  operationName,
} from "../device/device-events.ts";
import { DeviceMemory } from "../device/device-memory.ts";
import type { DevicePages } from "../device/device-pages.ts";
import {
  type CopyDirection,
  type DeviceLeak,
  type DeviceSample,
  type DeviceStop,
  EVENT_CODE,
  type PoolUse,
} from "../events/event-types.ts";
import { encodePayload } from "../events/payload-codec.ts";

/** Used runs that one sample tells at most, all arenas together; beyond, neighbours are told as one. Some 8 KiB. */
const MAX_RUNS = 2048;
const MAX_LEAKS = 4096;

/** What is told of a device: an event's number and payload. */
export interface ToldEvent {
  readonly code: number;
  readonly payload: Uint8Array;
}

const DIRECTION: { readonly [O in DeviceOperation]?: CopyDirection } = {
  [DeviceOperation.ToDevice]: "host-to-device",
  [DeviceOperation.PrefetchToDevice]: "host-to-device",
  [DeviceOperation.ToHost]: "device-to-host",
  [DeviceOperation.PrefetchToHost]: "device-to-host",
  [DeviceOperation.Migrate]: "device-to-device",
};

/** A row of the device's statistics as an event of the session; a failure has a record of its own. `usedBytes`: of the pool, after it. */
export function toldRow(row: DeviceEventRow, usedBytes: number): ToldEvent | undefined {
  const { kind, operation, bytes: sizeBytes, durationNs, timeNs, stream, count } = row;
  switch (kind) {
    case DeviceEventKind.Allocate:
    case DeviceEventKind.Free: {
      const action = kind === DeviceEventKind.Allocate ? "allocate" : "free";
      const fields = { action, ...PLACE[row.memory || DeviceMemory.Device], sizeBytes, usedBytes } as const;
      const payload = encodePayload("allocation", { ...fields, durationNs, timeNs });
      return { code: EVENT_CODE.allocation, payload };
    }
    case DeviceEventKind.Copy: {
      const direction = DIRECTION[operation] ?? "host-to-device";
      const isPrefetch =
        operation === DeviceOperation.PrefetchToDevice || operation === DeviceOperation.PrefetchToHost;
      const fields = { direction, sizeBytes, stream, durationNs, timeNs, isPrefetch };
      return { code: EVENT_CODE.copy, payload: encodePayload("copy", fields) };
    }
    case DeviceEventKind.Launch: {
      const fields = { kernel: operationName(operation), sizeBytes, stream, durationNs, timeNs, count };
      return { code: EVENT_CODE["kernel-launch"], payload: encodePayload("kernel-launch", fields) };
    }
    default:
      return undefined;
  }
}

const PLACE = {
  [DeviceMemory.Device]: { location: "gpu", pool: "device" },
  [DeviceMemory.Unified]: { location: "unified", pool: "unified" },
  [DeviceMemory.Registered]: { location: "cpu", pool: "registered" },
} as const;

/** How the device's memory stands, as `usage()` tells it, with a map of its arenas. Errors: DEVICE_FAILED. */
export function sampleOf(backend: DeviceBackend, timeNs: bigint): Result<DeviceSample> {
  const stats = backend.stats();
  if (!stats.ok) return stats;
  const device = poolUse(backend, "device", DeviceMemory.Device, stats.value.device);
  if (!device.ok) return device;
  const unified = poolUse(backend, "unified", DeviceMemory.Unified, stats.value.unified);
  if (!unified.ok) return unified;
  const { cardFreeBytes, cardTotalBytes, utilizationPercent, temperatureCelsius, powerMilliwatts } =
    stats.value;
  return ok({
    timeNs,
    droppedRows: stats.value.eventsDropped,
    card: {
      freeBytes: cardFreeBytes,
      totalBytes: cardTotalBytes,
      utilizationPercent,
      temperatureCelsius,
      powerMilliwatts,
    },
    pools: [device.value, unified.value],
  });
}

function poolUse(backend: DeviceBackend, pool: string, memory: 1 | 2, stats: PoolStats): Result<PoolUse> {
  const maps = backend.arenaMaps(memory);
  if (!maps.ok) return maps;
  const { maps: arenas, gapBytes } = boundedMaps(maps.value, MAX_RUNS);
  const { usedBytes, reservedBytes, peakUsedBytes, peakReservedBytes, largestFreeBytes, pages } = stats;
  return ok({
    pool,
    usedBytes,
    reservedBytes,
    peakUsedBytes,
    peakReservedBytes,
    largestFreeBytes,
    pages,
    gapBytes,
    arenas,
  });
}

/** What is left on the device at a session's end. */
export function stopOf({ table, backend, residents }: PagesLeft): DeviceStop {
  const leaks = residents.map((slot): DeviceLeak => {
    const location = table.locationOf(slot);
    return { pageId: table.idOf(slot), location, sizeBytes: table.size[slot]! };
  });
  const stats = backend.stats();
  return {
    droppedRows: stats.ok ? stats.value.eventsDropped : 0,
    leakedPages: leaks.length,
    leakedBytes: leaks.reduce((total, { sizeBytes }) => total + sizeBytes, 0),
    leaks: leaks
      .sort((a, b) => b.sizeBytes - a.sizeBytes || (a.pageId < b.pageId ? -1 : 1))
      .slice(0, MAX_LEAKS),
  };
}

interface PagesLeft extends Pick<DevicePages, "table" | "backend"> {
  readonly residents: readonly number[];
}
