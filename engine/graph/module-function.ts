import { createRequire } from "node:module";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { MmsbError } from "../base/errors.ts";
import { err, fail, ok, type Result } from "../base/result.ts";
import type { RecomputeFunction } from "./recompute.ts";

/** A function's place, as text: it crosses threads and stands in the log. */
export interface ModuleExport {
  readonly module: string;
  readonly exportName: string;
}

/**
 * Loads the module and takes the function, synchronously: both happen in the midst of a wave. The message of an error is the same on every thread. Errors:
 * RECOMPUTE_FAILED.
 */
export function loadFunction({ module, exportName }: ModuleExport): Result<RecomputeFunction> {
  let exports: Record<string, unknown>;
  try {
    const require = createRequire(path.join(process.cwd(), "recompute.js"));
    exports = require(module.startsWith("file:") ? fileURLToPath(module) : module);
  } catch (error) {
    return notLoaded(module, firstLine(error), error);
  }
  // What a CommonJS module exports is its default as well.
  const found = exports[exportName] ?? (exportName === "default" ? exports : undefined);
  return typeof found === "function"
    ? ok(found as RecomputeFunction)
    : notLoaded(module, `it exports no function '${exportName}'`);
}

/** Loads the function when it is first called; where that fails, each call throws why. */
export function lazyFunction(module: ModuleExport): RecomputeFunction {
  let loaded: Result<RecomputeFunction> | undefined;
  return (ctx) => {
    loaded ??= loadFunction(module);
    if (!loaded.ok) throw loaded.error;
    loaded.value(ctx);
  };
}

function notLoaded(module: string, why: string, cause?: unknown): Result<never> {
  const message = `the module '${module}' cannot be used: ${why}`;
  const remedy = "Give a module that Node's require can load, and the name of a function that it exports";
  return cause === undefined
    ? fail("RECOMPUTE_FAILED", message, remedy)
    : err(new MmsbError("RECOMPUTE_FAILED", message, remedy, {}, cause));
}

/** Of Node's messages the later lines say who asked. */
function firstLine(error: unknown): string {
  try {
    return (error instanceof Error ? error.message : String(error)).split("\n", 1)[0]!.slice(0, 1000);
  } catch {
    return "it threw something that cannot be told";
  }
}
