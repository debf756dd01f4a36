import { ok, type Result } from "../../base/result.ts";
import type { DeviceSample } from "../../events/event-types.ts";
import { decodePayload } from "../../events/payload-codec.ts";
import { decodeEvent } from "../../log/record-bodies.ts";
import { GPU_DIRECTIONS } from "../../protocol/requests/gpu.ts";
import type { ParamsOf, ReplyOf } from "../../protocol/requests.ts";
import type { OpenedRecording } from "../recording/opened-recording.ts";
import type { ReportProgress } from "../service.ts";
import type { Sliced } from "../slice-scheduler.ts";
import { type DeviceHistory, rowsUpTo } from "./device-history.ts";

const ROWS_A_STEP = 1 << 15;
const MAX_TYPES = 256;
const MAX_KERNELS = 256;

type Reply = ReplyOf<"gpu.at">;

/** How the devices stood at an LSN. */
export function* gpuAt(
  opened: OpenedRecording,
  { lsn }: ParamsOf<"gpu.at">,
  progress: ReportProgress,
): Sliced<Result<Reply>> {
  const checked = opened.recording.checkLsn(lsn);
  if (!checked.ok) return checked;
  const history = opened.devices;
  const gathered = yield* history.gather(progress);
  if (!gathered.ok) return gathered;
  const sample = sampleUpTo(opened, lsn);
  if (!sample.ok) return sample;
  const types = [...history.heldBefore(rowsUpTo(history.memory.lsn, lsn)).entries()]
    .filter(([, bytes]) => bytes > 0)
    .sort(([a, x], [b, y]) => y - x || a - b)
    .slice(0, MAX_TYPES)
    .map(([type, bytes]) => ({ label: history.typeName(type), pageType: history.types[type]!, bytes }));
  const kernels = yield* kernelsUpTo(history, lsn);
  const copies = yield* copiesUpTo(history, lsn);
  return ok({
    result: { sample: sample.value === undefined ? null : told(sample.value), types, kernels, copies },
    columns: mapOf(sample.value?.sample),
  });
}

interface Sampled {
  readonly lsn: number;
  readonly sample: DeviceSample;
}

/** The last sample up to an LSN, read from its record. */
function sampleUpTo({ recording, devices }: OpenedRecording, lsn: number): Result<Sampled | undefined> {
  const row = rowsUpTo(devices.samples.lsn, lsn) - 1;
  if (row < 0) return ok(undefined);
  const at = devices.samples.lsn.data[row]!;
  const batch = recording.batchAt(at);
  if (!batch.ok) return batch;
  const event = decodeEvent(batch.value.body(batch.value.rowOf(at)));
  if (!event.ok) return event;
  const read = decodePayload(event.value.eventType, event.value.payload);
  if (!read.ok) return read;
  return ok(read.value?.type === "device-sample" ? { lsn: at, sample: read.value.fields } : undefined);
}

function told({ lsn, sample }: Sampled): Reply["result"]["sample"] {
  const { card, pools, timeNs } = sample;
  return {
    lsn,
    timeNs,
    pools: pools.map(({ arenas: _, ...pool }) => ({
      ...pool,
      freeBytes: pool.reservedBytes - pool.usedBytes,
    })),
    card: {
      freeBytes: card.freeBytes,
      totalBytes: card.totalBytes,
      utilizationPercent: card.utilizationPercent ?? null,
      temperatureCelsius: card.temperatureCelsius ?? null,
      powerMilliwatts: card.powerMilliwatts ?? null,
    },
  };
}

function mapOf(sample: DeviceSample | undefined): Reply["columns"] {
  const arenas = (sample?.pools ?? []).flatMap(({ arenas: list }, pool) =>
    list.map((arena) => ({ ...arena, pool })),
  );
  const runs = arenas.flatMap(({ used }, arena) => used.map((run) => ({ ...run, arena })));
  return {
    arenaPool: Uint8Array.from(arenas, ({ pool }) => pool),
    arenaNumber: Float64Array.from(arenas, ({ arena }) => arena),
    arenaBytes: Float64Array.from(arenas, ({ sizeBytes }) => sizeBytes),
    runArena: Uint32Array.from(runs, ({ arena }) => arena),
    runOffset: Float64Array.from(runs, ({ offset }) => offset),
    runBytes: Float64Array.from(runs, ({ sizeBytes }) => sizeBytes),
  };
}

function* kernelsUpTo({ launches, kernels }: DeviceHistory, lsn: number): Sliced<Reply["result"]["kernels"]> {
  const sums = kernels.map((kernel) => ({
    kernel,
    launches: 0,
    bytes: 0,
    durationNs: 0,
    firstLsn: 0,
    lastLsn: 0,
  }));
  const end = rowsUpTo(launches.lsn, lsn);
  for (let row = 0; row < end; row++) {
    const sum = sums[launches.kernel.data[row]!]!;
    const at = launches.lsn.data[row]!;
    if (sum.launches++ === 0) sum.firstLsn = at;
    sum.lastLsn = at;
    sum.bytes += launches.bytes.data[row]!;
    sum.durationNs += launches.durationNs.data[row]!;
    if (row % ROWS_A_STEP === ROWS_A_STEP - 1) yield;
  }
  return sums
    .filter(({ launches: count }) => count > 0)
    .sort((a, b) => b.durationNs - a.durationNs || b.launches - a.launches)
    .slice(0, MAX_KERNELS);
}

function* copiesUpTo({ copies }: DeviceHistory, lsn: number): Sliced<Reply["result"]["copies"]> {
  const sums = GPU_DIRECTIONS.map((direction) => ({
    direction,
    copies: 0,
    prefetches: 0,
    bytes: 0,
    durationNs: 0,
    lastLsn: 0,
  }));
  const end = rowsUpTo(copies.lsn, lsn);
  for (let row = 0; row < end; row++) {
    const sum = sums[copies.direction.data[row]!]!;
    sum.copies++;
    sum.prefetches += copies.isPrefetch.data[row]!;
    sum.bytes += copies.bytes.data[row]!;
    sum.durationNs += copies.durationNs.data[row]!;
    sum.lastLsn = copies.lsn.data[row]!;
    if (row % ROWS_A_STEP === ROWS_A_STEP - 1) yield;
  }
  return sums.filter(({ copies: count }) => count > 0);
}
