import { lazy } from "react";
import type { PanelDefinition } from "../../shell/panel-definition.ts";

export const gpuPanel: PanelDefinition = {
  id: "gpu",
  title: "GPU",
  icon: "gpu",
  component: lazy(async () => ({ default: (await import("./gpu-panel.tsx")).GpuPanel })),
};
