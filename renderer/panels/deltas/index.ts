import type { PanelDefinition } from "../../shell/panel-definition.ts";
import { deltaCommands } from "./delta-commands.ts";
import { DeltasPanel } from "./deltas-panel.tsx";

export const deltasPanel: PanelDefinition = {
  id: "deltas",
  title: "Deltas",
  icon: "deltas",
  component: DeltasPanel,
  commands: deltaCommands,
};
