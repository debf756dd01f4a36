import { readFileSync } from "node:fs";
import { MmsbError } from "../base/errors.ts";
import { unwrap } from "../base/result.ts";
import { parseU64 } from "../base/u64.ts";
import { MmsbSnap } from "../log/foreign/mmsbsnap.ts";
import type { RecordSource } from "../log/record-source.ts";
import { formatOf, openingSource, openSource } from "../replay/open-recording.ts";
import { warn } from "./command.ts";
import { EXIT_FINE, EXIT_PROBLEM } from "./exit-codes.ts";
import { drive } from "./progress.ts";

export interface InputOptions {
  /** JSON file with `{"id": bytes}`: the pages that a foreign log starts with. */
  readonly pageSizes?: string | undefined;
  /** MMSBSNAP file that a foreign log goes on from. */
  readonly snapshot?: string | undefined;
  /** Looks at every block of the file, whatever an index says of it. */
  readonly everyChecksum?: boolean;
}

/** Opens a recording of any format. Throws `MmsbError`. */
export async function openInput(path: string, options: InputOptions = {}): Promise<RecordSource> {
  const { pageSizes, snapshot, everyChecksum = false } = options;
  const index = everyChecksum ? "none" : "auto";
  if (pageSizes === undefined && snapshot === undefined)
    return unwrap(await drive("reading", openingSource(path, { index })));
  const format = unwrap(formatOf(path));
  if (format !== "mmsblog1") {
    const remedy = "Leave out --page-sizes and --snapshot";
    throw new MmsbError("ARGUMENT_INVALID", "only an MMSBLOG1 file needs to be told its pages", remedy, {
      path,
    });
  }
  return unwrap(
    openSource(path, {
      ...(pageSizes === undefined ? {} : { pageSizes: readPageSizes(pageSizes) }),
      ...(snapshot === undefined ? {} : { snapshot: unwrap(MmsbSnap.open(snapshot)) }),
    }),
  );
}

function readPageSizes(path: string): Map<bigint, number> {
  const wrong = (message: string) => {
    const remedy = 'Give a JSON object such as {"42": 4096}: page ids and their sizes in bytes';
    return new MmsbError("ARGUMENT_INVALID", message, remedy, { path });
  };
  let parsed: unknown;
  try {
    parsed = JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    const isMissing = (error as NodeJS.ErrnoException).code === "ENOENT";
    throw wrong(isMissing ? "there is no such file of page sizes" : "the page sizes are not readable JSON");
  }
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed))
    throw wrong("the page sizes are no JSON object");
  const sizes = new Map<bigint, number>();
  for (const [key, value] of Object.entries(parsed)) {
    const id = parseU64(key);
    if (!id.ok || typeof value !== "number")
      throw wrong(`'${key.slice(0, 40)}' does not name a page and its size`);
    sizes.set(id.value, value);
  }
  return sizes;
}

/** The damage of a source as programs read it: the first place, and all that it cost. */
export function damageJson(source: RecordSource) {
  const [first] = source.damage;
  if (first === undefined) return null;
  return {
    offset: first.offset,
    code: first.error.code,
    message: first.error.message,
    lostBytes: source.damage.reduce((sum, damage) => sum + damage.lostBytes, 0),
    path: first.path,
    places: source.damage.length,
  };
}

/** Says on standard error what is wrong with the file; returns the exit code that follows from it. */
export function warnOfDamage(source: RecordSource): number {
  for (const { error } of source.damage.slice(0, MAX_WARNINGS)) warn(error.describe());
  if (source.damage.length > MAX_WARNINGS) warn(`… and ${source.damage.length - MAX_WARNINGS} more places`);
  return source.damage.length > 0 || source.gaps.length > 0 ? EXIT_PROBLEM : EXIT_FINE;
}

const MAX_WARNINGS = 10;
