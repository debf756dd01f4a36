import { createContext, useContext, useEffect, useSyncExternalStore } from "react";
import { assert } from "../../../engine/base/assert.ts";
import type { Command } from "./command.ts";
import type { CommandRegistry, KeyContext } from "./command-registry.ts";

export const CommandContext = createContext<CommandRegistry | undefined>(undefined);

export function useCommandRegistry(): CommandRegistry {
  const registry = useContext(CommandContext);
  assert(registry !== undefined, "the window is rendered inside a CommandContext");
  return registry;
}

export function useCommandList(): readonly Command[] {
  const registry = useCommandRegistry();
  return useSyncExternalStore(registry.subscribe, registry.snapshot);
}

/** Sends key presses of the whole window to the commands. */
export function useKeyboard(registry: CommandRegistry): void {
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.isComposing) return;
      const command = registry.find(event, keyContext(event));
      if (command === undefined) return;
      event.preventDefault();
      command.run();
    };
    window.addEventListener("keydown", onKeyDown);
    return () => window.removeEventListener("keydown", onKeyDown);
  }, [registry]);
}

const TEXT_INPUTS = /^(text|search|number|email|url|tel|password)$/;

function keyContext(event: KeyboardEvent): KeyContext {
  const target = event.target instanceof Element ? event.target : document.body;
  const scopes: string[] = [];
  for (
    let at = target.closest("[data-scope]");
    at !== null;
    at = at.parentElement?.closest("[data-scope]") ?? null
  ) {
    const scope = at.getAttribute("data-scope");
    if (scope !== null) scopes.push(scope);
  }
  const usesSpace =
    event.key === " " && target.closest("button, a, select, [role=tab], [role=radio]") !== null;
  return {
    inTextField: usesSpace || isTextField(target),
    scopes,
    // One that was closed keeps the focus for a frame more.
    modal: target.closest("[role=dialog]:not([data-closed]), [role=menu]:not([data-closed])") !== null,
  };
}

function isTextField(target: Element): boolean {
  if (target instanceof HTMLInputElement) return TEXT_INPUTS.test(target.type);
  return (
    target instanceof HTMLTextAreaElement ||
    target instanceof HTMLSelectElement ||
    (target as HTMLElement).isContentEditable
  );
}
