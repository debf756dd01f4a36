import type { PanelDefinition } from "../../shell/panel-definition.ts";
import { DeltasPanel } from "./deltas-panel.tsx";
import { deltaCommands } from "./delta-commands.ts";

export const deltasPanel: PanelDefinition = {
  id: "deltas",
  title: "Deltas",
  icon: "deltas",
  component: DeltasPanel,
  commands: deltaCommands,
};
