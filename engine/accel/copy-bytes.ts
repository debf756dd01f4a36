/** From here up a bulk copy beats the loop, the view it has to make included (`npm run bench` prints both). */
const BULK_COPY_BYTES = 128;

/** Copies `length` bytes; the ranges may overlap. Makes no object for short copies. */
export function copyBytes(
  from: Uint8Array,
  fromAt: number,
  to: Uint8Array,
  toAt: number,
  length: number,
): void {
  if (length >= BULK_COPY_BYTES || from.buffer === to.buffer) {
    if (length > 0) to.set(from.subarray(fromAt, fromAt + length), toAt);
    return;
  }
  for (let i = 0; i < length; i++) to[toAt + i] = from[fromAt + i]!;
}
