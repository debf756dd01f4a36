import { lazy } from "react";
import type { PanelDefinition } from "../../shell/panel-definition.ts";
import { graphCommands } from "./graph-commands.ts";

// cytoscape is a third of the window's code: it comes with the panel.
const load = () => import("./graph-panel.tsx");

export const graphPanel: PanelDefinition = {
  id: "graph",
  title: "Graph",
  icon: "graph",
  component: lazy(async () => ({ default: (await load()).GraphPanel })),
  preload: load,
  commands: graphCommands,
};
