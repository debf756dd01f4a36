import type { DamageReport, RecordingInfo } from "../../../engine/protocol/requests/recordings.ts";

export type Problem =
  | { readonly kind: "damage"; readonly report: DamageReport }
  /** Both inclusive. */
  | { readonly kind: "gap"; readonly fromLsn: number; readonly toLsn: number }
  | { readonly kind: "omitted"; readonly count: number }
  | { readonly kind: "unclosed" }
  | { readonly kind: "unfinished"; readonly committedLsn: number; readonly records: number };

type Described = Pick<
  RecordingInfo,
  "damage" | "damageOmitted" | "gaps" | "complete" | "format" | "lastLsn" | "committedLsn" | "following"
>;

/** Everything that a person should know before trusting what is shown, worst first. */
export function problemsOf(recording: Described): Problem[] {
  const { damage, damageOmitted, gaps, complete, format, lastLsn, committedLsn } = recording;
  const problems: Problem[] = [
    ...damage.map((report): Problem => ({ kind: "damage", report })),
    ...gaps.map(({ fromLsn, toLsn }): Problem => ({ kind: "gap", fromLsn, toLsn })),
  ];
  if (damageOmitted > 0) problems.push({ kind: "omitted", count: damageOmitted });
  // A log of the older format has no end that could be missing; damage at the end says by itself that it was cut.
  if (!complete && damage.length === 0 && format === "mmsb") problems.push({ kind: "unclosed" });
  if (committedLsn < lastLsn)
    problems.push({ kind: "unfinished", committedLsn, records: lastLsn - committedLsn });
  return problems;
}

/** What to type into a shell; the path is quoted where a shell would take it apart. */
export function recoverCommand(path: string): string {
  const quoted = /^[\w./-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
  return `mmsb recover ${quoted} recovered.tlog`;
}
