import type { Executor } from "../executor.ts";
import type { LoopStop } from "../level-loop.ts";
import { RunResult } from "../level-run.ts";
import { ownCode } from "../own-code.ts";
import { WriteMode } from "../page-context.ts";
import type { Recompute } from "../registry.ts";
import type { WaveRows } from "../wave-rows.ts";
import { coneFormulaLoop } from "./cone-formula-loop.ts";
import { coneFunctionLoop } from "./cone-function-loop.ts";
import type { ConeColumns, ConeLoop, ConeLoopFactory } from "./cone-loop.ts";
import type { ConeRows } from "./cone-rows.ts";

/** A recompute gets a loop of its own when one was entered so often for it; after columns were replaced, when that happened so many times as often again. */
const OWN_ENTRIES = 64;
const OWN_GROWTH = 4;
/** Loops of their own at most. */
const MAX_OWN = 64;

/** What is known of a recompute. */
interface Use {
  readonly recompute: Recompute;
  loop: ConeLoop | undefined;
  isOwn: boolean;
  entries: number;
  ownFrom: number;
}

const NO_NUMBERS = new Float64Array(0);
const NO_SLOTS = new Uint32Array(0);

/** Which recomputes run in which loop over the rows of cones. Loops work on the columns as they stand, so all are given up where one is replaced, which is rare. */
export class ConeLoops {
  readonly stop: LoopStop = { changes: 0, hasRun: false, value: undefined };
  readonly #executor: Executor;
  readonly #log: WaveRows | undefined;
  #columns: ConeColumns | undefined;
  /** By the recompute's number. */
  readonly #uses: (Use | undefined)[] = [];
  #shared: { readonly byFunction: ConeLoop; readonly byFormula: ConeLoop } | undefined;
  #own = 0;

  constructor(executor: Executor, log: WaveRows | undefined) {
    this.#executor = executor;
    this.#log = log;
  }

  /** Before a wave: takes in columns that were replaced. */
  begin(rows: ConeRows): void {
    const { table, incoming } = this.#executor.graph;
    const known = this.#columns;
    const isStanding =
      known !== undefined &&
      known.slot === rows.slot &&
      known.inputs === rows.inputs &&
      known.epoch === table.epoch &&
      known.start === incoming.start &&
      (this.#log === undefined || this.#log.isWrittenTo(known));
    if (!isStanding) this.#take(rows);
  }

  /** The loop for a recompute that has a function. */
  loopOf(recompute: Recompute, number: number): ConeLoop {
    let use = this.#uses[number];
    if (use?.recompute !== recompute) {
      if (use?.isOwn === true) this.#own--;
      use = { recompute, loop: undefined, isOwn: false, entries: 0, ownFrom: OWN_ENTRIES };
      this.#uses[number] = use;
    }
    if (++use.entries >= use.ownFrom && !use.isOwn && this.#own < MAX_OWN) this.#makeOwn(use);
    use.loop ??= this.#sharedLoop(recompute);
    return use.loop;
  }

  #makeOwn(use: Use): void {
    use.ownFrom = use.entries * OWN_GROWTH;
    const factory = ownCode(factoryOf(use.recompute));
    if (factory === undefined) return;
    use.loop = factory(this.#columns!);
    use.isOwn = true;
    this.#own++;
  }

  #sharedLoop({ formula }: Recompute): ConeLoop {
    const columns = this.#columns!;
    this.#shared ??= {
      byFunction: (coneFunctionLoop as ConeLoopFactory)(columns),
      byFormula: (coneFormulaLoop as ConeLoopFactory)(columns),
    };
    return formula === undefined ? this.#shared.byFunction : this.#shared.byFormula;
  }

  #take(rows: ConeRows): void {
    const { context, graph, views } = this.#executor;
    const { epoch, changed } = graph.table;
    const { start } = graph.incoming;
    const { slot, place, inputStart, inputs, dependentStart, dependents, dirty, result } = rows;
    const log = this.#log;
    this.#columns = {
      ...{ slot, place, inputStart, inputs, dependentStart, dependents, dirty, result },
      ...{ epoch, changed, f64s: views.f64, context, start },
      isLogged: log !== undefined,
      rowSlot: log?.deltas.slot ?? NO_SLOTS,
      rowNow: log?.numbers ?? NO_NUMBERS,
      rowBefore: log?.oldNumbers ?? NO_NUMBERS,
      ...{ equal: RunResult.Equal, element: RunResult.Element, skipped: RunResult.Skipped },
      none: WriteMode.None,
      stop: this.stop,
    };
    this.#shared = undefined;
    this.#own = 0;
    for (const use of this.#uses) {
      if (use === undefined) continue;
      use.loop = undefined;
      use.isOwn = false;
    }
  }
}

function factoryOf({ formula }: Recompute): ConeLoopFactory {
  return (formula === undefined ? coneFunctionLoop : coneFormulaLoop) as ConeLoopFactory;
}
