import { describe, expect, it, vi } from "vitest";
import type { Command } from "../../../../renderer/shell/commands/command.ts";
import { CommandRegistry, type KeyContext } from "../../../../renderer/shell/commands/command-registry.ts";
import {
  ariaShortcut,
  matchesShortcut,
  parseShortcut,
  shortcutKeys,
} from "../../../../renderer/ui/shortcut.ts";

const press = (
  key: string,
  modifiers: Partial<Record<"ctrlKey" | "metaKey" | "altKey" | "shiftKey", boolean>> = {},
) => ({
  key,
  ctrlKey: false,
  metaKey: false,
  altKey: false,
  shiftKey: false,
  ...modifiers,
});
const nowhere: KeyContext = { inTextField: false, scopes: [], modal: false };
const command = (id: string, change: Partial<Command> = {}): Command => ({
  id,
  title: id,
  category: "View",
  run: vi.fn(),
  ...change,
});

describe("shortcuts", () => {
  it("match with exactly their modifiers", () => {
    const palette = parseShortcut("Ctrl+Shift+P");
    expect(matchesShortcut(palette, press("P", { ctrlKey: true, shiftKey: true }), false)).toBe(true);
    expect(matchesShortcut(palette, press("p", { ctrlKey: true }), false)).toBe(false);
    expect(matchesShortcut(parseShortcut("F10"), press("F10", { shiftKey: true }), false)).toBe(false);
    expect(matchesShortcut(parseShortcut("Shift+F10"), press("F10", { shiftKey: true }), false)).toBe(true);
  });

  it("take Command for Ctrl on a Mac", () => {
    expect(matchesShortcut(parseShortcut("Ctrl+P"), press("p", { metaKey: true }), true)).toBe(true);
    expect(matchesShortcut(parseShortcut("Ctrl+P"), press("p", { metaKey: true }), false)).toBe(false);
  });

  it("reach signs on any keyboard layout: with Shift for ?, with AltGr for [", () => {
    expect(matchesShortcut(parseShortcut("?"), press("?", { shiftKey: true }), false)).toBe(true);
    expect(matchesShortcut(parseShortcut("["), press("[", { ctrlKey: true, altKey: true }), false)).toBe(
      true,
    );
    expect(matchesShortcut(parseShortcut("["), press("["), false)).toBe(true);
  });

  it("show themselves in words and to assistive technology", () => {
    expect(shortcutKeys("Ctrl+Shift+P", false)).toEqual(["Ctrl", "Shift", "P"]);
    expect(shortcutKeys("Ctrl+Shift+P", true)).toEqual(["⌘", "⇧", "P"]);
    expect(shortcutKeys("ArrowLeft", false)).toEqual(["←"]);
    expect(ariaShortcut("Shift+F10", false)).toBe("Shift+F10");
    expect(ariaShortcut("Ctrl+P", true)).toBe("Meta+P");
  });
});

describe("the command registry", () => {
  it("finds a command by its key, and not after it is gone", () => {
    const registry = new CommandRegistry(false);
    const registration = registry.register(command("a", { shortcuts: ["F10"] }));
    expect(registry.find(press("F10"), nowhere)?.id).toBe("a");
    registration.dispose();
    expect(registry.find(press("F10"), nowhere)).toBeUndefined();
    expect(registry.snapshot()).toEqual([]);
  });

  it("leaves letters to text fields, but not chords and function keys", () => {
    const registry = new CommandRegistry(false);
    registry.register(
      command("w", { shortcuts: ["W"] }),
      command("f", { shortcuts: ["F10"] }),
      command("c", { shortcuts: ["Ctrl+P"] }),
    );
    const typing = { ...nowhere, inTextField: true };
    expect(registry.find(press("w"), typing)).toBeUndefined();
    expect(registry.find(press("F10"), typing)?.id).toBe("f");
    expect(registry.find(press("p", { ctrlKey: true }), typing)?.id).toBe("c");
  });

  it("prefers the scope that has the focus, and is silent while a dialog is open", () => {
    const registry = new CommandRegistry(false);
    registry.register(
      command("everywhere", { shortcuts: ["F"] }),
      command("graph", { shortcuts: ["F"], scope: "graph" }),
    );
    expect(registry.find(press("f"), { ...nowhere, scopes: ["graph"] })?.id).toBe("graph");
    expect(registry.find(press("f"), { ...nowhere, scopes: ["page"] })?.id).toBe("everywhere");
    expect(registry.find(press("f"), { ...nowhere, modal: true })).toBeUndefined();
  });

  it("runs only what can run", () => {
    const registry = new CommandRegistry(false);
    const off = command("off", { isEnabled: () => false, shortcuts: ["X"] });
    registry.register(off);
    expect(registry.run("off")).toBe(false);
    expect(registry.run("unknown")).toBe(false);
    expect(registry.find(press("x"), nowhere)).toBeUndefined();
    expect(off.run).not.toHaveBeenCalled();
  });

  it("refuses two commands on one key", () => {
    const registry = new CommandRegistry(false);
    registry.register(command("a", { shortcuts: ["Shift+F11"] }));
    expect(() => registry.register(command("b", { shortcuts: ["shift+f11"] }))).toThrow(/already taken by a/);
  });
});
