/** The range after (before) the one that begins at `start`; at the end it begins anew. */
export function differenceFrom(
  offsets: Uint32Array,
  start: number | undefined,
  step: 1 | -1,
): number | undefined {
  if (offsets.length === 0) return undefined;
  if (start === undefined) return step > 0 ? 0 : offsets.length - 1;
  const next =
    step > 0
      ? offsets.findIndex((offset) => offset > start)
      : offsets.findLastIndex((offset) => offset < start);
  return next >= 0 ? next : step > 0 ? 0 : offsets.length - 1;
}
