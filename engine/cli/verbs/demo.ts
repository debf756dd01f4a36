import { type Command, InvalidArgumentError, Option } from "commander";
import { toHex } from "../../base/bytes.ts";
import { unwrap } from "../../base/result.ts";
import { recordDemo, WORKLOADS, type WorkloadName } from "../../session/demo/demo.ts";
import { type Cli, type CommonOptions, countArgument, runVerb, verb } from "../command.ts";
import { EXIT_FINE } from "../exit-codes.ts";
import { makeFile } from "../new-file.ts";
import { Progress, takeTurn } from "../progress.ts";
import { counted } from "../text.ts";

interface DemoOptions extends CommonOptions {
  readonly workload: WorkloadName;
  readonly seed: number;
  readonly steps?: number;
}

export function demoVerb(): Command {
  return verb("demo <OUT>", "record a demo; the same seed gives the same recording")
    .addOption(
      new Option("--workload <NAME>", "what to record").choices(Object.keys(WORKLOADS)).default("life"),
    )
    .option("--seed <N>", "a whole number below 2^32", seedArgument, 1)
    .option("--steps <N>", "how long", countArgument)
    .action((file: string, options: DemoOptions) => runVerb(options, (cli) => demo(cli, file, options)));
}

function seedArgument(text: string): number {
  const seed = countArgument(text);
  if (seed > 0xffff_ffff) throw new InvalidArgumentError("Give a whole number below 2^32.");
  return seed;
}

async function demo(cli: Cli, path: string, { workload, seed, steps }: DemoOptions): Promise<number> {
  const total = steps ?? WORKLOADS[workload].defaultSteps;
  const progress = new Progress("recording");
  const onProgress = (done: number) => {
    progress.update(done, total);
    return takeTurn();
  };
  const report = await makeFile(path, async (temporary) =>
    unwrap(await recordDemo({ path: temporary, workload, seed, steps: total, onProgress })),
  ).finally(() => progress.end());
  const stateHash = toHex(report.stateHash);
  if (cli.isJson) cli.out.json({ records: report.records, stateHash, workload, seed, steps: total });
  else {
    cli.out.line(
      `${path}: ${counted(report.records, "record")} of ${workload}, ${counted(total, "step")}, seed ${seed}`,
    );
    cli.out.line(`  state hash   ${stateHash}`);
  }
  return EXIT_FINE;
}
