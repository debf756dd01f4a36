import { isU64 } from "../base/u64.ts";
import { z } from "./zod.ts";

// In memory an LSN is a number and an id a bigint; in JSON both are decimal strings. These codecs stand between.

const isU64Text = (text: string) => /^(0|[1-9]\d{0,19})$/.test(text) && isU64(BigInt(text));
const isLsnText = (text: string) => /^(0|[1-9]\d{0,15})$/.test(text) && Number.isSafeInteger(Number(text));

/** A u64: page id, delta id. `bigint` in memory, decimal string on the wire. */
export const u64 = z.codec(
  z.string().refine(isU64Text, "a u64 is a decimal string from 0 to 2^64-1"),
  z.bigint().refine(isU64),
  {
    decode: (text) => BigInt(text),
    encode: (value) => value.toString(),
  },
);

/** Nanoseconds since the Unix epoch. `bigint` in memory, decimal string on the wire. */
export const timeNs = u64;

/** A log sequence number; 0 = before the first record. `number` in memory, decimal string on the wire. */
export const lsn = z.codec(
  z.string().refine(isLsnText, "an LSN is a decimal string from 0 to 2^53-1"),
  z.int().nonnegative(),
  { decode: (text) => Number(text), encode: (value) => value.toString() },
);

/** A count, size, index or epoch: a whole number below 2^53. */
export const count = z.int().nonnegative();

/** What `recording.open` returned. */
export const recordingHandle = z.int().min(1).max(0xffff_ffff);

/** 32 bytes of SHA-256 in hexadecimal. */
export const sha256Hex = z.string().regex(/^[0-9a-f]{64}$/);
