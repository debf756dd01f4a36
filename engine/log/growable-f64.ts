/** A column of numbers that grows by doubling. */
export class GrowableF64 {
  #values = new Float64Array(64);
  #length = 0;

  static of(values: ArrayLike<number>): GrowableF64 {
    const column = new GrowableF64();
    column.#values = Float64Array.from(values);
    column.#length = values.length;
    return column;
  }

  get length(): number {
    return this.#length;
  }

  push(value: number): void {
    if (this.#length === this.#values.length) {
      const grown = new Float64Array(Math.max(64, this.#length * 2));
      grown.set(this.#values);
      this.#values = grown;
    }
    this.#values[this.#length++] = value;
  }

  /** A view; valid until the next push. */
  values(): Float64Array {
    return this.#values.subarray(0, this.#length);
  }

  at(row: number): number {
    return this.#values[row]!;
  }

  set(row: number, value: number): void {
    this.#values[row] = value;
  }

  /** Row of the last value that is not above `value`, in a rising column; -1 where there is none. */
  lastAtMost(value: number): number {
    let low = 0;
    let high = this.#length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#values[middle]! <= value) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }
}
