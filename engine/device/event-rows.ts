import type { DeviceEventKind, DeviceEventRow } from "./device-events.ts";

/** Rows of statistics until somebody takes them: as many as there is room for, the oldest give way. And counts of all there were. */
export class EventRows {
  readonly counts: Record<DeviceEventKind, number> = { 1: 0, 2: 0, 3: 0, 4: 0, 5: 0 };
  dropped = 0;
  /** What the rows to come name as their cause. */
  cause = 0;
  readonly #capacity: number;
  #rows: DeviceEventRow[] = [];
  /** Of those in `#rows`, how many have given way: they go all at once. */
  #gone = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  push(row: Omit<DeviceEventRow, "cause">): void {
    this.counts[row.kind]++;
    this.#rows.push({ ...row, cause: this.cause });
    if (this.#rows.length - this.#gone <= this.#capacity) return;
    this.dropped++;
    if (++this.#gone < this.#capacity) return;
    this.#rows.splice(0, this.#gone);
    this.#gone = 0;
  }

  take(): DeviceEventRow[] {
    const rows = this.#rows.slice(this.#gone);
    this.#rows = [];
    this.#gone = 0;
    return rows;
  }
}
