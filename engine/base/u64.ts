import { fail, ok, type Result } from "./result.ts";

/**
 * 64-bit unsigned values: `bigint` at the edge, (lo, hi) pairs of u32 in columns, plain numbers where they are known to
 * stay below 2^53 (LSNs, epochs, offsets), decimal strings in JSON.
 */
export const U64_MAX = 0xffff_ffff_ffff_ffffn;
const TWO_32 = 4294967296;

export function u64FromPair(lo: number, hi: number): bigint {
  return hi === 0 ? BigInt(lo >>> 0) : (BigInt(hi >>> 0) << 32n) | BigInt(lo >>> 0);
}

/** Exact below 2^53, rounded above. */
export function numberFromPair(lo: number, hi: number): number {
  return (hi >>> 0) * TWO_32 + (lo >>> 0);
}

export function lowOf(value: bigint): number {
  // Plain numbers, where they are exact: arithmetic of bigints makes a new one at each step.
  const exact = Number(value);
  return exact <= Number.MAX_SAFE_INTEGER ? exact >>> 0 : Number(value & 0xffff_ffffn);
}

export function highOf(value: bigint): number {
  const exact = Number(value);
  return exact <= Number.MAX_SAFE_INTEGER ? highOfNumber(exact) : Number((value >> 32n) & 0xffff_ffffn);
}

export function lowOfNumber(value: number): number {
  return value >>> 0;
}

/** The upper 32 bits of a whole number below 2^53. */
export function highOfNumber(value: number): number {
  return (value / TWO_32) >>> 0;
}

/** <0, 0 or >0, as a sort comparator over (lo, hi) pairs. */
export function comparePairs(aLo: number, aHi: number, bLo: number, bHi: number): number {
  return aHi === bHi ? (aLo >>> 0) - (bLo >>> 0) : (aHi >>> 0) - (bHi >>> 0);
}

export function isU64(value: bigint): boolean {
  return value >= 0n && value <= U64_MAX;
}

/** Parses a decimal u64 as JSON and the command line carry it. */
export function parseU64(text: string): Result<bigint> {
  if (!/^\d{1,20}$/.test(text) || BigInt(text) > U64_MAX) {
    return fail(
      "ARGUMENT_INVALID",
      `'${text.slice(0, 40)}' is not a u64`,
      "Give a whole decimal number from 0 to 2^64-1",
    );
  }
  return ok(BigInt(text));
}
