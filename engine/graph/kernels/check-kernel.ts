import { fail, ok, type Result } from "../../base/result.ts";
import { isU64 } from "../../base/u64.ts";
import { KERNEL_KINDS, type KernelSpec } from "./kernel-spec.ts";

const ELEMENTS: readonly unknown[] = [undefined, "f64", "f32", "i32", "u32"];
const MAPS: readonly unknown[] = ["affine", "negate", "absolute", "square", "sqrt", "relu"];
const ZIPS: readonly unknown[] = ["add", "subtract", "multiply", "divide", "min", "max"];
const MAX_OPERANDS = 65_536;

/** Errors: ARGUMENT_INVALID. */
export function checkKernel(spec: KernelSpec): Result<void> {
  if (typeof spec !== "object" || spec === null || !KERNEL_KINDS.includes(spec.kind))
    return invalid(`there is no such kernel; there are ${KERNEL_KINDS.join(", ")}`);
  const { operands } = spec;
  if (
    operands !== undefined &&
    !(
      Array.isArray(operands) &&
      operands.length <= MAX_OPERANDS &&
      operands.every((id) => typeof id === "bigint" && isU64(id))
    )
  )
    return invalid("operands are page ids");
  if (spec.kind === "copy") return ok();
  if (!ELEMENTS.includes(spec.element)) return invalid(`'${spec.element}' is no element type of kernels`);
  switch (spec.kind) {
    case "sum":
    case "min":
    case "max":
      return [undefined, "inputs", "elements"].includes(spec.over)
        ? ok()
        : invalid(`'${spec.over}' is nothing to go over`);
    case "map":
      if (!MAPS.includes(spec.operation))
        return invalid(`'${spec.operation}' is no map; there are ${MAPS.join(", ")}`);
      return isNumber(spec.scale ?? 1) && isNumber(spec.offset ?? 0)
        ? ok()
        : invalid("scale and offset are numbers");
    case "zip":
      return ZIPS.includes(spec.operation)
        ? ok()
        : invalid(`'${spec.operation}' is no zip; there are ${ZIPS.join(", ")}`);
    case "matmul":
      return [spec.rows, spec.inner, spec.columns].every(
        (n) => Number.isSafeInteger(n) && n > 0 && n < 2 ** 20,
      )
        ? ok()
        : invalid("rows, inner and columns are whole numbers from 1 to 2^20");
    case "histogram":
      return isNumber(spec.low) && isNumber(spec.high) && spec.low < spec.high
        ? ok()
        : invalid("low lies below high");
    case "scan":
      return ok();
  }
}

function isNumber(value: unknown): boolean {
  return typeof value === "number" && Number.isFinite(value);
}

function invalid(message: string): Result<void> {
  return fail(
    "ARGUMENT_INVALID",
    message,
    "See engine/graph/kernels/kernel-spec.ts for the kernels and their parameters",
  );
}
