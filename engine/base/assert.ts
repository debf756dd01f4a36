/** Thrown by {@link assert}: a bug of ours, never a fault of the input. */
export class AssertionError extends Error {
  override readonly name = "AssertionError";
}

/** States an invariant of our own code. Bad input is reported with a typed `MmsbError` instead. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new AssertionError(message);
}

/** Marks a branch that the type system says cannot be reached. */
export function unreachable(value: never): never {
  throw new AssertionError(`unreachable: ${String(value)}`);
}
