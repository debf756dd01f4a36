/** From here up copying zeros beats `fill`, whose stores into shared memory are single bytes (0.4 against 1.9 µs for 4 KiB). */
const COPY_FROM_BYTES = 64;
const ZEROS = new Uint8Array(65_536);
/** One frame of zeros, which is what is mostly wanted: no view to be made. */
const FEW_ZEROS = ZEROS.subarray(0, 4096);

/** Zeroes `bytes[start .. end]`. */
export function zeroBytes(bytes: Uint8Array, start: number, end: number): void {
  if (end - start < COPY_FROM_BYTES) {
    bytes.fill(0, start, end);
    return;
  }
  let at = start;
  for (; at + ZEROS.length <= end; at += ZEROS.length) bytes.set(ZEROS, at);
  for (; at + FEW_ZEROS.length <= end; at += FEW_ZEROS.length) bytes.set(FEW_ZEROS, at);
  if (at < end) bytes.set(ZEROS.subarray(0, end - at), at);
}
