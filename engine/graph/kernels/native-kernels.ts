import { nativeAddon } from "../../accel/index.ts";
import type { NativeFunctions } from "../../accel/native-functions.ts";
import type { KernelBatch, KernelRunner } from "./kernel-runner.ts";
import {
  KERNEL_KINDS,
  type KernelElement,
  type KernelSpec,
  type MapOperation,
  type ZipOperation,
} from "./kernel-spec.ts";
import { referenceKernels } from "./reference-kernels.ts";

// The addon knows kinds (KERNEL_KINDS), elements and operations by their places: native/include/mmsb/kernels.hpp has the same order.
const ELEMENTS: readonly KernelElement[] = ["f64", "f32", "i32", "u32"];
const MAPS: readonly MapOperation[] = ["affine", "negate", "absolute", "square", "sqrt", "relu"];
const ZIPS: readonly ZipOperation[] = ["add", "subtract", "multiply", "divide", "min", "max"];

/** The addon's kernels: a whole batch is one call. It throws ARGUMENT_INVALID for a batch whose rows name bytes that are not there. */
export function nativeKernels(native: NativeFunctions): KernelRunner {
  return {
    name: "native",
    run(batch: KernelBatch): void {
      const { spec } = batch;
      native.runKernel(
        batch.arenas.map((view) => view.bytes),
        batch.arena,
        batch.arenaOffset,
        batch.size,
        KERNEL_KINDS.indexOf(spec.kind),
        elementOf(spec),
        operationOf(spec),
        parametersOf(spec),
        batch.slot,
        batch.rows,
        batch.inputStart,
        batch.inputs,
        batch.out.bytes,
        batch.outAt,
        batch.refused,
      );
    },
  };
}

export function elementOf(spec: KernelSpec): number {
  return ELEMENTS.indexOf(spec.kind === "copy" ? "u32" : (spec.element ?? "f64"));
}

/** For reductions 1 where they go over elements. */
export function operationOf(spec: KernelSpec): number {
  switch (spec.kind) {
    case "map":
      return MAPS.indexOf(spec.operation);
    case "zip":
      return ZIPS.indexOf(spec.operation);
    case "sum":
    case "min":
    case "max":
      return spec.over === "elements" ? 1 : 0;
    default:
      return 0;
  }
}

export function parametersOf(spec: KernelSpec): Float64Array {
  switch (spec.kind) {
    case "map":
      return Float64Array.of(spec.scale ?? 1, spec.offset ?? 0, 0);
    case "histogram":
      return Float64Array.of(spec.low, spec.high, 0);
    case "matmul":
      return Float64Array.of(spec.rows, spec.inner, spec.columns);
    default:
      return NONE;
  }
}

const NONE = new Float64Array(3);

/** A call of the addon costs 0.6 µs, as much as the reference takes for so many inputs with so many bytes in all. */
const FEW_INPUTS = 24;
const FEW_BYTES = 1024;

/** Whether the reference is done sooner than the addon is called. What a matrix product costs does not follow from its bytes. */
function isSmall({ spec, inputs, size }: KernelBatch): boolean {
  if (inputs.length > FEW_INPUTS || spec.kind === "matmul") return false;
  let bytes = 0;
  for (const slot of inputs) bytes += size[slot]!;
  return bytes <= FEW_BYTES;
}

/** The addon's kernels for all but small batches. */
function mixedKernels(native: NativeFunctions): KernelRunner {
  const large = nativeKernels(native);
  return {
    name: large.name,
    run: (batch) => (isSmall(batch) ? referenceKernels : large).run(batch),
  };
}

/** The runner in use: the addon's where it loads, else the reference. */
export const kernelRunner: KernelRunner =
  nativeAddon.path === undefined ? referenceKernels : mixedKernels(nativeAddon.functions);
