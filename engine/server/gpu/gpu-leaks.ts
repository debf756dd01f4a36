import { ok, type Result } from "../../base/result.ts";
import { EVENT_LOCATIONS } from "../../events/event-types.ts";
import { decodePayload } from "../../events/payload-codec.ts";
import { NONE } from "../../log/index/id-slots.ts";
import { decodeEvent } from "../../log/record-bodies.ts";
import type { ParamsOf, ReplyOf } from "../../protocol/requests.ts";
import type { OpenedRecording } from "../recording/opened-recording.ts";
import type { ReportProgress } from "../service.ts";
import type { Sliced } from "../slice-scheduler.ts";
import { sortedBy } from "../sliced-sort.ts";
import type { Held } from "./device-history.ts";

/** Pages that were never freed: told by the last session's end, or held where the recording ends. */
export function* gpuLeaks(
  opened: OpenedRecording,
  { order, offset, limit }: ParamsOf<"gpu.leaks">,
  progress: ReportProgress,
): Sliced<Result<ReplyOf<"gpu.leaks">>> {
  const { devices, recording, survey } = opened;
  const gathered = yield* devices.gather(progress);
  if (!gathered.ok) return gathered;
  const found = leaksOf(opened);
  if (!found.ok) return found;
  const { leaks, isStopped, unlisted, totalBytes } = found.value;
  const compare: (a: Held, b: Held) => number =
    order === "bytes"
      ? (a, b) => b.bytes - a.bytes || byId(a, b)
      : order === "allocated"
        ? (a, b) => a.lsn - b.lsn || byId(a, b)
        : byId;
  const ranks = yield* sortedBy(
    Uint32Array.from(leaks, (_, at) => at),
    (a, b) => compare(leaks[a]!, leaks[b]!),
  );
  const shown = Array.from(ranks.subarray(offset, offset + limit), (at) => leaks[at]!);
  const { lives } = recording.index.tables;
  return ok({
    result: {
      offset: Math.min(offset, leaks.length),
      total: leaks.length,
      totalBytes,
      isStopped,
      droppedRows: devices.droppedRows,
      unlisted,
    },
    columns: {
      page: BigUint64Array.from(shown, ({ pageId }) => pageId),
      pageType: Uint32Array.from(shown, ({ pageId }) => {
        const life = devices.lifeUpTo(pageId, recording.lastLsn);
        return life === NONE ? NONE : lives.type.data[life]!;
      }),
      bytes: Float64Array.from(shown, ({ bytes }) => bytes),
      location: Uint8Array.from(shown, ({ location }) => location),
      allocatedLsn: Float64Array.from(shown, ({ lsn }) => lsn),
      allocatedTimeNs: BigUint64Array.from(shown, ({ lsn, time }) =>
        lsn === 0 ? 0n : survey.originNs + BigInt(Math.round(time)),
      ),
    },
  });
}

const byId = (a: Held, b: Held) => (a.pageId < b.pageId ? -1 : a.pageId > b.pageId ? 1 : 0);

interface Leaks {
  readonly leaks: Held[];
  readonly isStopped: boolean;
  readonly unlisted: number;
  readonly totalBytes: bigint;
}

function leaksOf({ devices, recording }: OpenedRecording): Result<Leaks> {
  const { stops, memory, held, lastAllocation } = devices;
  const stop = stops.length === 0 ? 0 : stops.data[stops.length - 1]!;
  const lastMove = memory.lsn.length === 0 ? 0 : memory.lsn.data[memory.lsn.length - 1]!;
  // A session that goes on after the last end has pages of its own.
  if (stop === 0 || lastMove > stop) {
    const leaks = [...held.values()].flatMap((list) => list.filter(({ pageId }) => pageId !== 0n));
    const totalBytes = leaks.reduce((total, { bytes }) => total + BigInt(bytes), 0n);
    return ok({ leaks, isStopped: false, unlisted: 0, totalBytes });
  }
  const batch = recording.batchAt(stop);
  if (!batch.ok) return batch;
  const event = decodeEvent(batch.value.body(batch.value.rowOf(stop)));
  if (!event.ok) return event;
  const told = decodePayload(event.value.eventType, event.value.payload);
  if (!told.ok) return told;
  const none = { leaks: [], leakedPages: 0, leakedBytes: 0 };
  const { leaks, leakedPages, leakedBytes } = told.value?.type === "device-stop" ? told.value.fields : none;
  return ok({
    leaks: leaks.map(({ pageId, sizeBytes, location }) => {
      const from = lastAllocation.get(pageId);
      const { lsn, time } = from ?? { lsn: 0, time: 0 };
      return { pageId, bytes: sizeBytes, location: EVENT_LOCATIONS.indexOf(location), lsn, time };
    }),
    isStopped: true,
    unlisted: leakedPages - leaks.length,
    totalBytes: BigInt(leakedBytes),
  });
}
