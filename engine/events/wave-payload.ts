import type { ByteReader, ByteWriter } from "../base/bytes.ts";
import { WAVE_OUTCOMES, type WaveEnd, type WaveLevels } from "./event-types.ts";
import { readIds, writeIds } from "./id-column.ts";
import { type FieldCodec, oneOf } from "./payload-fields.ts";

const outcome = oneOf(WAVE_OUTCOMES);
/** A level takes four bytes at least: gap, members, cut off, blocked. */
const LEVEL_BYTES = 4;

/**
 * u8 outcome, varint levels, for each varint gap (levels left out since the one before), varint members, varint cut off, varint blocked; then the
 * ids of those cut off, and of those blocked.
 */
export const waveEnd: FieldCodec<WaveEnd> = {
  write(out, wave) {
    outcome.write(out, wave.outcome);
    writeLevels(out, wave.levels);
    writeIds(out, wave.cutOff);
    writeIds(out, wave.blocked);
  },
  read(reader) {
    const ended = outcome.read(reader);
    const levels = readLevels(reader);
    const cutOff = readIds(reader);
    const blocked = readIds(reader);
    if (sum(levels.cutOff) !== cutOff.count || sum(levels.blocked) !== blocked.count) reader.reject();
    return { outcome: ended, levels, cutOff, blocked };
  },
};

function sum(counts: Uint32Array): number {
  return counts.reduce((total, count) => total + count, 0);
}

function writeLevels(out: ByteWriter, { count, level, members, cutOff, blocked }: WaveLevels): void {
  out.varint(count);
  for (let row = 0, next = 0; row < count; row++) {
    out
      .varint(level[row]! - next)
      .varint(members[row]!)
      .varint(cutOff[row]!)
      .varint(blocked[row]!);
    next = level[row]! + 1;
  }
}

function readLevels(reader: ByteReader): WaveLevels {
  const claimed = reader.varint();
  if (claimed * LEVEL_BYTES > reader.remaining) reader.reject();
  const count = reader.failed ? 0 : claimed;
  const level = new Uint32Array(count);
  const members = new Uint32Array(count);
  const cutOff = new Uint32Array(count);
  const blocked = new Uint32Array(count);
  for (let row = 0, next = 0; row < count; row++) {
    level[row] = u32(reader, next + reader.varint());
    members[row] = u32(reader, reader.varint());
    cutOff[row] = u32(reader, reader.varint());
    blocked[row] = u32(reader, reader.varint());
    next = level[row]! + 1;
  }
  return { count, level, members, cutOff, blocked };
}

function u32(reader: ByteReader, value: number): number {
  if (value > 0xffff_ffff) reader.reject();
  return value;
}
