/** Typed columns that grow by doubling. `data` may be longer than `length`; `view()` is what has been written. */
export class U32Column {
  data: Uint32Array;
  length = 0;

  constructor(capacity = 16) {
    this.data = new Uint32Array(capacity);
  }

  static of(values: Uint32Array): U32Column {
    const column = new U32Column(0);
    column.data = values;
    column.length = values.length;
    return column;
  }

  push(value: number): void {
    if (this.length === this.data.length) this.reserve(this.length + 1);
    this.data[this.length++] = value;
  }

  /** Room for `count` values in all. */
  reserve(count: number): void {
    if (count <= this.data.length) return;
    const grown = new Uint32Array(Math.max(count, this.data.length * 2, 16));
    grown.set(this.data);
    this.data = grown;
  }

  view(): Uint32Array {
    return this.data.subarray(0, this.length);
  }
}

export class F64Column {
  data: Float64Array;
  length = 0;

  constructor(capacity = 16) {
    this.data = new Float64Array(capacity);
  }

  static of(values: Float64Array): F64Column {
    const column = new F64Column(0);
    column.data = values;
    column.length = values.length;
    return column;
  }

  push(value: number): void {
    if (this.length === this.data.length) this.reserve(this.length + 1);
    this.data[this.length++] = value;
  }

  reserve(count: number): void {
    if (count <= this.data.length) return;
    const grown = new Float64Array(Math.max(count, this.data.length * 2, 16));
    grown.set(this.data);
    this.data = grown;
  }

  view(): Float64Array {
    return this.data.subarray(0, this.length);
  }
}

export class U8Column {
  data: Uint8Array;
  length = 0;

  constructor(capacity = 16) {
    this.data = new Uint8Array(capacity);
  }

  static of(values: Uint8Array): U8Column {
    const column = new U8Column(0);
    column.data = values;
    column.length = values.length;
    return column;
  }

  push(value: number): void {
    if (this.length === this.data.length) this.reserve(this.length + 1);
    this.data[this.length++] = value;
  }

  reserve(count: number): void {
    if (count <= this.data.length) return;
    const grown = new Uint8Array(Math.max(count, this.data.length * 2, 16));
    grown.set(this.data);
    this.data = grown;
  }

  view(): Uint8Array {
    return this.data.subarray(0, this.length);
  }
}

/** The greatest index whose value is ≤ `wanted` in the ascending stretch [from, to), or `from - 1`. */
export function lastAtMost(
  values: Uint32Array | Float64Array,
  from: number,
  to: number,
  wanted: number,
): number {
  let low = from;
  let high = to;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (values[middle]! <= wanted) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
