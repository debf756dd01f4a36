import { count } from "../scalars.ts";
import { z } from "../zod.ts";
import { defineRequest } from "./define.ts";

/** Asks the program around the window for its native dialog; "" = nothing was chosen. `UNSUPPORTED` in a browser. */
export const chooseFile = defineRequest({
  params: z.strictObject({}),
  result: z.object({ path: z.string() }),
});

/** Commands of the shell that an update still holds: more than a person could cause while a window draws once. */
export const HELD_COMMANDS = 32;

/** `open`: the recording at that path. `run`: the window's command with that id (`view.palette`). */
const shellCommand = z.object({ number: count, name: z.enum(["open", "run"]), argument: z.string() });
export type ShellCommand = z.infer<typeof shellCommand>;

/**
 * What a person asked of the program around the window: a native menu, a file given to it. Each update holds the last
 * {@link HELD_COMMANDS}, so none is lost where an update stands for several; do those with a number above the last one done.
 */
export const shellCommands = defineRequest({
  params: z.strictObject({}),
  result: z.object({ commands: z.array(shellCommand) }),
});
