import type { Command } from "commander";
import { toHex } from "../../base/bytes.ts";
import { unwrap } from "../../base/result.ts";
import { type Divergence, diffing } from "../../replay/diff-recordings.ts";
import { type Cli, type CommonOptions, runVerb, verb } from "../command.ts";
import { EXIT_FINE, EXIT_PROBLEM } from "../exit-codes.ts";
import { openInput, warnOfDamage } from "../open-input.ts";
import { drive } from "../progress.ts";

/** Bytes of a differing range that are shown to a person. */
const BYTES_SHOWN = 16;
const RANGES_SHOWN = 8;

export function diffVerb(): Command {
  return verb("diff <A> <B>", "where the states of two recordings part").action(
    (a: string, b: string, options: CommonOptions) => runVerb(options, (cli) => diff(cli, a, b)),
  );
}

async function diff(cli: Cli, pathA: string, pathB: string): Promise<number> {
  const a = await openInput(pathA);
  const b = await openInput(pathB);
  const { identical, firstDivergence, fromLsn, toLsn } = unwrap(await drive("comparing", diffing(a, b)));
  if (cli.isJson) {
    cli.out.json({
      identical,
      firstDivergence: firstDivergence === undefined ? null : divergenceJson(firstDivergence),
      fromLsn: String(fromLsn),
      toLsn: String(toLsn),
    });
  } else if (firstDivergence === undefined) {
    cli.out.line(`the same state after every record, LSN ${fromLsn} to ${toLsn}`);
  } else for (const line of divergenceLines(firstDivergence)) cli.out.line(line);
  const code = Math.max(identical ? EXIT_FINE : EXIT_PROBLEM, warnOfDamage(a), warnOfDamage(b));
  a.close();
  b.close();
  return code;
}

function divergenceJson({ lsn, what, pageId, inA, inB, epochA, epochB, ranges }: Divergence) {
  return {
    lsn: String(lsn),
    what,
    pageId: pageId === undefined ? null : String(pageId),
    inA,
    inB,
    epochA: epochA ?? null,
    epochB: epochB ?? null,
    ranges: ranges.map(({ start, end, a, b }) => ({
      offset: start,
      length: end - start,
      a: toHex(a),
      b: toHex(b),
    })),
  };
}

function divergenceLines({ lsn, what, pageId, inA, epochA, epochB, ranges }: Divergence): string[] {
  const page = pageId === undefined ? "" : `, page ${pageId}`;
  const lines = [`the states part at LSN ${lsn}${page}: ${WORDS[what]}`];
  if (what === "missing") lines.push(`  only ${inA ? "A" : "B"} has it`);
  if (what === "epoch") lines.push(`  A @${epochA}, B @${epochB}`);
  for (const { start, end, a, b } of ranges.slice(0, RANGES_SHOWN)) {
    lines.push(`  ${start}:${end}`, `    A ${shortHex(a)}`, `    B ${shortHex(b)}`);
  }
  if (ranges.length > RANGES_SHOWN) lines.push(`  … and ${ranges.length - RANGES_SHOWN} more ranges`);
  return lines;
}

const WORDS: Readonly<Record<Divergence["what"], string>> = {
  bytes: "other bytes",
  epoch: "another epoch",
  size: "another size",
  missing: "a page is missing",
  properties: "another location, type, metadata or schema",
  edges: "other edges",
};

function shortHex(bytes: Uint8Array): string {
  return toHex(bytes.subarray(0, BYTES_SHOWN)) + (bytes.length > BYTES_SHOWN ? "…" : "");
}
