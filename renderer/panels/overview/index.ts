import { lazy } from "react";
import type { PanelDefinition } from "../../shell/panel-definition.ts";

export const overviewPanel: PanelDefinition = {
  id: "overview",
  title: "Overview",
  icon: "overview",
  component: lazy(async () => ({ default: (await import("./overview-panel.tsx")).OverviewPanel })),
};
