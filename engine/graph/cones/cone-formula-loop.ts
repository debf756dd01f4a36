import type { FormulaFunction } from "../recompute.ts";
import type { ConeColumns, ConeLoop } from "./cone-loop.ts";

/** Formulas of one to four inputs, all of which and the page itself have a place (`page-place.ts`). */
export function coneFormulaLoop(columns: ConeColumns): ConeLoop<FormulaFunction> {
  const { slot, place, inputStart, inputs, dependentStart, dependents, dirty, result } = columns;
  const { epoch, changed, f64s, isLogged, rowSlot, rowNow, rowBefore, context } = columns;
  const { equal, element, skipped, none, stop } = columns;
  const numberAt = (from: number): number => f64s[(from >>> 24) & 63]![(from & 0xff_ffff) << 3]!;
  // A loop within the one over rows: see `function-loop.ts`.
  const mark = (row: number): void => {
    const end = dependentStart[row + 1]!;
    for (let at = dependentStart[row]!; at < end; at++) dirty[dependents[at]!] = 1;
  };
  return {
    run(fn, from, to, firstLogRow, stamp) {
      // What was written to the page that another loop or function ran last is no more to be taken back.
      context.mode = none;
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
        context.slot = page;
        const a = numberAt(inputs[first]!);
        let value: unknown;
        if (inputCount === 1) value = fn(a);
        else {
          const b = numberAt(inputs[first + 1]!);
          if (inputCount === 2) value = fn(a, b);
          else {
            const c = numberAt(inputs[first + 2]!);
            value = inputCount === 3 ? fn(a, b, c) : fn(a, b, c, numberAt(inputs[first + 3]!));
          }
        }
        const own = place[row]!;
        const f64 = f64s[(own >>> 24) & 63]!;
        const index = (own & 0xff_ffff) << 3;
        const old = f64[index]!;
        if (typeof value !== "number" || context.violation !== undefined) {
          stop.hasRun = true;
          stop.value = value;
          break;
        }
        if (value < old || value > old) {
          f64[index] = value;
          result[row] = element;
          changes++;
          if (isLogged) {
            rowSlot[logRow] = page;
            rowNow[logRow] = value;
            rowBefore[logRow] = old;
            logRow++;
          } else {
            epoch[page]!++;
            changed[page] = wave;
          }
          mark(row);
        } else if (value === old && (value !== 0 || 1 / value === 1 / old)) result[row] = equal;
        else {
          // A NaN has more bits than one, and zeros differ.
          stop.hasRun = true;
          stop.value = value;
          break;
        }
      }
      stop.changes = changes;
      return row;
    },
  };
}
