import type { JSX } from "react";
import { isMacPlatform, shortcutKeys } from "./shortcut.ts";

const IS_MAC = isMacPlatform();

/** A shortcut as keys. */
export function Kbd({ shortcut }: { shortcut: string }): JSX.Element {
  return (
    <span className="kbd">
      {shortcutKeys(shortcut, IS_MAC).map((key) => (
        <kbd key={key}>{key}</kbd>
      ))}
    </span>
  );
}
