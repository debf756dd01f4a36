/**
 * A shortcut as text: modifiers in any order, then a key, joined with `+`: `Ctrl+Shift+P`, `F10`, `]`, `?`. `Ctrl` stands for Command on
 * a Mac. For keys that a layout reaches with Shift (`?`), Shift is not part of the shortcut.
 */
export interface Shortcut {
  readonly ctrl: boolean;
  readonly alt: boolean;
  /** `undefined`: the character itself says whether Shift was needed. */
  readonly shift: boolean | undefined;
  /** Lower case. */
  readonly key: string;
}

export interface KeyPress {
  readonly key: string;
  readonly ctrlKey: boolean;
  readonly metaKey: boolean;
  readonly altKey: boolean;
  readonly shiftKey: boolean;
}

export function parseShortcut(text: string): Shortcut {
  // "Ctrl++" ends in the plus key itself.
  const parts = text.endsWith("++")
    ? [...text.slice(0, -2).split("+"), "+"]
    : text === "+"
      ? ["+"]
      : text.split("+");
  const last = parts.at(-1)!.toLowerCase();
  const key = last === "space" ? " " : last;
  const modifiers = new Set(parts.slice(0, -1).map((part) => part.toLowerCase()));
  const isSymbol = key.length === 1 && !/[a-z0-9]/.test(key);
  return {
    ctrl: modifiers.has("ctrl"),
    alt: modifiers.has("alt"),
    shift: modifiers.has("shift") ? true : isSymbol ? undefined : false,
    key,
  };
}

export function matchesShortcut(shortcut: Shortcut, press: KeyPress, isMac: boolean): boolean {
  const ctrl = isMac ? press.metaKey || press.ctrlKey : press.ctrlKey;
  if (!isMac && press.metaKey) return false;
  // AltGr arrives as Ctrl+Alt with the character it made: `[` on a German keyboard must still be `[`.
  const altGr = shortcut.shift === undefined && press.ctrlKey && press.altKey;
  if (!altGr && (ctrl !== shortcut.ctrl || press.altKey !== shortcut.alt)) return false;
  if (shortcut.shift !== undefined && press.shiftKey !== shortcut.shift) return false;
  return press.key.toLowerCase() === shortcut.key;
}

const MAC: Readonly<Record<string, string>> = { ctrl: "⌘", alt: "⌥", shift: "⇧" };
const NAMES: Readonly<Record<string, string>> = {
  arrowleft: "←",
  arrowright: "→",
  arrowup: "↑",
  arrowdown: "↓",
  " ": "Space",
  escape: "Esc",
};

/** The keys to show, one text each: `["Ctrl", "Shift", "P"]`. */
export function shortcutKeys(text: string, isMac: boolean): string[] {
  const { ctrl, alt, shift, key } = parseShortcut(text);
  const keys: string[] = [];
  const add = (on: boolean | undefined, name: string) => {
    if (on === true) keys.push(isMac ? MAC[name]! : name[0]!.toUpperCase() + name.slice(1));
  };
  add(ctrl, "ctrl");
  add(alt, "alt");
  add(shift, "shift");
  keys.push(NAMES[key] ?? (key.length === 1 ? key.toUpperCase() : key[0]!.toUpperCase() + key.slice(1)));
  return keys;
}

/** The form that `aria-keyshortcuts` wants: `Control+Shift+P`. */
export function ariaShortcut(text: string, isMac: boolean): string {
  const { ctrl, alt, shift, key } = parseShortcut(text);
  const parts = [ctrl && (isMac ? "Meta" : "Control"), alt && "Alt", shift === true && "Shift"].filter(
    Boolean,
  );
  return [
    ...parts,
    key === " " ? "Space" : key.length === 1 ? key.toUpperCase() : key[0]!.toUpperCase() + key.slice(1),
  ].join("+");
}

/** Where typing must reach the field: letters and signs are no shortcuts there, chords and function keys are. */
export function typesText(shortcut: Shortcut): boolean {
  return !shortcut.ctrl && !shortcut.alt && !/^f\d{1,2}$/.test(shortcut.key);
}

export const isMacPlatform = (): boolean =>
  typeof navigator !== "undefined" && /mac/i.test(navigator.platform ?? "");
