import type { Command } from "commander";
import { toHex } from "../../base/bytes.ts";
import { MmsbError } from "../../base/errors.ts";
import { unwrap } from "../../base/result.ts";
import { Cursor } from "../../replay/cursor.ts";
import { Recording } from "../../replay/recording.ts";
import { type Cli, type CommonOptions, runVerb, verb } from "../command.ts";
import { openInput, warnOfDamage } from "../open-input.ts";
import { drive } from "../progress.ts";
import { stepOnTerminal } from "../step-screen.ts";
import { pageLines, placeLine, recordAt, recordLines } from "../step-view.ts";

interface StepOptions extends CommonOptions {
  readonly auto?: boolean;
}

const RECORD_STEPS = 4;
const TRANSACTION_STEPS = 8;
const PAGE_ROWS = 3;

export function stepVerb(): Command {
  return verb("step <FILE>", "step through a recording, forwards and backwards")
    .option("--auto", "print some steps and end")
    .action((file: string, options: StepOptions) => runVerb(options, (cli) => step(cli, file, options)));
}

async function step(cli: Cli, path: string, { auto = false }: StepOptions): Promise<number> {
  if (!auto && !(process.stdin.isTTY && process.stdout.isTTY)) {
    throw new MmsbError("UNSUPPORTED", "stepping needs a terminal", "Use --auto to have some steps printed");
  }
  const recording = unwrap(await drive("indexing", Recording.open(await openInput(path))));
  if (auto) await stepAlone(cli, recording);
  else await stepOnTerminal(recording);
  const code = warnOfDamage(recording.source);
  recording.close();
  return code;
}

/** Some records, some transactions, then the end: what a person would press. */
async function stepAlone(cli: Cli, recording: Recording): Promise<void> {
  const cursor = new Cursor(recording);
  unwrap(cursor.seek(recording.firstLsn));
  for (let i = 0; i < RECORD_STEPS && unwrap(cursor.stepRecord(1)); i++) show(cli, cursor);
  for (let i = 0; i < TRANSACTION_STEPS && unwrap(cursor.stepTransaction(1)); i++) {
    // A commit shows nothing of a page: go back to the last delta before it.
    const end = cursor.lsn;
    while (recordAt(recording, cursor.lsn).kind !== "delta" && unwrap(cursor.stepRecord(-1))) {
      if (cursor.lsn < recording.source.firstLsn || cursor.lsn < end - LOOK_BACK) break;
    }
    if (cursor.lsn < recording.source.firstLsn || recordAt(recording, cursor.lsn).kind !== "delta")
      unwrap(cursor.seek(end));
    show(cli, cursor);
    unwrap(cursor.seek(end));
    await cli.out.drain();
  }
  unwrap(cursor.seek(recording.committedLsn));
  const stateHash = toHex(unwrap(recording.stateHashAt(cursor.lsn)));
  if (cli.isJson) cli.out.json({ lsn: String(cursor.lsn), stateHash });
  else cli.out.line(`${placeLine(cursor, PLAIN)}  state hash ${stateHash}`);
}

const LOOK_BACK = 4;
const PLAIN = { hasColour: false };

function show(cli: Cli, cursor: Cursor): void {
  const { out, isJson } = cli;
  const record = recordAt(cursor.recording, cursor.lsn);
  if (isJson) {
    out.json(record);
    return;
  }
  const style = { hasColour: process.stdout.isTTY && process.env["NO_COLOR"] === undefined };
  for (const line of recordLines(cursor, 0, 0, style)) out.line(line);
  if (record.pageId === null || record.kind === "event") return;
  for (const line of pageLines(cursor, BigInt(record.pageId), PAGE_ROWS, style)) out.line(`    ${line}`);
}
