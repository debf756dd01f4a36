import { accel } from "../../accel/index.ts";
import { fail, ok, type Result } from "../../base/result.ts";
import { NONE } from "../../log/index/id-slots.ts";
import type { ParamsOf, ReplyOf } from "../../protocol/requests.ts";
import type { Recording } from "../../replay/recording.ts";
import type { Sliced } from "../slice-scheduler.ts";

const MAX_RANGES = 4096;
/** Bytes compared between two chances to stop. */
const BYTES_A_STEP = 1 << 20;

interface Side {
  readonly isAlive: boolean;
  readonly epoch: number;
  readonly bytes: Uint8Array;
}

export function* comparePages(
  recording: Recording,
  { page: id, lsnA, lsnB, offset, length }: ParamsOf<"page.compare">,
): Sliced<Result<ReplyOf<"page.compare">>> {
  const slot = recording.slotOf(id);
  if (slot < 0) {
    return fail("PAGE_UNKNOWN", "the recording has no such page", "Choose one of its pages", { pageId: id });
  }
  const a = sideAt(recording, slot, lsnA);
  if (!a.ok) return a;
  yield;
  const b = sideAt(recording, slot, lsnB);
  if (!b.ok) return b;
  yield;
  const sizeBytes = Math.max(a.value.bytes.length, b.value.bytes.length);
  const before = extended(a.value.bytes, sizeBytes);
  const after = extended(b.value.bytes, sizeBytes);
  const ranges = yield* differences(before, after);
  const end = Math.min(sizeBytes, offset + length);
  return ok({
    result: {
      sizeBytes,
      aliveA: a.value.isAlive,
      aliveB: b.value.isAlive,
      epochA: a.value.epoch,
      epochB: b.value.epoch,
      differingBytes: ranges.bytes,
      differingRanges: ranges.count,
    },
    columns: {
      bytesA: before.subarray(offset, end),
      bytesB: after.subarray(offset, end),
      rangeOffset: ranges.offset,
      rangeLength: ranges.length,
    },
  });
}

function sideAt(recording: Recording, slot: number, lsn: number): Result<Side> {
  const checked = recording.checkLsn(lsn);
  if (!checked.ok) return checked;
  const { tables } = recording.index;
  const life = tables.lifeAt(slot, lsn);
  if (life === NONE) return ok({ isAlive: false, epoch: 0, bytes: new Uint8Array(0) });
  const bytes = new Uint8Array(tables.lives.sizeBytes.data[life]!);
  const epoch = recording.reader.read(slot, life, lsn, bytes);
  return epoch.ok ? ok({ isAlive: true, epoch: epoch.value, bytes }) : epoch;
}

/** A page that is not there counts as zeros. */
function extended(bytes: Uint8Array, length: number): Uint8Array {
  if (bytes.length === length) return bytes;
  const longer = new Uint8Array(length);
  longer.set(bytes);
  return longer;
}

function* differences(before: Uint8Array, after: Uint8Array) {
  let count = 0;
  let bytes = 0;
  const offset: number[] = [];
  const length: number[] = [];
  const runOffset = new Uint32Array(1024);
  const runLength = new Uint32Array(1024);
  let lastEnd = -1;
  for (let stepFrom = 0; stepFrom < before.length; stepFrom += BYTES_A_STEP) {
    const stepTo = Math.min(before.length, stepFrom + BYTES_A_STEP);
    for (let from = stepFrom; from < stepTo; ) {
      const runs = accel.diffImages(before, 0, after, 0, from, stepTo, runOffset, runLength, 0);
      for (let run = 0; run < runs; run++) {
        bytes += runLength[run]!;
        // A range across the edge of two steps is one.
        if (runOffset[run] === lastEnd) {
          if (count <= MAX_RANGES) length[count - 1]! += runLength[run]!;
        } else {
          if (count < MAX_RANGES) {
            offset.push(runOffset[run]!);
            length.push(runLength[run]!);
          }
          count++;
        }
        lastEnd = runOffset[run]! + runLength[run]!;
      }
      from = runs < runOffset.length ? stepTo : lastEnd;
    }
    yield undefined;
  }
  return { count, bytes, offset: Uint32Array.from(offset), length: Uint32Array.from(length) };
}
