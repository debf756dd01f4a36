import type { Command } from "commander";
import { unwrap } from "../../base/result.ts";
import { showForeignText } from "../../log/foreign/foreign-text.ts";
import { causeChain, HistoryWalk, type Write } from "../../replay/history.ts";
import { Recording } from "../../replay/recording.ts";
import {
  type Cli,
  type CommonOptions,
  lsnArgument,
  pageArgument,
  rangeArgument,
  runVerb,
  verb,
} from "../command.ts";
import { openInput, warnOfDamage } from "../open-input.ts";
import { drive } from "../progress.ts";
import { rangesText, timeText } from "../text.ts";

interface HistoryOptions extends CommonOptions {
  readonly page: bigint;
  readonly range?: { readonly start: number; readonly end: number };
  readonly at?: number;
}

/** Causes told of each write; the chain itself may be longer. */
const CAUSES_SHOWN = 16;

export function historyVerb(): Command {
  return verb("history <FILE>", "who wrote these bytes, newest first, and what led to it")
    .requiredOption("--page <ID>", "the page", pageArgument)
    .option("--range <A:B>", "its bytes from A to before B; all of them where it is left out", rangeArgument)
    .option("--at <LSN>", "as of this record; the final state where it is left out", lsnArgument)
    .action((file: string, options: HistoryOptions) =>
      runVerb(options, (cli) => history(cli, file, options)),
    );
}

async function history(cli: Cli, path: string, options: HistoryOptions): Promise<number> {
  const recording = unwrap(await drive("indexing", Recording.open(await openInput(path))));
  const at = options.at ?? recording.committedLsn;
  const walk = new HistoryWalk(recording, options.page, { range: options.range, at });
  const { out, isJson } = cli;
  let count = 0;
  // Written piece by piece: a page may have more writes than fit in memory.
  for (let write = unwrap(walk.next()); write !== undefined; write = unwrap(walk.next())) {
    if (isJson) {
      const head = count === 0 ? `{"page":"${options.page}","at":"${at}","writes":[` : ",";
      out.text(head + JSON.stringify(writeJson(recording, write)));
    } else out.line(writeLine(recording, write));
    count++;
    await out.drain();
  }
  if (isJson) out.line(count === 0 ? `{"page":"${options.page}","at":"${at}","writes":[]}` : "]}");
  else if (count === 0) out.line("nothing wrote these bytes since the page came into being");
  await out.flush();
  const code = warnOfDamage(recording.source);
  recording.close();
  return code;
}

function rangesOf(write: Write) {
  return write.ranges.map(({ start, end }) => ({ offset: start, length: end - start }));
}

/** The records that led to a write, nearest first, through recomputes to the write at their root. */
function causesOf(recording: Recording, write: Write) {
  if (write.cause === 0) return [];
  const chain = causeChain(recording, write.lsn, CAUSES_SHOWN + 1);
  if (!chain.ok) return [];
  return chain.value.records.slice(1).map(({ lsn, kindName, source }) => ({
    lsn: String(lsn),
    kind: kindName,
    source: showForeignText(source),
  }));
}

function writeJson(recording: Recording, write: Write) {
  return {
    lsn: String(write.lsn),
    ranges: rangesOf(write),
    source: showForeignText(write.source),
    cause: String(write.cause),
    epoch: write.epoch,
    timestampNs: String(write.timestampNs),
    ...(write.derived ? { derived: true } : {}),
    ...(write.compensation ? { compensation: true } : {}),
    causes: causesOf(recording, write),
  };
}

function writeLine(recording: Recording, write: Write): string {
  const causes = causesOf(recording, write).map(({ lsn, kind, source }) =>
    `← ${lsn} ${kind} ${source}`.trimEnd(),
  );
  return [
    String(write.lsn).padStart(8),
    timeText(write.timestampNs),
    `@${write.epoch}`.padEnd(6),
    showForeignText(write.source).padEnd(16),
    rangesText(rangesOf(write)),
    ...causes,
  ].join("  ");
}
