import type { BackendStats, PoolStats } from "./device-backend.ts";
import { DeviceEventKind, type DeviceEventRow } from "./device-events.ts";
import { DeviceMemory } from "./device-memory.ts";
import type { DevicePages } from "./device-pages.ts";

/** Device memory of one page type. */
export interface TypeUsage {
  readonly type: string;
  readonly pages: number;
  readonly bytes: number;
}

export interface DeviceUsage extends BackendStats {
  readonly backend: "cuda" | "cpu";
  readonly name: string;
  /** The device is lost: its first error. */
  readonly failure: string | undefined;
  readonly residentPages: number;
  /** Ids of pages that were on a device that is lost. */
  readonly failedPages: readonly bigint[];
  readonly byType: readonly TypeUsage[];
}

/** 0: all free memory is one block; towards 1: it lies in many. Largest free block / free, taken from 1. */
export function fragmentation(pool: PoolStats): number {
  return pool.freeBytes === 0 ? 0 : 1 - pool.largestFreeBytes / pool.freeBytes;
}

export function deviceUsage(pages: DevicePages, stats: BackendStats): DeviceUsage {
  const { table, backend } = pages;
  const byType = new Map<string, { pages: number; bytes: number }>();
  const failedPages: bigint[] = [];
  let residentPages = 0;
  for (const slot of table.slotsInIdOrder()) {
    const residence = pages.residence(slot);
    if (residence === "failed") failedPages.push(table.idOf(slot));
    if (residence !== "resident") continue;
    residentPages++;
    const type = table.typeOf(slot);
    const held = byType.get(type) ?? { pages: 0, bytes: 0 };
    byType.set(type, { pages: held.pages + 1, bytes: held.bytes + table.size[slot]! });
  }
  return {
    ...stats,
    backend: backend.name,
    name: backend.description.name,
    failure: backend.failure?.message,
    residentPages,
    failedPages,
    byType: [...byType]
      .map(([type, held]) => ({ type, ...held }))
      .sort((a, b) => b.bytes - a.bytes || (a.type < b.type ? -1 : 1)),
  };
}

/**
 * Bytes of pages that the row's own pool holds after each of the latest `rows`, which are all up to now: told backwards from what it
 * holds, so that rows dropped before them do not matter. 0 for rows that are neither allocation nor free, and where the device is lost.
 */
export function bytesHeldAfter(pages: DevicePages, rows: readonly DeviceEventRow[]): number[] {
  const { table } = pages;
  const held = new Map<number, number>();
  for (const slot of pages.residents()) {
    const isUnified = table.locationOf(slot) === "unified";
    const memory = isUnified ? DeviceMemory.Unified : DeviceMemory.Device;
    held.set(memory, (held.get(memory) ?? 0) + table.size[slot]!);
  }
  const after = new Array<number>(rows.length).fill(0);
  if (pages.backend.failure !== undefined) return after;
  for (let at = rows.length - 1; at >= 0; at--) {
    const { kind, memory, bytes } = rows[at]!;
    if (kind !== DeviceEventKind.Allocate && kind !== DeviceEventKind.Free) continue;
    after[at] = held.get(memory) ?? 0;
    held.set(memory, after[at]! + (kind === DeviceEventKind.Free ? bytes : -bytes));
  }
  return after;
}
