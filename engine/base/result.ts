import { MmsbError } from "./errors.ts";

/** A value or a typed error. What can fail for a reason outside our code returns one; it never throws. */
export type Result<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly error: MmsbError };

const OK_VOID: Result<void> = { ok: true, value: undefined };

export function ok(): Result<void>;
export function ok<T>(value: T): Result<T>;
export function ok<T>(value?: T): Result<T | void> {
  return value === undefined ? OK_VOID : { ok: true, value };
}

export function err(error: MmsbError): { readonly ok: false; readonly error: MmsbError } {
  return { ok: false, error };
}

/** Builds a failed result in one call; the arguments are those of `MmsbError`. */
export function fail(...args: ConstructorParameters<typeof MmsbError>): {
  readonly ok: false;
  readonly error: MmsbError;
} {
  return err(new MmsbError(...args));
}

/** The value, or throws the `MmsbError`. For the outermost edge (public API, CLI, tests). */
export function unwrap<T>(result: Result<T>): T {
  if (!result.ok) throw result.error;
  return result.value;
}

/** Whether a value is what its type says: a callback written in JavaScript may return anything. */
export function isResult(value: unknown): value is Result<unknown> {
  return typeof value === "object" && value !== null && "ok" in value && typeof value.ok === "boolean";
}
