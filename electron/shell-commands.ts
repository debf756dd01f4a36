import { HELD_COMMANDS, type ShellCommand } from "../engine/protocol/requests/shell.ts";

type Listener = (commands: readonly ShellCommand[]) => void;

/** What menus and the system ask of the window. What is asked while no window listens waits for the next one; none is done twice. */
export class ShellCommands {
  #next = 1;
  /** Those not yet told to any window, or told to the present one. */
  #held: ShellCommand[] = [];
  #listener: Listener | undefined;

  issue(name: ShellCommand["name"], argument: string): void {
    this.#held = [...this.#held, { number: this.#next++, name, argument }].slice(-HELD_COMMANDS);
    this.#listener?.(this.#held);
  }

  readonly onCommands = (listener: Listener): (() => void) => {
    this.#leave();
    this.#listener = listener;
    if (this.#held.length > 0) listener(this.#held);
    return () => {
      if (this.#listener === listener) this.#leave();
    };
  };

  #leave(): void {
    if (this.#listener !== undefined) this.#held = [];
    this.#listener = undefined;
  }
}
