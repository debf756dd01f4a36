import type { ComponentType } from "react";
import type { Studio } from "../client/studio.ts";
import type { IconName } from "../ui/icons.tsx";
import type { Command } from "./commands/command.ts";

export type PanelId = "timeline" | "deltas" | "page" | "graph" | "events" | "overview" | "bookmarks" | "gpu";

/** What a panel tells the shell. Panels know nothing of one another; what they share stands in `state/` and `client/`. */
export interface PanelDefinition {
  readonly id: PanelId;
  readonly title: string;
  readonly icon: IconName;
  readonly component: ComponentType;
  /** Loads the component's code ahead of time, where it is long and the panel is in sight at first. */
  readonly preload?: () => Promise<unknown>;
  /** Registered as long as the window lives, whether the panel is open or not. `show` brings the panel to the front. */
  readonly commands?: (studio: Studio, show: () => void) => readonly Command[];
}
