import { type Command, Option } from "commander";
import { type Cli, type CommonOptions, runVerb, verb, warn } from "../command.ts";
import { copyRecording } from "../copy-recording.ts";
import { openInput, warnOfDamage } from "../open-input.ts";
import { counted } from "../text.ts";

interface ConvertOptions extends CommonOptions {
  readonly to?: "mmsb" | "mmsblog1";
}

export function convertVerb(): Command {
  return verb("convert <IN> <OUT>", "write a recording in the other format")
    .addOption(
      new Option("--to <FORMAT>", "the other one where it is left out").choices(["mmsb", "mmsblog1"]),
    )
    .action((input: string, output: string, options: ConvertOptions) =>
      runVerb(options, (cli) => convert(cli, input, output, options)),
    );
}

async function convert(cli: Cli, input: string, output: string, options: ConvertOptions): Promise<number> {
  const source = await openInput(input, { everyChecksum: true });
  const to = options.to ?? (source.format === "mmsb" ? "mmsblog1" : "mmsb");
  const report = await copyRecording("converting", { input, output, to });
  if (cli.isJson) {
    const leftOut = report.leftOut.map((left) => ({ ...left, firstLsn: String(left.firstLsn) }));
    cli.out.json({ records: report.records, format: to, leftOut, lostBytes: report.lostBytes });
  } else {
    cli.out.line(`${output}: ${to}, ${counted(report.records, "record")}`);
    for (const { kind, reason, records, firstLsn } of report.leftOut)
      cli.out.line(`  left out: ${counted(records, `${kind} record`)} from LSN ${firstLsn} on: ${reason}`);
  }
  if (report.dropped > 0) warn(`${counted(report.dropped, "record")} left out: they depend on what was lost`);
  const code = warnOfDamage(source);
  source.close();
  return code;
}
