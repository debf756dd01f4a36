import { MmsbError } from "../base/errors.ts";

/** An edge that was refused because it would close a cycle. */
export class GraphCycleError extends MmsbError {
  /** The pages of the cycle in the direction of the edges, from the refused edge's target to its source. */
  readonly cycle: readonly bigint[];

  constructor(cycle: readonly bigint[], message: string) {
    super("GRAPH_CYCLE", message, "Leave the edge out, or remove another one of the cycle first", {
      pageId: cycle[0]!,
    });
    this.cycle = cycle;
  }
}
