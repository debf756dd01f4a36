import type { Command } from "commander";
import { type Cli, type CommonOptions, runVerb, verb } from "../command.ts";
import { copyRecording } from "../copy-recording.ts";
import { EXIT_FINE } from "../exit-codes.ts";
import { openInput } from "../open-input.ts";
import { counted, sizeText } from "../text.ts";

export function recoverVerb(): Command {
  return verb("recover <IN> <OUT>", "keep the good part of a damaged file").action(
    (input: string, output: string, options: CommonOptions) =>
      runVerb(options, (cli) => recover(cli, input, output)),
  );
}

async function recover(cli: Cli, input: string, output: string): Promise<number> {
  const source = await openInput(input, { everyChecksum: true });
  const to = source.format;
  source.close();
  const { records, dropped, lostBytes } = await copyRecording("recovering", { input, output, to });
  if (cli.isJson) cli.out.json({ records, lostBytes, dropped });
  else {
    cli.out.line(`${output}: ${counted(records, "record")}`);
    cli.out.line(lostBytes === 0 ? "  nothing was lost" : `  ${sizeText(lostBytes)} could not be read`);
    if (dropped > 0) cli.out.line(`  ${counted(dropped, "record")} left out: they depend on what was lost`);
  }
  return EXIT_FINE;
}
