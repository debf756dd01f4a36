import type { PageContext } from "../page-context.ts";
import type { RecomputeFunction } from "../recompute.ts";
import type { ConeColumns, ConeLoop } from "./cone-loop.ts";

/** `function-loop.ts` for the rows of a cone: where inputs and dependents are is known. */
export function coneFunctionLoop(columns: ConeColumns): ConeLoop<RecomputeFunction> {
  const { slot, place, inputStart, inputs, dependentStart, dependents, dirty, result } = columns;
  const { epoch, changed, f64s, isLogged, rowSlot, rowNow, rowBefore, context } = columns;
  const { equal, element, skipped, stop } = columns;
  // Of the page that runs: see `function-loop.ts`.
  let first = 0;
  let inputCount = 0;
  let own = 0;
  let step = 0;
  const old = new Float64Array(1);
  const now = new Float64Array(1);
  /** By size class of a place: elements that a page has at least. */
  const elements = new Uint32Array([0, 1, 8, 64]);

  const reader = (): PageContext => {
    columns.enter();
    return context;
  };
  const handOver = (): PageContext => {
    if (step === 2) return context;
    columns.enter();
    context.mode = columns.none;
    if (step === 1) {
      context.mode = columns.number;
      context.elementOffset = 0;
      context.elementBytes = 8;
      context.oldNumber = old[0]!;
      context.newNumber = now[0]!;
    }
    step = 2;
    return context;
  };

  class NumberContext extends columns.LoopContext {
    override f64(input: number, index: number): number {
      if (input >>> 0 !== input || index >>> 0 !== index || input >= inputCount)
        return reader().f64(input, index);
      const from = inputs[first + input]!;
      if (index >= elements[from >>> 30]!) return reader().f64(input, index);
      return f64s[(from >>> 24) & 63]![((from & 0xff_ffff) << 3) + index]!;
    }
    override setF64(index: number, value: number): void {
      const page = f64s[(own >>> 24) & 63]!;
      const at = (own & 0xff_ffff) << 3;
      const before = page[at]!;
      // A NaN has more bits than one.
      if (index !== 0 || own === 0 || step !== 0 || Number.isNaN(before)) {
        handOver().setF64(index, value);
        return;
      }
      old[0] = before;
      now[0] = value;
      page[at] = now[0];
      step = 1;
    }
    override get inputCount() {
      return inputCount;
    }
    protected override reader() {
      return reader();
    }
    protected override handOver() {
      return handOver();
    }
  }
  const numberContext = new NumberContext();

  return {
    run(fn, from, to, firstLogRow, stamp) {
      let logRow = firstLogRow;
      let changes = 0;
      let row = from;
      for (; row < to; row++) {
        if (dirty[row] === 0) {
          result[row] = skipped;
          continue;
        }
        dirty[row] = 0;
        const page = slot[row]!;
        first = inputStart[row]!;
        inputCount = inputStart[row + 1]! - first;
        own = place[row]!;
        step = 0;
        context.slot = page;
        fn(numberContext);
        const before = old[0]!;
        const value = now[0]!;
        if (context.violation !== undefined || step === 2) {
          handOver();
          stop.hasRun = true;
          break;
        }
        if (step === 0) result[row] = equal;
        else if (value < before || value > before) {
          result[row] = element;
          changes++;
          if (isLogged) {
            rowSlot[logRow] = page;
            rowNow[logRow] = value;
            rowBefore[logRow] = before;
            logRow++;
          } else {
            epoch[page]!++;
            changed[page] = stamp;
          }
          const end = dependentStart[row + 1]!;
          for (let at = dependentStart[row]!; at < end; at++) dirty[dependents[at]!] = 1;
        } else if (value === before && (value !== 0 || 1 / value === 1 / before)) result[row] = equal;
        else {
          handOver();
          stop.hasRun = true;
          break;
        }
      }
      stop.changes = changes;
      return row;
    },
    handOver,
  };
}
