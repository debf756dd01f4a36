import { realpathSync } from "node:fs";
import { basename, dirname, join } from "node:path";

/**
 * A recording is `x.tlog` and, where it rotates, `x.000001.tlog`, `x.000002.tlog`, …; any of them names the set.
 */
const SEGMENT = /^(.*)\.(\d{6})\.tlog$/;

export interface SegmentSet {
  readonly folder: string;
  /** `x` of `x.tlog`; the whole name where it does not end so (then there are no further segments). */
  readonly stem: string;
}

/** The set that a path belongs to. Links are followed where the file exists. */
export function segmentSetOf(path: string): SegmentSet {
  let real = path;
  try {
    real = realpathSync(path);
  } catch {
    // It does not exist (yet, or any more): the name alone tells the set.
  }
  const name = basename(real);
  const match = SEGMENT.exec(name);
  const stem = match !== null ? match[1]! : name.endsWith(".tlog") ? name.slice(0, -".tlog".length) : name;
  return { folder: dirname(real), stem };
}

export function segmentPath(set: SegmentSet, path: string, segment: number): string {
  if (segment === 0)
    return basename(path).endsWith(".tlog")
      ? join(set.folder, `${set.stem}.tlog`)
      : join(set.folder, set.stem);
  return join(set.folder, `${set.stem}.${String(segment).padStart(6, "0")}.tlog`);
}

/** The names of a folder that belong to the set, by segment number. */
export function segmentsIn(names: readonly string[], set: SegmentSet): { name: string; segment: number }[] {
  const found: { name: string; segment: number }[] = [];
  for (const name of names) {
    if (name === `${set.stem}.tlog` || name === set.stem) {
      found.push({ name, segment: 0 });
      continue;
    }
    const match = SEGMENT.exec(name);
    if (match !== null && match[1] === set.stem) found.push({ name, segment: Number(match[2]) });
  }
  return found.sort((a, b) => a.segment - b.segment);
}
