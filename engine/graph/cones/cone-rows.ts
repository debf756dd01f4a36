/** Rows, and entries of each of the two lists, at most: 4 MB. */
const MAX_ROWS = 2 ** 16;
const MAX_ENTRIES = 2 ** 18;
const FIRST_ROWS = 256;

/** The pages of all plans, in columns: row `r` is one page of one cone, and the rows of a plan follow each other. */
export class ConeRows {
  count = 0;
  inputCount = 0;
  dependentCount = 0;
  slot = new Uint32Array(0);
  level = new Uint32Array(0);
  /** The number of its recompute. */
  recompute = new Uint32Array(0);
  /** The row behind the last one that follows with the same recompute. */
  sameTo = new Uint32Array(0);
  /** The word of where its page lies (`page-place.ts`). */
  place = new Uint32Array(0);
  /** Its data inputs, as words of where they lie: `inputs[inputStart[r] .. inputStart[r + 1])`. */
  inputStart = new Uint32Array(1);
  inputs = new Uint32Array(0);
  /** Rows that read it: `dependents[dependentStart[r] .. dependentStart[r + 1])`. */
  dependentStart = new Uint32Array(1);
  dependents = new Uint32Array(0);
  /** 1: an input has changed in the wave that runs. */
  dirty = new Uint8Array(0);
  /** `RunResult` of the last wave. */
  result = new Uint8Array(0);

  get bytes(): number {
    return (
      this.slot.length * 30 + (this.inputs.length + this.dependents.length) * Uint32Array.BYTES_PER_ELEMENT
    );
  }

  clear(): void {
    this.count = 0;
    this.inputCount = 0;
    this.dependentCount = 0;
  }

  /** Makes room for so many more rows and entries of each list; columns may be replaced. False where that would be too many. */
  reserve(rows: number, entries: number): boolean {
    const count = this.count + rows;
    const listed = Math.max(this.inputCount, this.dependentCount) + entries;
    if (count > MAX_ROWS || listed > MAX_ENTRIES) return false;
    if (count > this.slot.length) this.#growRows(Math.max(count, this.slot.length * 2, FIRST_ROWS));
    if (listed > this.inputs.length) {
      const capacity = Math.max(listed, this.inputs.length * 2, FIRST_ROWS * 4);
      this.inputs = longer(this.inputs, capacity);
      this.dependents = longer(this.dependents, capacity);
    }
    return true;
  }

  #growRows(capacity: number): void {
    this.slot = longer(this.slot, capacity);
    this.level = longer(this.level, capacity);
    this.recompute = longer(this.recompute, capacity);
    this.sameTo = longer(this.sameTo, capacity);
    this.place = longer(this.place, capacity);
    this.inputStart = longer(this.inputStart, capacity + 1);
    this.dependentStart = longer(this.dependentStart, capacity + 1);
    this.dirty = new Uint8Array(capacity);
    this.result = new Uint8Array(capacity);
  }
}

function longer(column: Uint32Array<ArrayBuffer>, capacity: number): Uint32Array<ArrayBuffer> {
  const grown = new Uint32Array(capacity);
  grown.set(column);
  return grown;
}
