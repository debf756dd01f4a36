/** The built-in recompute kernels; the numbers are those of mmsb/cuda.h. */
export const Kernel = {
  Sum: 1,
  Min: 2,
  Max: 3,
  Map: 4,
  Zip: 5,
  Matmul: 6,
  Scan: 7,
  Histogram: 8,
  Copy: 9,
} as const;
export type Kernel = (typeof Kernel)[keyof typeof Kernel];

/** Functions of one element (Map) and of two (Zip). */
export const KernelFunction = {
  None: 0,
  Add: 1,
  Subtract: 2,
  Multiply: 3,
  Divide: 4,
  Smaller: 5,
  Larger: 6,
  /** `x * scale + bias`, rounded after each of the two. */
  Affine: 10,
  Negate: 11,
  Absolute: 12,
  SquareRoot: 13,
  Relu: 14,
  Square: 15,
} as const;
export type KernelFunction = (typeof KernelFunction)[keyof typeof KernelFunction];

export const ElementType = { F32: 1, F64: 2, I32: 3, U32: 4 } as const;
export type ElementType = (typeof ElementType)[keyof typeof ElementType];

export interface KernelJob {
  readonly kernel: Kernel;
  readonly function?: KernelFunction;
  readonly type: ElementType;
  /** Handles. `out` is none of the inputs. */
  readonly out: number;
  readonly a: number;
  readonly b?: number;
  /** Elements; of Matmul the rows of the result. */
  readonly count: number;
  /** Of Matmul: a is count × inner, b is inner × columns, row-major. Of Histogram: `columns` bins of u32. */
  readonly inner?: number;
  readonly columns?: number;
  /** Of Map, as its function says, rounded to the element type. Of Histogram: the bin is floor((x - bias) * scale), outside is dropped. */
  readonly scale?: number;
  readonly bias?: number;
}

function asElement(type: ElementType, value: number): number {
  if (type === ElementType.F64) return value;
  if (type === ElementType.F32) return Math.fround(value);
  return type === ElementType.I32 ? value | 0 : value >>> 0;
}

const WORDS = 9;
const NUMBERS = 2;

/** Jobs in columns: nine u32 each (kernel, function, type, out, a, b, count, inner, columns), and two f64 (scale, bias). */
export class KernelBatch {
  count = 0;
  words: Uint32Array;
  numbers: Float64Array;

  constructor(capacity = 16) {
    this.words = new Uint32Array(capacity * WORDS);
    this.numbers = new Float64Array(capacity * NUMBERS);
  }

  clear(): void {
    this.count = 0;
  }

  push(job: KernelJob): void {
    if ((this.count + 1) * WORDS > this.words.length) this.#grow();
    const { kernel, type, out, a, b = 0, count, inner = 0, columns = 0, scale = 0, bias = 0 } = job;
    const at = this.count * WORDS;
    this.words.set([kernel, job.function ?? KernelFunction.None, type, out, a, b, count, inner, columns], at);
    const isMap = job.kernel === Kernel.Map;
    this.numbers[this.count * NUMBERS] = isMap ? asElement(type, scale) : scale;
    this.numbers[this.count * NUMBERS + 1] = isMap ? asElement(type, bias) : bias;
    this.count++;
  }

  /** A job as an object: for the CPU, and for looking. */
  job(row: number): Required<KernelJob> {
    const [kernel, fn, type, out, a, b, count, inner, columns] = this.words.subarray(
      row * WORDS,
      (row + 1) * WORDS,
    );
    return {
      kernel: kernel as Kernel,
      function: fn as KernelFunction,
      type: type as ElementType,
      out: out!,
      a: a!,
      b: b!,
      count: count!,
      inner: inner!,
      columns: columns!,
      scale: this.numbers[row * NUMBERS]!,
      bias: this.numbers[row * NUMBERS + 1]!,
    };
  }

  #grow(): void {
    const words = new Uint32Array(this.words.length * 2 + WORDS);
    words.set(this.words);
    this.words = words;
    const numbers = new Float64Array(this.numbers.length * 2 + NUMBERS);
    numbers.set(this.numbers);
    this.numbers = numbers;
  }
}
