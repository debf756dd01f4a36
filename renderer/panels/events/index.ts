import type { PanelDefinition } from "../../shell/panel-definition.ts";
import { eventCommands } from "./event-commands.ts";
import { EventsPanel } from "./events-panel.tsx";

export const eventsPanel: PanelDefinition = {
  id: "events",
  title: "Events",
  icon: "events",
  component: EventsPanel,
  commands: eventCommands,
};
