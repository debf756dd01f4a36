import type { RecomputeFunction } from "../recompute.ts";
import type { ConeColumns, ConeLoop } from "./cone-loop.ts";

/** `function-loop.ts` for the rows of a cone: where inputs and dependents are is known. */
export function coneFunctionLoop(columns: ConeColumns): ConeLoop<RecomputeFunction> {
  const { slot, place, inputStart, inputs, dependentStart, dependents, dirty, result } = columns;
  const { epoch, changed, f64s, isLogged, rowSlot, rowNow, rowBefore, context } = columns;
  const { start, equal, element, skipped, stop } = columns;
  const { numbers } = context;
  /** The first number of an input; where that page has no place, it is not fetched, nor are those behind it. */
  const fetch = (input: number, from: number): number => {
    if (from === 0 && context.fetched > input) context.fetched = input;
    return f64s[(from >>> 24) & 63]![(from & 0xff_ffff) << 3]!;
  };
  const mark = (row: number): void => {
    const end = dependentStart[row + 1]!;
    for (let at = dependentStart[row]!; at < end; at++) dirty[dependents[at]!] = 1;
  };
  return {
    run(fn, from, to, firstLogRow, stamp) {
      const wave = stamp >>> 0;
      const end = to | 0;
      let logRow = firstLogRow | 0;
      let changes = 0;
      let row = from | 0;
      for (; row < end; row++) {
        if (dirty[row] === 0) {
          result[row] = skipped;
          continue;
        }
        dirty[row] = 0;
        const page = slot[row]! | 0;
        const first = inputStart[row]! | 0;
        const inputCount = (inputStart[row + 1]! - first) | 0;
        const own = place[row]!;
        context.slot = page;
        context.inputStart = start[page]! | 0;
        context.inputCount = inputCount;
        context.fetched = inputCount < 4 ? inputCount : 4;
        context.inLoop = 1;
        if (inputCount > 0) {
          numbers[0] = fetch(0, inputs[first]!);
          if (inputCount > 1) {
            numbers[1] = fetch(1, inputs[first + 1]!);
            if (inputCount > 2) {
              numbers[2] = fetch(2, inputs[first + 2]!);
              if (inputCount > 3) numbers[3] = fetch(3, inputs[first + 3]!);
            }
          }
        }
        fn(context);
        const step = context.inLoop;
        if (step === 0 || context.violation !== undefined) {
          stop.hasRun = true;
          break;
        }
        const pages = f64s[(own >>> 24) & 63]!;
        const at = (own & 0xff_ffff) << 3;
        const before = pages[at]!;
        const value = step === 1 ? before : context.newNumber;
        if (value < before || value > before) {
          pages[at] = value;
          result[row] = element;
          changes++;
          if (isLogged) {
            rowSlot[logRow] = page;
            rowNow[logRow] = value;
            rowBefore[logRow] = before;
            logRow++;
          } else {
            epoch[page]!++;
            changed[page] = wave;
          }
          mark(row);
        } else if (step === 1 || (value === before && (value !== 0 || 1 / value === 1 / before)))
          result[row] = equal;
        else {
          stop.hasRun = true;
          break;
        }
      }
      if (!stop.hasRun) {
        context.inLoop = 0;
        context.fetched = 0;
      }
      stop.changes = changes;
      return row;
    },
  };
}
