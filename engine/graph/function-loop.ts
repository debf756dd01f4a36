import type { LevelLoop, LoopColumns } from "./level-loop.ts";
import type { RecomputeFunction } from "./recompute.ts";

/**
 * Functions that write one number at the start of their page, and read numbers. Most pages, and most inputs, lie where the first page of a run does (`home`: its arena and size class): those are
 * read and written through one view. No loop stands within the one over pages: there V8 would take the columns for anything, and not for the arrays that they are.
 */
export function functionLoop(columns: LoopColumns): LevelLoop<RecomputeFunction> {
  const { list, result, of, state, place, start, count, pool, epoch, changed, f64s } = columns;
  const { isLogged, rowSlot, rowNow, rowBefore, context, settled, unsorted, equal, element, stop } = columns;
  const { numbers } = context;
  const asks = settled | unsorted;
  /** The first number of the page at a place that is not at home; where the page has no place, it is not fetched, nor are those behind it. */
  const fetch = (input: number, from: number): number => {
    if (from === 0 && context.fetched > input) context.fetched = input;
    return f64s[(from >>> 24) & 63]![(from & 0xff_ffff) << 3]!;
  };
  const dataInputs = (at: number, inputs: number): number => {
    let n = inputs;
    while (n > 0 && (pool[at + n - 1]! & 1) !== 0) n--;
    return n;
  };
  return {
    run(fn, recompute, from, to, firstRow, stamp, hasControl, endsAtEqual) {
      const where = place[list[from]!]!;
      if (where === 0) {
        stop.changes = 0;
        return from;
      }
      const number = recompute | 0;
      const wave = stamp >>> 0;
      const controls = hasControl ? 1 : 0;
      const strand = endsAtEqual ? 1 : 0;
      const end = to | 0;
      const home = where & 0xff00_0000;
      const pages = f64s[(where >>> 24) & 63]!;
      const granules = pages.length >>> 3;
      let equals = 0;
      let k = from | 0;
      for (; k < end; k++) {
        const slot = list[k]! | 0;
        if ((of[slot]! | 0) !== number) break;
        const own = (place[slot]! ^ home) >>> 0;
        if (own >= granules) break;
        const flags = state[slot]!;
        if ((flags & asks) !== 0) {
          if ((flags & unsorted) !== 0) break;
          state[slot] = flags & ~settled;
        }
        const at = start[slot]! | 0;
        let inputs = count[slot]! | 0;
        if (controls !== 0) inputs = dataInputs(at, inputs);
        context.slot = slot;
        context.inputStart = at;
        context.inputCount = inputs;
        context.fetched = inputs < 4 ? inputs : 4;
        context.inLoop = 1;
        if (inputs > 0) {
          const a = place[pool[at]! >>> 1]!;
          const aAt = (a ^ home) >>> 0;
          numbers[0] = aAt < granules ? pages[aAt << 3]! : fetch(0, a);
          if (inputs > 1) {
            const b = place[pool[at + 1]! >>> 1]!;
            const bAt = (b ^ home) >>> 0;
            numbers[1] = bAt < granules ? pages[bAt << 3]! : fetch(1, b);
            if (inputs > 2) {
              const c = place[pool[at + 2]! >>> 1]!;
              const cAt = (c ^ home) >>> 0;
              numbers[2] = cAt < granules ? pages[cAt << 3]! : fetch(2, c);
              if (inputs > 3) {
                const d = place[pool[at + 3]! >>> 1]!;
                const dAt = (d ^ home) >>> 0;
                numbers[3] = dAt < granules ? pages[dAt << 3]! : fetch(3, d);
              }
            }
          }
        }
        fn(context);
        const step = context.inLoop;
        if (step === 0 || context.violation !== undefined) {
          stop.hasRun = true;
          break;
        }
        const before = pages[own << 3]!;
        const value = step === 1 ? before : context.newNumber;
        if (value < before || value > before) {
          pages[own << 3] = value;
          result[k] = element;
          if (isLogged) {
            const row = firstRow + (k - from - equals);
            rowSlot[row] = slot;
            rowNow[row] = value;
            rowBefore[row] = before;
          } else {
            epoch[slot]!++;
            changed[slot] = wave;
          }
        } else if (step === 1 || (value === before && (value !== 0 || 1 / value === 1 / before))) {
          result[k] = equal;
          equals++;
          if (strand !== 0) {
            k++;
            break;
          }
        } else {
          // A NaN has more bits than one, and zeros differ.
          stop.hasRun = true;
          break;
        }
      }
      if (!stop.hasRun) {
        context.inLoop = 0;
        context.fetched = 0;
      }
      stop.changes = k - from - equals;
      return k;
    },
  };
}
