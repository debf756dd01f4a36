import type { Command } from "commander";
import type { MmsbError } from "../../base/errors.ts";
import { verifying } from "../../replay/verify.ts";
import { type Cli, type CommonOptions, oneLine, runVerb, verb } from "../command.ts";
import { EXIT_FINE, EXIT_PROBLEM } from "../exit-codes.ts";
import { openInput } from "../open-input.ts";
import { drive } from "../progress.ts";
import { counted } from "../text.ts";

export function verifyVerb(): Command {
  return verb("verify <FILE>", "check every checksum, and every checkpoint against replay").action(
    (file: string, options: CommonOptions) => runVerb(options, (cli) => verify(cli, file)),
  );
}

async function verify(cli: Cli, path: string): Promise<number> {
  const source = await openInput(path, { everyChecksum: true });
  const outcome = await drive("verifying", verifying(source));
  source.close();
  if (cli.isJson) {
    cli.out.json({
      ok: outcome.ok,
      problems: outcome.problems.map(problemJson),
      records: outcome.records,
      checkpoints: outcome.checkpoints,
      skipped: outcome.skipped,
    });
  } else {
    for (const problem of outcome.problems) cli.out.line(oneLine(problem.describe()));
    const verdict = outcome.ok ? "sound" : counted(outcome.problems.length, "problem");
    cli.out.line(
      `${path}: ${verdict}; ${counted(outcome.records, "record")}, ${counted(outcome.checkpoints, "checkpoint")}`,
    );
  }
  return outcome.ok ? EXIT_FINE : EXIT_PROBLEM;
}

function problemJson({ code, message, remedy, place }: MmsbError) {
  const { path, offset, lsn, pageId } = place;
  return {
    code,
    message,
    remedy,
    ...(path === undefined ? {} : { path }),
    ...(offset === undefined ? {} : { offset }),
    ...(lsn === undefined ? {} : { lsn: String(lsn) }),
    ...(pageId === undefined ? {} : { pageId: String(pageId) }),
  };
}
