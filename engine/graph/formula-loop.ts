import type { LevelLoop, LoopColumns } from "./level-loop.ts";
import type { FormulaFunction } from "./recompute.ts";

/** Formulas of one to four inputs. As for functions (`function-loop.ts`), most pages and inputs lie in the arena of the first of a run, and are read and written through its view. */
export function formulaLoop(columns: LoopColumns): LevelLoop<FormulaFunction> {
  const { list, result, of, state, place, start, count, pool, epoch, changed, f64s } = columns;
  const { isLogged, rowSlot, rowNow, rowBefore, context, settled, unsorted, equal, element, stop } = columns;
  const { none } = columns;
  const asks = settled | unsorted;
  const elsewhere = (from: number): number => f64s[(from >>> 24) & 63]![(from & 0xff_ffff) << 3]!;
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
      // What was written to the page that another loop or function ran last is no more to be taken back.
      context.mode = none;
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
        if (inputs === 0 || inputs > 4) break;
        let place64 = place[pool[at]! >>> 1]!;
        if (place64 === 0) break;
        let granule = (place64 ^ home) >>> 0;
        const a = granule < granules ? pages[granule << 3]! : elsewhere(place64);
        let value: unknown;
        context.slot = slot;
        if (inputs === 1) value = fn(a);
        else {
          place64 = place[pool[at + 1]! >>> 1]!;
          if (place64 === 0) break;
          granule = (place64 ^ home) >>> 0;
          const b = granule < granules ? pages[granule << 3]! : elsewhere(place64);
          if (inputs === 2) value = fn(a, b);
          else {
            place64 = place[pool[at + 2]! >>> 1]!;
            if (place64 === 0) break;
            granule = (place64 ^ home) >>> 0;
            const c = granule < granules ? pages[granule << 3]! : elsewhere(place64);
            if (inputs === 3) value = fn(a, b, c);
            else {
              place64 = place[pool[at + 3]! >>> 1]!;
              if (place64 === 0) break;
              value = fn(a, b, c, elsewhere(place64));
            }
          }
        }
        const before = pages[own << 3]!;
        if (typeof value !== "number" || context.violation !== undefined) {
          stop.hasRun = true;
          stop.value = value;
          break;
        }
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
        } else if (value === before && (value !== 0 || 1 / value === 1 / before)) {
          result[k] = equal;
          equals++;
          if (strand !== 0) {
            k++;
            break;
          }
        } else {
          // A NaN has more bits than one, and zeros differ.
          stop.hasRun = true;
          stop.value = value;
          break;
        }
      }
      stop.changes = k - from - equals;
      return k;
    },
  };
}
