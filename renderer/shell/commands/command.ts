import type { IconName } from "../../ui/icons.tsx";

export type CommandCategory = "File" | "Step" | "Timeline" | "View" | "Page" | "Graph" | "Bookmarks" | "Help";

/** Something a person can do: in the palette, on its shortcuts, perhaps behind a button. */
export interface Command {
  /** Stable: `step.record.forward`. */
  readonly id: string;
  readonly title: string;
  readonly category: CommandCategory;
  /** See `parseShortcut`; the first is the one shown. */
  readonly shortcuts?: readonly string[];
  readonly icon?: IconName;
  /** A shortcut that counts only while the focus is inside `[data-scope="…"]`, or nowhere in particular. */
  readonly scope?: string;
  /** Absent = always. */
  readonly isEnabled?: () => boolean;
  readonly run: () => void;
}
