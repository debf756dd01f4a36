import type { PanelDefinition } from "../../shell/panel-definition.ts";
import { timelineCommands } from "./timeline-commands.ts";
import { TimelinePanel } from "./timeline-panel.tsx";

export const timelinePanel: PanelDefinition = {
  id: "timeline",
  title: "Timeline",
  icon: "timeline",
  component: TimelinePanel,
  commands: timelineCommands,
};
