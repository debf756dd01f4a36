import type { KernelSpec } from "./kernels/kernel-spec.ts";

/**
 * What a recompute sees: its inputs, and its own page. Inputs are the pages that data edges lead from, counted by ascending page id. Elements are
 * little-endian numbers at multiples of their width. The object is used again for the next page: keep nothing of it.
 *
 * Every reader and writer throws an `MmsbError` where it is refused, which fails the recompute: RECOMPUTE_UNDECLARED_READ for a page that is no
 * input, DELTA_RANGE for bytes outside a page.
 */
export interface RecomputeContext {
  readonly pageId: bigint;
  readonly sizeBytes: number;
  readonly inputCount: number;
  inputId(input: number): bigint;
  inputSizeBytes(input: number): number;
  /**
   * The number of an input, by its page id. Where the page opted in to discovery a page that is no input becomes one; a page that is not computed yet,
   * a pull page that waits among them, makes this recompute start again after it.
   */
  inputOf(pageId: bigint): number;

  /** Element `index` of an input. */
  f64(input: number, index: number): number;
  f32(input: number, index: number): number;
  u32(input: number, index: number): number;
  i32(input: number, index: number): number;
  u16(input: number, index: number): number;
  i16(input: number, index: number): number;
  u8(input: number, index: number): number;
  i8(input: number, index: number): number;
  /** A copy of an input's bytes. */
  bytes(input: number): Uint8Array;

  /** A copy of the own page's bytes as they are now. */
  own(): Uint8Array;
  ownF64(index: number): number;
  ownU32(index: number): number;
  setF64(index: number, value: number): void;
  setF32(index: number, value: number): void;
  setU32(index: number, value: number): void;
  setI32(index: number, value: number): void;
  setU16(index: number, value: number): void;
  setU8(index: number, value: number): void;
  /** Writes bytes at an offset of the own page. */
  write(offset: number, bytes: Uint8Array): void;
}

export type RecomputeFunction = (ctx: RecomputeContext) => void;

/** The elements of pages that {@link ColumnsFunction} works on. */
export type ColumnElement = "f64" | "f32" | "u32" | "i32";

/**
 * Many pages at once: row `r` of every column is element 0 of a page of a level, `inputs[k]` that of its k-th input. Fills `output[0..rows)`. All columns
 * hold f64, which holds every element type exactly; a result is rounded to the element type as storing it in a typed array does. Columns are used again.
 */
export type ColumnsFunction = (rows: number, inputs: readonly Float64Array[], output: Float64Array) => void;

/**
 * A page that is one number: it gets element 0 of each input as an f64, by ascending page id, and returns what element 0 of the page is, as an f64. The
 * fastest of the forms that are called once a page; what it does not get it cannot read.
 */
export type FormulaFunction = (...inputs: number[]) => number;

/**
 * How any thread finds a function: a module, and the name that it exports the function under (`default` unless given). The module is a `file:` URL, an absolute path, or a
 * specifier that resolves from the working directory. Threads load it on their own, synchronously, so it has no top-level await, and the function keeps
 * nothing between calls: which thread runs it is not promised.
 */
export interface RecomputeModule {
  readonly module: string | URL;
  readonly export?: string;
}

export interface RecomputeOptions {
  /** Stands as the source of what it writes. Default: the function's or kernel's name, or `recompute`. */
  readonly name?: string;
  /** Of the pages of a level, those with the higher priority run first. A whole number, 0 by default. It changes neither results nor their order in the log. */
  readonly priority?: number;
  /** Computed when it is read, or when a page that is computed at once depends on it. */
  readonly lazy?: boolean;
  /** Its data edges are those pages that its last run asked for with `inputOf`. */
  readonly discover?: boolean;
}

/**
 * How pages are computed: one of the five forms. A function that stands in a module can run on workers. With `run` beside it the session's own thread calls that
 * instead of loading the module; it is the same function.
 */
export type RecomputeDefinition = RecomputeOptions &
  (
    | ({ readonly run: RecomputeFunction } & Partial<RecomputeModule>)
    | RecomputeModule
    | { readonly formula: FormulaFunction }
    | { readonly columns: ColumnsFunction; readonly inputs: number; readonly element?: ColumnElement }
    | { readonly kernel: KernelSpec }
  );

export const MAX_RECOMPUTE_NAME_BYTES = 1024;
