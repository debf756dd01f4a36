/** Element types of the built-in kernels. Integers wrap modulo 2^32; a division by zero gives 0. */
export type KernelElement = "f64" | "f32" | "i32" | "u32";

export type ZipOperation = "add" | "subtract" | "multiply" | "divide" | "min" | "max";
export type MapOperation = "affine" | "negate" | "absolute" | "square" | "sqrt" | "relu";

/**
 * The built-in kernels. They compute all elements of their page from those of their inputs; `elements` is how many fit the page. An input that is too
 * short fails the page (DELTA_RANGE). Inputs are counted by ascending page id, unless `operands` gives their order.
 *
 * The order of float operations is part of the contract, so that every implementation, on a CPU or a device, gives the same bits: each operation rounds to the
 * element type at once (no contraction, no wider accumulator), a NaN is stored as the canonical one, and (F1 to F6: docs/DeviceMemoryModel.md)
 *
 * - `sum`, `min`, `max` over `"inputs"`: out[e] = ((in0[e] ∘ in1[e]) ∘ in2[e]) ∘ …; over `"elements"`: out[0] = (in0 by itself) ∘ (in1 by itself) ∘ …, each in 256 lanes (F1).
 *   Of min and max a NaN wins, and −0 is smaller than +0.
 * - `map`: out[e] = operation(in0[e]); affine is (in0[e] × scale) + offset, both rounded to the element type before. Roots of whole numbers are cut, those below zero are 0; relu keeps a NaN.
 * - `zip`: out[e] = in0[e] ∘ in1[e].
 * - `matmul`: in0 is rows × inner, in1 inner × columns, both row-major: out[i, j] = ((0 + a[i,0]·b[0,j]) + a[i,1]·b[1,j]) + …
 * - `scan`: running sums, in tiles of 32 and groups of 32 tiles (F4).
 * - `histogram`: out is u32 counts; bin b holds the elements x of in0 with floor((x - low) × (bins / (high - low))) = b; others, NaN too, are left out.
 *   The operations are in f64.
 * - `copy`: the first bytes of in0, as many as the page has.
 */
export type KernelSpec =
  | {
      readonly kind: "sum" | "min" | "max";
      readonly element?: KernelElement;
      readonly over?: "inputs" | "elements";
      readonly operands?: readonly bigint[];
    }
  | {
      readonly kind: "map";
      readonly operation: MapOperation;
      readonly scale?: number;
      readonly offset?: number;
      readonly element?: KernelElement;
      readonly operands?: readonly bigint[];
    }
  | {
      readonly kind: "zip";
      readonly operation: ZipOperation;
      readonly element?: KernelElement;
      readonly operands?: readonly bigint[];
    }
  | {
      readonly kind: "matmul";
      readonly rows: number;
      readonly inner: number;
      readonly columns: number;
      readonly element?: KernelElement;
      readonly operands?: readonly bigint[];
    }
  | { readonly kind: "scan"; readonly element?: KernelElement; readonly operands?: readonly bigint[] }
  | {
      readonly kind: "histogram";
      readonly low: number;
      readonly high: number;
      readonly element?: KernelElement;
      readonly operands?: readonly bigint[];
    }
  | { readonly kind: "copy"; readonly operands?: readonly bigint[] };

export const KERNEL_KINDS = [
  "sum",
  "min",
  "max",
  "map",
  "zip",
  "matmul",
  "scan",
  "histogram",
  "copy",
] as const;
