import type { Executor } from "../executor.ts";
import { RunResult } from "../level-run.ts";
import { RecomputeLoops } from "../recompute-loops.ts";
import type { Recompute } from "../registry.ts";
import type { WaveRows } from "../wave-rows.ts";
import { coneFormulaLoop } from "./cone-formula-loop.ts";
import { coneFunctionLoop } from "./cone-function-loop.ts";
import type { ConeColumns, ConeLoop, ConeLoopFactory } from "./cone-loop.ts";
import type { ConeRows } from "./cone-rows.ts";

/** A recompute gets a loop of its own when one was entered so often for it. */
const OWN_ENTRIES = 64;

/** Which recomputes run in which loop over the rows of cones. */
export class ConeLoops extends RecomputeLoops<ConeColumns, ConeLoop> {
  constructor(executor: Executor, log: WaveRows | undefined) {
    super(
      executor,
      log,
      coneFunctionLoop as ConeLoopFactory,
      coneFormulaLoop as ConeLoopFactory,
      OWN_ENTRIES,
    );
  }

  /** Before a wave: takes in columns that were replaced. */
  begin(rows: ConeRows): void {
    const { table, incoming } = this.executor.graph;
    const known = this.columns;
    const isStanding =
      known !== undefined &&
      known.slot === rows.slot &&
      known.inputs === rows.inputs &&
      known.epoch === table.epoch &&
      known.start === incoming.start &&
      (this.log === undefined || this.log.isWrittenTo(known));
    if (isStanding) return;
    const { slot, place, inputStart, inputs, dependentStart, dependents, dirty, result } = rows;
    this.take({
      ...this.commonColumns(),
      ...{ slot, place, inputStart, inputs, dependentStart, dependents, dirty, result },
      skipped: RunResult.Skipped,
    });
  }

  /** The loop for a recompute that has a function. */
  loopOf(recompute: Recompute, number: number): ConeLoop {
    const use = this.knownOf(recompute, number);
    use.runs++;
    return this.loopFor(use);
  }
}
