import { createRequire } from "node:module";

/** Castagnoli's polynomial, bit-reversed. */
const POLYNOMIAL = 0x82f63b78;
/** Below this the table is done before a call into native code has begun (160 ns against 1 ns a byte). */
const NATIVE_FROM_BYTES = 192;

/** Eight tables of 256 (Kounavis and Berry, 2008): table t holds the CRC of a byte followed by t zeros. */
const TABLES = buildTables();
const T0 = TABLES.subarray(0, 256);
const T1 = TABLES.subarray(256, 512);
const T2 = TABLES.subarray(512, 768);
const T3 = TABLES.subarray(768, 1024);
const T4 = TABLES.subarray(1024, 1280);
const T5 = TABLES.subarray(1280, 1536);
const T6 = TABLES.subarray(1536, 1792);
const T7 = TABLES.subarray(1792, 2048);

function buildTables(): Int32Array {
  const tables = new Int32Array(8 * 256);
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? POLYNOMIAL : 0);
    tables[byte] = crc;
  }
  for (let i = 256; i < tables.length; i++) {
    const before = tables[i - 256]!;
    tables[i] = (before >>> 8) ^ tables[before & 255]!;
  }
  return tables;
}

/** CRC-32C by slicing-by-8, in plain ECMAScript. */
export function crc32cTable(bytes: Uint8Array, seed = 0): number {
  let crc = ~seed;
  let i = 0;
  const length = bytes.length;
  for (; i + 8 <= length; i += 8) {
    crc ^= bytes[i]! | (bytes[i + 1]! << 8) | (bytes[i + 2]! << 16) | (bytes[i + 3]! << 24);
    crc =
      T7[crc & 255]! ^
      T6[(crc >>> 8) & 255]! ^
      T5[(crc >>> 16) & 255]! ^
      T4[crc >>> 24]! ^
      T3[bytes[i + 4]!]! ^
      T2[bytes[i + 5]!]! ^
      T1[bytes[i + 6]!]! ^
      T0[bytes[i + 7]!]!;
  }
  for (; i < length; i++) crc = T0[(crc ^ bytes[i]!) & 255]! ^ (crc >>> 8);
  return ~crc >>> 0;
}

type Crc32c = (bytes: Uint8Array, seed?: number) => number;

/** The library where its binary loads on this platform and gives the standard's check value, views of shared memory included. */
function loadLibrary(): Crc32c | undefined {
  try {
    const library = createRequire(import.meta.url)("@node-rs/crc32") as { crc32c: Crc32c };
    const shared = new Uint8Array(new SharedArrayBuffer(16), 3, 9);
    for (let i = 0; i < 9; i++) shared[i] = 0x31 + i;
    return library.crc32c(shared, 0) === 0xe3069283 ? library.crc32c : undefined;
  } catch {
    return undefined;
  }
}

const library = loadLibrary();

/** CRC-32C of `bytes` as a u32; `seed` is the CRC of what came before. */
export const crc32c: Crc32c =
  library === undefined
    ? crc32cTable
    : (bytes, seed = 0) =>
        bytes.length < NATIVE_FROM_BYTES ? crc32cTable(bytes, seed) : library(bytes, seed);
