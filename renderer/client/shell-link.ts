import type { Subscription } from "../../engine/protocol/client.ts";
import type { ShellCommand } from "../../engine/protocol/requests/shell.ts";
import type { Studio } from "./studio.ts";

/** Updates on their way: each holds all newer ones, so two are plenty. */
const CREDIT = 2;

/** Does what the desktop's menus and the files given to it ask for, over whatever connection there is. Returns how to stop. */
export function followShell(studio: Studio, runCommand: (id: string) => void): () => void {
  let done = 0;
  let watching: Subscription | undefined;
  const perform = ({ name, argument }: ShellCommand) => {
    if (name === "open") void studio.session.open(argument);
    else runCommand(argument);
  };
  const watch = () => {
    const client = studio.session.client;
    if (studio.connection.state.phase !== "ready" || client === undefined) return;
    const subscription = client.subscribe(
      "shell.commands",
      {},
      {
        credit: CREDIT,
        onUpdate: ({ result }) => {
          subscription.grant(1);
          for (const command of result.commands) {
            if (command.number <= done) continue;
            done = command.number;
            perform(command);
          }
        },
      },
    );
    watching = subscription;
  };
  watch();
  const stop = studio.connection.onChange(watch);
  return () => {
    stop();
    watching?.close();
  };
}

/** Through the native dialog. */
export async function chooseAndOpen(studio: Studio): Promise<void> {
  const chosen = await studio.request("shell.choose-file", {});
  if (chosen.ok && chosen.value.result.path !== "") await studio.session.open(chosen.value.result.path);
}
