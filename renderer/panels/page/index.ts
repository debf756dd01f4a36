import type { PanelDefinition } from "../../shell/panel-definition.ts";
import { pageCommands } from "./page-commands.ts";
import { PagePanel } from "./page-panel.tsx";

export const pagePanel: PanelDefinition = {
  id: "page",
  title: "Page",
  icon: "page",
  component: PagePanel,
  commands: pageCommands,
};
