import type { LevelLoop, LoopColumns } from "./level-loop.ts";
import type { FormulaFunction } from "./recompute.ts";

/** Formulas of one to four inputs. An arena's view is looked up only where it is not that of the access before. */
export function formulaLoop(columns: LoopColumns): LevelLoop<FormulaFunction> {
  const { list, result, of, state, place, start, count, pool, epoch, changed, f64s } = columns;
  const { isLogged, rowSlot, rowNow, rowBefore, context, settled, unsorted, equal, element, stop } = columns;
  const asks = settled | unsorted;
  return {
    run(fn, recompute, from, to, firstRow, stamp, hasControl) {
      let row = firstRow;
      let changes = 0;
      let arena = 0;
      let f64 = f64s[0]!;
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
        let inputs = count[slot]!;
        if (hasControl) while (inputs > 0 && (pool[at + inputs - 1]! & 1) !== 0) inputs--;
        const own = place[slot]!;
        if (inputs === 0 || inputs > 4 || own === 0) break;
        let from64 = place[pool[at]! >>> 1]!;
        if (from64 === 0) break;
        if (arena !== ((from64 >>> 24) & 63)) {
          arena = (from64 >>> 24) & 63;
          f64 = f64s[arena]!;
        }
        const a = f64[(from64 & 0xff_ffff) << 3]!;
        let value: unknown;
        context.slot = slot;
        if (inputs === 1) value = fn(a);
        else {
          from64 = place[pool[at + 1]! >>> 1]!;
          if (from64 === 0) break;
          if (arena !== ((from64 >>> 24) & 63)) {
            arena = (from64 >>> 24) & 63;
            f64 = f64s[arena]!;
          }
          const b = f64[(from64 & 0xff_ffff) << 3]!;
          if (inputs === 2) value = fn(a, b);
          else {
            from64 = place[pool[at + 2]! >>> 1]!;
            if (from64 === 0) break;
            if (arena !== ((from64 >>> 24) & 63)) {
              arena = (from64 >>> 24) & 63;
              f64 = f64s[arena]!;
            }
            const c = f64[(from64 & 0xff_ffff) << 3]!;
            if (inputs === 3) value = fn(a, b, c);
            else {
              from64 = place[pool[at + 3]! >>> 1]!;
              if (from64 === 0) break;
              value = fn(a, b, c, f64s[(from64 >>> 24) & 63]![(from64 & 0xff_ffff) << 3]!);
            }
          }
        }
        if (arena !== ((own >>> 24) & 63)) {
          arena = (own >>> 24) & 63;
          f64 = f64s[arena]!;
        }
        const index = (own & 0xff_ffff) << 3;
        const old = f64[index]!;
        if (typeof value !== "number" || context.violation !== undefined) {
          stop.hasRun = true;
          stop.value = value;
          break;
        }
        if (value < old || value > old) {
          f64[index] = value;
          result[k] = element;
          changes++;
          if (isLogged) {
            rowSlot[row] = slot;
            rowNow[row] = value;
            rowBefore[row] = old;
            row++;
          } else {
            epoch[slot]!++;
            changed[slot] = stamp;
          }
        } else if (value === old && (value !== 0 || 1 / value === 1 / old)) result[k] = equal;
        else {
          // A NaN has more bits than one, and zeros differ.
          stop.hasRun = true;
          stop.value = value;
          break;
        }
      }
      stop.changes = changes;
      return k;
    },
    handOver() {
      context.mode = columns.none;
    },
  };
}
