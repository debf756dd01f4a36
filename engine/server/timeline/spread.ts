/**
 * Adds `amount` to the columns that [from, to) covers, each by its share, parts outside 0..columns left out. In whole numbers the shares
 * are rounded along the way, so that the columns add up to what lies inside.
 */
export function addEvenly(
  row: Uint32Array | Float64Array,
  rowAt: number,
  columns: number,
  from: number,
  to: number,
  amount: number,
): void {
  const width = to - from;
  const first = Math.max(0, Math.floor(from));
  if (width <= 0 || Math.floor(from) === Math.ceil(to) - 1) {
    if (from >= 0 && first < columns) row[rowAt + first]! += amount;
    return;
  }
  const isWhole = row instanceof Uint32Array;
  const last = Math.min(columns - 1, Math.ceil(to) - 1);
  let before = amount * Math.max(0, (first - from) / width);
  if (isWhole) before = Math.round(before);
  for (let column = first; column <= last; column++) {
    const exact = amount * Math.min(1, (column + 1 - from) / width);
    const until = isWhole ? Math.round(exact) : exact;
    row[rowAt + column]! += until - before;
    before = until;
  }
}
