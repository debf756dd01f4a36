import { lazy } from "react";
import type { PanelDefinition } from "../../shell/panel-definition.ts";
import { graphCommands } from "./graph-commands.ts";

export const graphPanel: PanelDefinition = {
  id: "graph",
  title: "Graph",
  icon: "graph",
  // cytoscape is a third of the window's code: it comes with the panel.
  component: lazy(async () => ({ default: (await import("./graph-panel.tsx")).GraphPanel })),
  commands: graphCommands,
};
