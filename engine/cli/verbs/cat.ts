import { type Command, InvalidArgumentError } from "commander";
import { MmsbError } from "../../base/errors.ts";
import { highOf, lowOf } from "../../base/u64.ts";
import { RecordBatch } from "../../log/record-batch.ts";
import { KIND_NAMES, kindFromName } from "../../log/record-kinds.ts";
import { recordInfo } from "../../replay/record-info.ts";
import { type Cli, type CommonOptions, lsnArgument, pageArgument, runVerb, verb, warn } from "../command.ts";
import { EXIT_FINE, EXIT_PROBLEM } from "../exit-codes.ts";
import { openInput, warnOfDamage } from "../open-input.ts";
import { recordJson, recordLine } from "../record-json.ts";

interface CatOptions extends CommonOptions {
  readonly from?: number;
  readonly to?: number;
  readonly page?: bigint;
  readonly kind?: number;
}

export function catVerb(): Command {
  return verb("cat <FILE>", "print records, one a line")
    .option("--from <LSN>", "begin with this record", lsnArgument)
    .option("--to <LSN>", "end with this record", lsnArgument)
    .option("--page <ID>", "records of this page only", pageArgument)
    .option("--kind <KIND>", `records of this kind only: ${KIND_NAMES.join(", ")}`, kindArgument)
    .action((file: string, options: CatOptions) => runVerb(options, (cli) => cat(cli, file, options)));
}

function kindArgument(text: string): number {
  const kind = kindFromName(text);
  if (kind === undefined) throw new InvalidArgumentError(`Give one of ${KIND_NAMES.join(", ")}.`);
  return kind;
}

async function cat(cli: Cli, path: string, options: CatOptions): Promise<number> {
  const source = await openInput(path);
  const { from = source.firstLsn, to = source.lastLsn, page, kind } = options;
  if (options.to !== undefined && to < (options.from ?? 0)) {
    throw new MmsbError(
      "ARGUMENT_INVALID",
      `--from ${from} lies behind --to ${to}`,
      "Give the earlier LSN first",
    );
  }
  const batch = new RecordBatch();
  let code = EXIT_FINE;
  for (let block = firstBlock(source, from); block < source.blockCount; block++) {
    if (source.blockFirstLsn(block) > to) break;
    const read = source.readBlock(block, batch);
    if (!read.ok) {
      warn(read.error.describe());
      code = EXIT_PROBLEM;
      continue;
    }
    for (let row = 0; row < batch.count; row++) {
      const lsn = batch.lsn(row);
      if (lsn < from || lsn > to) continue;
      if (kind !== undefined && batch.kind[row] !== kind) continue;
      if (page !== undefined && !concerns(batch, row, page)) continue;
      const record = recordJson(batch, row);
      if (cli.isJson) cli.out.json(record);
      else cli.out.line(recordLine(record));
      await cli.out.drain();
    }
  }
  await cli.out.flush();
  code = Math.max(code, warnOfDamage(source));
  source.close();
  return code;
}

/** The first block that may hold records from `lsn` on. */
function firstBlock(
  source: { readonly blockCount: number; blockFirstLsn(block: number): number },
  lsn: number,
): number {
  let low = 0;
  let high = source.blockCount;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (source.blockFirstLsn(middle) <= lsn) low = middle + 1;
    else high = middle;
  }
  return Math.max(0, low - 1);
}

function concerns(batch: RecordBatch, row: number, page: bigint): boolean {
  if (batch.pageLo[row] !== lowOf(page) || batch.pageHi[row] !== highOf(page)) return false;
  return recordInfo(batch, row).pageId !== undefined;
}
