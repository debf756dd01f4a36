import { MAX_BLOCK_BYTES } from "./block-format.ts";

/**
 * Memory for blocks that begin at multiples of 8, with the views through which their columns, aligned from the block's start, are read and
 * written by plain indexing. (The engine runs on little-endian machines only.)
 */
export class BlockBuffer {
  readonly u8: Uint8Array;
  readonly u16: Uint16Array;
  readonly u32: Uint32Array;

  /** `sizeBytes` is a multiple of 8. `isShared`: another thread may read it. */
  constructor(sizeBytes = MAX_BLOCK_BYTES, isShared = false) {
    const buffer = isShared ? new SharedArrayBuffer(sizeBytes) : new ArrayBuffer(sizeBytes);
    this.u8 = new Uint8Array(buffer);
    this.u16 = new Uint16Array(buffer);
    this.u32 = new Uint32Array(buffer);
  }
}
