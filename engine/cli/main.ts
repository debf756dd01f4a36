#!/usr/bin/env node
import { Command, CommanderError } from "commander";
import { MMSB_VERSION } from "../session/version.ts";
import { oneLine } from "./command.ts";
import { EXIT_USAGE } from "./exit-codes.ts";
import { endOnLostOutput } from "./output.ts";
import { catVerb } from "./verbs/cat.ts";
import { convertVerb } from "./verbs/convert.ts";
import { demoVerb } from "./verbs/demo.ts";
import { diffVerb } from "./verbs/diff.ts";
import { doctorVerb } from "./verbs/doctor.ts";
import { historyVerb } from "./verbs/history.ts";
import { infoVerb } from "./verbs/info.ts";
import { recoverVerb } from "./verbs/recover.ts";
import { replayVerb } from "./verbs/replay.ts";
import { serveVerb } from "./verbs/serve.ts";
import { stepVerb } from "./verbs/step.ts";
import { verifyVerb } from "./verbs/verify.ts";

const VERBS = [
  infoVerb(),
  replayVerb(),
  catVerb(),
  historyVerb(),
  verifyVerb(),
  recoverVerb(),
  convertVerb(),
  diffVerb(),
  demoVerb(),
  stepVerb(),
  serveVerb(),
  doctorVerb(),
];

function program(): Command {
  const main = new Command("mmsb")
    .description(
      "recordings of the Memory-Mapped State Bus: look into them, check them, replay them, convert them",
    )
    .version(MMSB_VERSION)
    .showHelpAfterError(false);
  for (const verb of VERBS) main.addCommand(verb);
  // One line for every wrong use, and its exit code: commander's own are 1 and several lines.
  for (const command of [main, ...VERBS]) {
    command.exitOverride().configureOutput({
      outputError: (text, write) => {
        const what = text
          .replace(/^error: /, "")
          .trim()
          .replace(/\.$/, "");
        const help = command === main ? "mmsb --help" : `mmsb ${command.name()} --help`;
        write(`${oneLine(`ARGUMENT_INVALID: ${what}. See '${help}'`)}\n`);
      },
    });
  }
  return main;
}

endOnLostOutput();
try {
  const main = program();
  if (process.argv.length <= 2) {
    main.outputHelp({ error: true });
    process.exitCode = EXIT_USAGE;
  } else await main.parseAsync();
} catch (error) {
  if (!(error instanceof CommanderError)) throw error;
  process.exitCode = error.exitCode === 0 ? 0 : EXIT_USAGE;
}
