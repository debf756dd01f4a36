import type { Command } from "commander";
import { inspectMachine } from "../../session/machine.ts";
import { type Cli, type CommonOptions, runVerb, verb } from "../command.ts";
import { EXIT_FINE } from "../exit-codes.ts";

export function doctorVerb(): Command {
  return verb(
    "doctor",
    "what this machine has for the native addon and for a GPU, and what is missing",
  ).action((options: CommonOptions) => runVerb(options, doctor));
}

async function doctor(cli: Cli): Promise<number> {
  const report = inspectMachine();
  if (cli.isJson) cli.out.json(report);
  else {
    for (const { name, isThere, detail } of report.parts)
      cli.out.line(`${isThere ? "found  " : "missing"}  ${name.padEnd(13)} ${detail}`);
    cli.out.line();
    cli.out.line(
      report.accel === "native"
        ? "The hot loops run in C++."
        : "The hot loops run in TypeScript: the same results, later.",
    );
    cli.out.line(
      report.device === "cuda"
        ? "Pages of location gpu or unified live on the GPU."
        : "Pages of location gpu or unified live on the CPU: the same results.",
    );
  }
  return EXIT_FINE;
}
