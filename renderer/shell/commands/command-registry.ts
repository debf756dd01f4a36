import { assert } from "../../../engine/base/assert.ts";
import type { Disposable } from "../../../engine/base/disposable.ts";
import {
  type KeyPress,
  matchesShortcut,
  parseShortcut,
  type Shortcut,
  typesText,
} from "../../ui/shortcut.ts";
import type { Command } from "./command.ts";

/** Where a key was pressed. */
export interface KeyContext {
  readonly inTextField: boolean;
  /** The scopes that enclose the focus, innermost first. */
  readonly scopes: readonly string[];
  /** A dialog or menu is open: it owns the keyboard. */
  readonly modal: boolean;
}

interface Binding {
  readonly shortcut: Shortcut;
  readonly command: Command;
}

/** Every command of the window, by id and by key. */
export class CommandRegistry {
  readonly #commands = new Map<string, Command>();
  readonly #listeners = new Set<() => void>();
  readonly #isMac: boolean;
  #bindings: Binding[] = [];
  #all: readonly Command[] = [];

  constructor(isMac: boolean) {
    this.#isMac = isMac;
  }

  /** Two commands may not share an id, nor a shortcut within one scope. */
  register(...commands: readonly Command[]): Disposable {
    for (const command of commands) {
      assert(!this.#commands.has(command.id), `command ${command.id} is registered once`);
      for (const text of command.shortcuts ?? []) this.#bind(text, command);
      this.#commands.set(command.id, command);
    }
    this.#changed();
    return {
      dispose: () => {
        for (const command of commands) this.#commands.delete(command.id);
        this.#bindings = this.#bindings.filter(({ command }) => !commands.includes(command));
        this.#changed();
      },
    };
  }

  get(id: string): Command | undefined {
    return this.#commands.get(id);
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** In order of registration; the same array until something changes. */
  readonly snapshot = (): readonly Command[] => this.#all;

  /** False where the command does not exist or cannot run now. */
  run(id: string): boolean {
    const command = this.#commands.get(id);
    if (command === undefined || command.isEnabled?.() === false) return false;
    command.run();
    return true;
  }

  /** The command that a key means here. A scope's own binding goes before one that counts everywhere. */
  find(press: KeyPress, context: KeyContext): Command | undefined {
    if (context.modal) return undefined;
    const fitting = this.#bindings.filter(
      ({ shortcut, command }) =>
        matchesShortcut(shortcut, press, this.#isMac) &&
        !(context.inTextField && typesText(shortcut)) &&
        (command.scope === undefined ||
          context.scopes.length === 0 ||
          context.scopes.includes(command.scope)) &&
        command.isEnabled?.() !== false,
    );
    const scoped = fitting.find(
      ({ command }) => command.scope !== undefined && context.scopes.includes(command.scope),
    );
    return (scoped ?? fitting[0])?.command;
  }

  #bind(text: string, command: Command): void {
    const shortcut = parseShortcut(text);
    const taken = this.#bindings.find(
      (other) =>
        other.command.scope === command.scope &&
        other.shortcut.key === shortcut.key &&
        other.shortcut.ctrl === shortcut.ctrl &&
        other.shortcut.alt === shortcut.alt &&
        other.shortcut.shift === shortcut.shift,
    );
    assert(taken === undefined, `shortcut ${text} of ${command.id} is already taken by ${taken?.command.id}`);
    this.#bindings.push({ shortcut, command });
  }

  #changed(): void {
    this.#all = [...this.#commands.values()];
    for (const listener of [...this.#listeners]) listener();
  }
}
