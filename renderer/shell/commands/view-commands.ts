import type { DockviewApi } from "dockview-react";
import { applyDefaultLayout, forgetLayout, showPanel, type Titles } from "../layout.ts";
import type { PanelDefinition, PanelId } from "../panel-definition.ts";
import type { Command } from "./command.ts";

export function panelCommandId(id: PanelId): string {
  return `view.panel.${id}`;
}

/** What concerns the dock: one command for each panel, and the layout. */
export function viewCommands(
  panels: readonly PanelDefinition[],
  titles: Titles,
  dock: () => DockviewApi | undefined,
): Command[] {
  const withDock = (run: (api: DockviewApi) => void) => () => {
    const api = dock();
    if (api !== undefined) run(api);
  };
  const isEnabled = () => dock() !== undefined;
  return [
    ...panels.map(
      ({ id, title, icon }, index): Command => ({
        id: panelCommandId(id),
        title: `Show ${title}`,
        category: "View",
        icon,
        shortcuts: [`Alt+${index + 1}`],
        isEnabled,
        run: withDock((api) => {
          showPanel(api, id, titles);
          focusPanel(id);
        }),
      }),
    ),
    {
      id: "view.maximize",
      title: "Maximize the active panel, or show all",
      category: "View",
      icon: "fit",
      shortcuts: ["Ctrl+M"],
      isEnabled,
      run: withDock((api) => {
        if (api.hasMaximizedGroup()) api.exitMaximizedGroup();
        else if (api.activePanel !== undefined) api.maximizeGroup(api.activePanel);
      }),
    },
    {
      id: "view.close-panel",
      title: "Close the active panel",
      category: "View",
      icon: "close",
      isEnabled,
      run: withDock((api) => api.activePanel?.api.close()),
    },
    {
      id: "view.reset-layout",
      title: "Reset the layout",
      category: "View",
      icon: "layout",
      isEnabled,
      run: withDock((api) => {
        forgetLayout();
        applyDefaultLayout(api, titles);
      }),
    },
  ];
}

/** Puts the keyboard into a panel: on what it names as its first control, else on the first that can take it. */
function focusPanel(id: PanelId): void {
  requestAnimationFrame(() => {
    const panel = document.querySelector(`[data-scope="${id}"]`);
    const first =
      panel?.querySelector<HTMLElement>("[data-autofocus]") ??
      panel?.querySelector<HTMLElement>("[tabindex='0'], button, input, select");
    first?.focus();
  });
}
