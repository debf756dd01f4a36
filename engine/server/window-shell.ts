import type { ShellCommand } from "../protocol/requests/shell.ts";

/** The program around a window, where there is one: the desktop shell. */
export interface WindowShell {
  /** The native dialog; `undefined` = nothing was chosen. */
  chooseFile(): Promise<string | undefined>;
  /** Calls back with the newest commands, now where there are any and whenever one comes. Returns how to stop. */
  onCommands(listener: (commands: readonly ShellCommand[]) => void): () => void;
  /** The window opened or closed a recording: all that it has open now. */
  recordingsChanged(paths: readonly string[]): void;
}
