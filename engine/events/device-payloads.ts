import type {
  ArenaUse,
  CardUse,
  DeviceLeak,
  DeviceSample,
  DeviceStop,
  EventLocation,
  PoolUse,
} from "./event-types.ts";
import { EVENT_LOCATIONS } from "./event-types.ts";
import { type FieldCodec, listOf, oneOf, optional, struct, text, u64, varint } from "./payload-fields.ts";

/** Of runs in an arena: blocks are multiples of so many bytes, and are told in such units. */
const GRANULE = 256;

/** varint arena, varint bytes, varint runs; for each varint granules since the end of the one before, varint granules. */
const arena: FieldCodec<ArenaUse> = {
  write(out, { arena: number, sizeBytes, used }) {
    out.varint(number).varint(sizeBytes).varint(used.length);
    let at = 0;
    for (const { offset, sizeBytes: bytes } of used) {
      out.varint((offset - at) / GRANULE).varint(bytes / GRANULE);
      at = offset + bytes;
    }
  },
  read(reader) {
    const number = reader.varint();
    const sizeBytes = reader.varint();
    const count = reader.varint();
    if (count * 2 > reader.remaining) reader.reject();
    const used: { offset: number; sizeBytes: number }[] = [];
    let at = 0;
    for (let run = 0; run < count && !reader.failed; run++) {
      const offset = at + reader.varint() * GRANULE;
      const bytes = reader.varint() * GRANULE;
      at = offset + bytes;
      if (bytes === 0 || at > sizeBytes) reader.reject();
      used.push({ offset, sizeBytes: bytes });
    }
    return { arena: number, sizeBytes, used };
  },
};

const pool = struct<PoolUse>({
  pool: text,
  usedBytes: varint,
  reservedBytes: varint,
  peakUsedBytes: varint,
  peakReservedBytes: varint,
  largestFreeBytes: varint,
  pages: varint,
  gapBytes: varint,
  arenas: listOf(arena, 3),
});

/** Numbers that may not be known: one more than it is, 0 = not known. */
const card = struct<CardUse>({
  freeBytes: varint,
  totalBytes: varint,
  utilizationPercent: optional(varint),
  temperatureCelsius: optional(varint),
  powerMilliwatts: optional(varint),
});

export const deviceSample = struct<DeviceSample>({
  timeNs: u64,
  droppedRows: varint,
  card,
  pools: listOf(pool, 9),
});

const leak = struct<DeviceLeak>({
  pageId: u64,
  location: oneOf<EventLocation>(EVENT_LOCATIONS),
  sizeBytes: varint,
});

export const deviceStop = struct<DeviceStop>({
  droppedRows: varint,
  leakedPages: varint,
  leakedBytes: varint,
  leaks: listOf(leak, 10),
});
