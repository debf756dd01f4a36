import { MmsbError } from "../base/errors.ts";
import { fail, type Result } from "../base/result.ts";

export function cancelled(): MmsbError {
  return new MmsbError(
    "CANCELLED",
    "the wave was cancelled between two levels",
    "Propagate again: its pages wait",
  );
}

export function overBudget(budget: number, done: number, next: number): MmsbError {
  const message = `the wave may run ${budget} recomputes; it ran ${done}, and its next level has ${next}`;
  return new MmsbError("WAVE_BUDGET", message, "Raise the budget, or write less at once");
}

export function refused(): Result<never> {
  return fail(
    "LOG_READ_ONLY",
    "the wave could not be logged",
    "What was synced is safe: stop this session and open the recording again",
  );
}
