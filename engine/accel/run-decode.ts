/*
 * The delta body, as it stands in the log.
 *
 *   body     = run section, payload (the bytes of all runs in order; the body ends where they end)
 *   section  = tag u8, [count - 63 : varint, where the tag's low six bits are 63], then by the tag's high two bits:
 *
 *   0 LIST     count times: gap : varint, length - 1 : varint
 *   1 PACKED   parameters u8, [length - 1 : varint, where kl = 15], bits
 *   2 STRIDED  parameters u8, [length - 1 : varint, where kl = 15], unit : varint (>= 1), base : varint, bits
 *   3          reserved: corrupt
 *
 * The tag's low six bits hold the count of runs up to 62. A varint is LEB128 (7 bits a byte, lowest first, the last byte not zero
 * unless it is the only one) and holds at most 2^32 - 1.
 *
 * `gap` is the number of untouched bytes before the run less the one that must be there: the first run starts at `gap`, the next
 * ones at (end of the run before) + 1 + gap. So runs that touch, overlap, fall or are empty cannot be written down at all.
 *
 * In the other two forms each run i has a gap symbol g(i) and a length symbol l(i) = length(i) - 1, and PACKED has unit 1, base 0:
 *
 *   start(0) = base + unit * g(0)
 *   start(i) = start(i-1) + unit * (floor(length(i-1) / unit) + 1 + g(i))
 *
 * With unit 1 these are the gaps of LIST. A unit that divides the distance of all starts makes fields of an array of structs, and
 * counters, cost no more than the choice of the elements.
 *
 * `parameters` is kg * 16 + kl, the Rice parameters (Rice and Plaunt, 1971) of the two columns. kg = 15: every g is 0 and takes no
 * bits. kl = 15: every length is the one given and takes no bits. The bits, from the lowest of the first byte up:
 *
 *   for each run: the low kg bits of g (unless kg = 15), the low kl bits of l (unless kl = 15)
 *   for each run: g >> kg zeros and a one (unless kg = 15), l >> kl zeros and a one (unless kl = 15)
 *   zeros up to a whole byte
 *
 * The fixed part stands apart from the unary part so that a decoder has no chain of dependent shifts through both.
 *
 * Corrupt is: anything that does not fit into the body, a varint too long or too large, unit 0, bits set in the padding,
 * start + length >= 2^32, a payload that is not exactly the sum of the lengths. A reader takes every form for every list; which one
 * a writer picks is said in `run-encode.ts`.
 */

export const FORM_LIST = 0x00;
export const FORM_PACKED = 0x40;
export const FORM_STRIDED = 0x80;
const FORM_MASK = 0xc0;
/** Low six bits of the tag: the count itself, or that it follows. */
export const COUNT_FOLLOWS = 63;
/** A Rice parameter that says: the column takes no bits. */
export const RICE_NONE = 15;

const U32_MAX = 0xffff_ffff;

/** Position after the last varint, or of the byte at which it went wrong. */
let cursor = 0;

/** A u32 varint, or -1; sets `cursor`. */
function readVarint(bytes: Uint8Array, at: number, end: number): number {
  let value = 0;
  let scale = 1;
  for (let i = 0; i < 5; i++) {
    cursor = at + i;
    if (cursor >= end) return -1;
    const byte = bytes[cursor]!;
    value += (byte & 127) * scale;
    if (byte < 128) {
      if ((byte === 0 && i > 0) || value > U32_MAX) return -1;
      cursor++;
      return value;
    }
    scale *= 128;
  }
  return -1;
}

/** See `Accel.runCount`. */
export function runCount(bytes: Uint8Array, start: number, end: number): number {
  if (start >= end) return -start - 1;
  const tag = bytes[start]!;
  let count = tag & COUNT_FOLLOWS;
  cursor = start + 1;
  if (count === COUNT_FOLLOWS) {
    const rest = readVarint(bytes, start + 1, end);
    if (rest < 0) return -cursor - 1;
    count += rest;
  }
  // Each run has a byte of payload, so that no count is believed that the body could not hold.
  return count <= end - cursor ? count : -start - 1;
}

/** See `Accel.decodeRuns`. */
export function decodeRuns(
  bytes: Uint8Array,
  start: number,
  end: number,
  runOffset: Uint32Array,
  runLength: Uint32Array,
): number {
  const count = runCount(bytes, start, end);
  if (count < 0) return count;
  if (count > runOffset.length || count > runLength.length) return -start - 1;
  const form = bytes[start]! & FORM_MASK;
  if (form === FORM_LIST) return decodeList(bytes, cursor, end, count, runOffset, runLength);
  if (form === FORM_PACKED || form === FORM_STRIDED) {
    return decodePacked(bytes, cursor, end, count, form === FORM_STRIDED, runOffset, runLength);
  }
  return -start - 1;
}

function decodeList(
  bytes: Uint8Array,
  at: number,
  end: number,
  count: number,
  runOffset: Uint32Array,
  runLength: Uint32Array,
): number {
  let position = 0;
  let total = 0;
  for (let i = 0; i < count; i++) {
    let gap = at < end ? bytes[at]! : 128;
    if (gap < 128) at++;
    else {
      gap = readVarint(bytes, at, end);
      at = cursor;
      if (gap < 0) return -at - 1;
    }
    let length = at < end ? bytes[at]! : 128;
    if (length < 128) at++;
    else {
      length = readVarint(bytes, at, end);
      at = cursor;
      if (length < 0) return -at - 1;
    }
    const offset = position + gap;
    length++;
    position = offset + length;
    if (position > U32_MAX) return -at - 1;
    runOffset[i] = offset;
    runLength[i] = length;
    total += length;
    position++;
  }
  return end - at === total ? at : -at - 1;
}

/** Up to four bytes from `at`, lowest first; zeros beyond `end`. */
function wordBefore(bytes: Uint8Array, at: number, end: number): number {
  let word = 0;
  for (let i = 0; i < 4 && at + i < end; i++) word |= bytes[at + i]! << (8 * i);
  return word;
}

function decodePacked(
  bytes: Uint8Array,
  at: number,
  end: number,
  count: number,
  strided: boolean,
  runOffset: Uint32Array,
  runLength: Uint32Array,
): number {
  if (at >= end) return -end - 1;
  const parameters = bytes[at++]!;
  const hasGaps = parameters >>> 4 !== RICE_NONE;
  const hasLengths = (parameters & 15) !== RICE_NONE;
  let length = 0;
  if (!hasLengths) {
    length = readVarint(bytes, at, end) + 1;
    at = cursor;
    if (length <= 0) return -at - 1;
  }
  let unit = 1;
  let base = 0;
  if (strided) {
    unit = readVarint(bytes, at, end);
    if (unit < 1) return -(unit < 0 ? cursor : at) - 1;
    base = readVarint(bytes, cursor, end);
    at = cursor;
    if (base < 0) return -at - 1;
  }
  const gapBits = hasGaps ? parameters >>> 4 : 0;
  const lengthBits = hasLengths ? parameters & 15 : 0;
  const width = gapBits + lengthBits;
  const gapMask = (1 << gapBits) - 1;
  const lengthMask = (1 << lengthBits) - 1;
  const gapScale = 1 << gapBits;
  const lengthScale = 1 << lengthBits;

  let lowAt = at;
  let lowShift = 0;
  let unaryAt = at + Math.floor((count * width) / 8);
  if (unaryAt > end) return -end - 1;
  let word = 0;
  let wordBits = 0;
  if (((count * width) & 7) !== 0) {
    if (unaryAt >= end) return -end - 1;
    const used = (count * width) & 7;
    word = bytes[unaryAt++]! >>> used;
    wordBits = 8 - used;
  }

  let start = base;
  let total = 0;
  let gap = 0;
  let low = 0;
  for (let i = 0; i < count; i++) {
    if (width !== 0) {
      low =
        lowAt + 4 < end
          ? bytes[lowAt]! | (bytes[lowAt + 1]! << 8) | (bytes[lowAt + 2]! << 16) | (bytes[lowAt + 3]! << 24)
          : wordBefore(bytes, lowAt, end);
      low >>>= lowShift;
      // width <= 28 and shift <= 7: a fifth byte may hold the rest
      if (lowShift + width > 32) low |= bytes[lowAt + 4]! << (32 - lowShift);
      lowShift += width;
      lowAt += lowShift >>> 3;
      lowShift &= 7;
    }
    if (hasGaps) {
      let quotient = 0;
      while (word === 0) {
        quotient += wordBits;
        if (unaryAt + 4 <= end) {
          word =
            bytes[unaryAt]! |
            (bytes[unaryAt + 1]! << 8) |
            (bytes[unaryAt + 2]! << 16) |
            (bytes[unaryAt + 3]! << 24);
          wordBits = 32;
          unaryAt += 4;
        } else if (unaryAt < end) {
          word = bytes[unaryAt++]!;
          wordBits = 8;
        } else return -end - 1;
      }
      const zeros = 31 - Math.clz32(word & -word);
      word = (word >>> zeros) >>> 1;
      wordBits -= zeros + 1;
      gap = (quotient + zeros) * gapScale + (low & gapMask);
    }
    // `length` is still that of the run before
    start =
      i === 0
        ? base + unit * gap
        : unit === 1
          ? start + length + 1 + gap
          : start + unit * (Math.floor(length / unit) + 1 + gap);
    if (hasLengths) {
      let quotient = 0;
      while (word === 0) {
        quotient += wordBits;
        if (unaryAt + 4 <= end) {
          word =
            bytes[unaryAt]! |
            (bytes[unaryAt + 1]! << 8) |
            (bytes[unaryAt + 2]! << 16) |
            (bytes[unaryAt + 3]! << 24);
          wordBits = 32;
          unaryAt += 4;
        } else if (unaryAt < end) {
          word = bytes[unaryAt++]!;
          wordBits = 8;
        } else return -end - 1;
      }
      const zeros = 31 - Math.clz32(word & -word);
      word = (word >>> zeros) >>> 1;
      wordBits -= zeros + 1;
      length = (quotient + zeros) * lengthScale + ((low >>> gapBits) & lengthMask) + 1;
    }
    if (start + length > U32_MAX) return -Math.min(unaryAt, end - 1) - 1;
    runOffset[i] = start;
    runLength[i] = length;
    total += length;
  }
  const padding = wordBits & 7;
  const payloadAt = unaryAt - (wordBits >>> 3);
  if ((word & ((1 << padding) - 1)) !== 0) return -(payloadAt - 1) - 1;
  return end - payloadAt === total ? payloadAt : -payloadAt - 1;
}
