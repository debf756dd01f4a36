import type { MmsbError } from "../base/errors.ts";
import type { RecomputeForm } from "../log/registration.ts";

/** Whose recompute: a page's own, or that of all pages of a type. */
export type RecomputeTarget = bigint | string;

/** Of a page that is computed: whether its bytes are what its inputs make of it. */
export interface RecomputeState {
  /** `none`: nothing computes it; `stale`: a pull page whose inputs changed; `failed`: its bytes are old, `error` says why. */
  readonly state: "none" | "current" | "stale" | "failed";
  /** The recompute's name. */
  readonly name?: string;
  readonly error?: MmsbError;
}

/** A registration as `session.recomputes.list()` tells it. */
export interface KnownRecompute {
  readonly target: RecomputeTarget;
  readonly name: string;
  readonly form: RecomputeForm;
  /** This session has its function, or it is a kernel. */
  readonly isBound: boolean;
}
