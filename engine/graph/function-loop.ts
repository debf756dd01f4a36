import type { LevelLoop, LoopColumns } from "./level-loop.ts";
import type { PageContext } from "./page-context.ts";
import type { RecomputeFunction } from "./recompute.ts";

/** Functions that write one number at the start of their page, and read numbers. */
export function functionLoop(columns: LoopColumns): LevelLoop<RecomputeFunction> {
  const { list, result, of, state, place, start, count, pool, epoch, changed, f64s } = columns;
  const { isLogged, rowSlot, rowNow, rowBefore, context, settled, unsorted, equal, element, stop } = columns;
  const asks = settled | unsorted;
  // Of the page that runs: its first entry in `pool`, its inputs, its place; step 0 = it has written nothing, 1 = `old` and `now`, 2 = the executor's context has taken over.
  // Plain variables and short methods: that much V8 builds into the loop together with the function.
  let first = 0;
  let inputs = 0;
  let own = 0;
  let step = 0;
  const old = new Float64Array(1);
  const now = new Float64Array(1);
  /** By size class of a place: elements that a page has at least. */
  const elements = new Uint32Array([0, 1, 8, 64]);

  /** For what reads inputs: nothing of what was written matters to it. */
  const reader = (): PageContext => {
    context.inputStart = first;
    context.inputCount = inputs;
    return context;
  };
  const handOver = (): PageContext => {
    if (step === 2) return context;
    reader();
    context.ownPlace = own;
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
      if (input >>> 0 !== input || index >>> 0 !== index || input >= inputs)
        return reader().f64(input, index);
      const from = place[pool[first + input]! >>> 1]!;
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
      return inputs;
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
    run(fn, recompute, from, to, firstRow, stamp, hasControl) {
      let row = firstRow;
      let changes = 0;
      let k = from;
      for (; k < to; k++) {
        const slot = list[k]!;
        if (of[slot] !== recompute) break;
        const flags = state[slot]!;
        if ((flags & asks) !== 0) {
          if ((flags & unsorted) !== 0) break;
          state[slot] = flags & ~settled;
        }
        const at = start[slot]!;
        let n = count[slot]!;
        if (hasControl) while (n > 0 && (pool[at + n - 1]! & 1) !== 0) n--;
        first = at;
        inputs = n;
        own = place[slot]!;
        step = 0;
        context.slot = slot;
        fn(numberContext);
        const before = old[0]!;
        const value = now[0]!;
        if (context.violation !== undefined || step === 2) {
          handOver();
          stop.hasRun = true;
          break;
        }
        if (step === 0) result[k] = equal;
        else if (value < before || value > before) {
          result[k] = element;
          changes++;
          if (isLogged) {
            rowSlot[row] = slot;
            rowNow[row] = value;
            rowBefore[row] = before;
            row++;
          } else {
            epoch[slot]!++;
            changed[slot] = stamp;
          }
        } else if (value === before && (value !== 0 || 1 / value === 1 / before)) result[k] = equal;
        else {
          handOver();
          stop.hasRun = true;
          break;
        }
      }
      stop.changes = changes;
      return k;
    },
    handOver,
  };
}
