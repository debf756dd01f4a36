/** From here up a bulk copy beats the loop, the view that it needs included. */
const BULK_COPY_BYTES = 96;

/** Copies `length` bytes between ranges that do not overlap. Makes no object for short copies. */
export function copyBytes(
  from: Uint8Array,
  fromAt: number,
  to: Uint8Array,
  toAt: number,
  length: number,
): void {
  if (length >= BULK_COPY_BYTES) {
    copyBulk(from, fromAt, to, toAt, length);
    return;
  }
  // Four loads, then four stores: twice as fast as byte by byte, because a store may not be passed by the next load.
  let i = 0;
  for (; i + 4 <= length; i += 4) {
    const a = from[fromAt + i]!;
    const b = from[fromAt + i + 1]!;
    const c = from[fromAt + i + 2]!;
    const d = from[fromAt + i + 3]!;
    to[toAt + i] = a;
    to[toAt + i + 1] = b;
    to[toAt + i + 2] = c;
    to[toAt + i + 3] = d;
  }
  for (; i < length; i++) to[toAt + i] = from[fromAt + i]!;
}

/** From here up a copy by way of {@link SCRATCH} beats one byte by byte. */
const DETOUR_FROM_BYTES = 1024;
const SCRATCH = new Uint8Array(16_384);

/**
 * `set`, with a detour where it would be slow: between shared memory and any other, V8 copies words where both sides lie alike within
 * their words, and single bytes where they do not (1160 against 190 ns for 4 KiB). Memory of our own has no such trouble.
 */
function copyBulk(from: Uint8Array, fromAt: number, to: Uint8Array, toAt: number, length: number): void {
  const liesAlike = ((from.byteOffset + fromAt) & 7) === ((to.byteOffset + toAt) & 7);
  if (liesAlike || length < DETOUR_FROM_BYTES || !(isShared(from) || isShared(to))) {
    to.set(from.subarray(fromAt, fromAt + length), toAt);
    return;
  }
  // One half of the detour is between two arrays of our own, the other between two that lie alike.
  const shift = (isShared(to) ? to.byteOffset + toAt : from.byteOffset + fromAt) & 7;
  const step = SCRATCH.length - 8;
  for (let done = 0; done < length; done += step) {
    const count = Math.min(step, length - done);
    SCRATCH.set(from.subarray(fromAt + done, fromAt + done + count), shift);
    to.set(SCRATCH.subarray(shift, shift + count), toAt + done);
  }
}

function isShared(bytes: Uint8Array): boolean {
  return bytes.buffer instanceof SharedArrayBuffer;
}

/** From here up a bulk copy beats {@link copyWords}. */
const BULK_WORDS_BYTES = 512;

/**
 * {@link copyBytes} for whoever copies often between the same two arrays and has a `DataView` of each: those load and store words at any
 * alignment. Eight bytes at a time go as a float, which keeps the bits of every number; those of a NaN it may lose on its way, so bytes
 * that read as one go four at a time. (A bigint is an object.)
 */
export function copyWords(
  from: Uint8Array,
  fromView: DataView,
  fromAt: number,
  to: Uint8Array,
  toView: DataView,
  toAt: number,
  length: number,
): void {
  if (length >= BULK_WORDS_BYTES) {
    copyBulk(from, fromAt, to, toAt, length);
    return;
  }
  let i = 0;
  // Loads before stores here too.
  for (; i + 16 <= length; i += 16) {
    const first = fromView.getFloat64(fromAt + i, true);
    const second = fromView.getFloat64(fromAt + i + 8, true);
    if (Number.isNaN(first) || Number.isNaN(second)) {
      const a = fromView.getUint32(fromAt + i, true);
      const b = fromView.getUint32(fromAt + i + 4, true);
      const c = fromView.getUint32(fromAt + i + 8, true);
      const d = fromView.getUint32(fromAt + i + 12, true);
      toView.setUint32(toAt + i, a, true);
      toView.setUint32(toAt + i + 4, b, true);
      toView.setUint32(toAt + i + 8, c, true);
      toView.setUint32(toAt + i + 12, d, true);
    } else {
      toView.setFloat64(toAt + i, first, true);
      toView.setFloat64(toAt + i + 8, second, true);
    }
  }
  for (; i + 4 <= length; i += 4) toView.setUint32(toAt + i, fromView.getUint32(fromAt + i, true), true);
  for (; i < length; i++) to[toAt + i] = from[fromAt + i]!;
}

/** A view of exactly the array's bytes. */
export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
