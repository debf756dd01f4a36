import { copyWords, viewOf } from "../accel/copy-bytes.ts";
import type { ApplyRows } from "./device-backend.ts";

const FIRST_ROWS = 256;
const FIRST_BYTES = 16_384;

/** Runs of bytes that wait to be applied, as columns that grow and are used again. */
export class RowQueue implements ApplyRows {
  page = new Uint32Array(FIRST_ROWS);
  offset = new Uint32Array(FIRST_ROWS);
  length = new Uint32Array(FIRST_ROWS);
  payloadAt = new Uint32Array(FIRST_ROWS);
  payload = new Uint8Array(FIRST_BYTES);
  count = 0;
  payloadBytes = 0;
  #view = viewOf(this.payload);

  clear(): void {
    this.count = 0;
    this.payloadBytes = 0;
  }

  push(page: number, offset: number, bytes: Uint8Array, bytesAt: number, length: number): void {
    if (this.count === this.page.length) this.#growRows();
    if (this.payloadBytes + length > this.payload.length) this.#growPayload(length);
    const row = this.count++;
    this.page[row] = page;
    this.offset[row] = offset;
    this.length[row] = length;
    this.payloadAt[row] = this.payloadBytes;
    copyWords(bytes, viewOf(bytes), bytesAt, this.payload, this.#view, this.payloadBytes, length);
    this.payloadBytes += length;
  }

  /** Forgets what waits for a page that goes. */
  drop(page: number): void {
    let kept = 0;
    for (let row = 0; row < this.count; row++) {
      if (this.page[row] === page) continue;
      this.page[kept] = this.page[row]!;
      this.offset[kept] = this.offset[row]!;
      this.length[kept] = this.length[row]!;
      this.payloadAt[kept] = this.payloadAt[row]!;
      kept++;
    }
    this.count = kept;
    if (kept === 0) this.payloadBytes = 0;
  }

  #growRows(): void {
    const longer = (column: Uint32Array) => {
      const grown = new Uint32Array(column.length * 2);
      grown.set(column);
      return grown;
    };
    this.page = longer(this.page);
    this.offset = longer(this.offset);
    this.length = longer(this.length);
    this.payloadAt = longer(this.payloadAt);
  }

  #growPayload(length: number): void {
    const grown = new Uint8Array(Math.max(this.payload.length * 2, this.payloadBytes + length));
    grown.set(this.payload.subarray(0, this.payloadBytes));
    this.payload = grown;
    this.#view = viewOf(grown);
  }
}
