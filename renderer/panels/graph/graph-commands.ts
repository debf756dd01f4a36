import type { Studio } from "../../client/studio.ts";
import type { Command } from "../../shell/commands/command.ts";
import { useSelection } from "../../state/selection-store.ts";
import { act, focusOn, setGrouped, showWhole, useGraphView } from "./graph-store.ts";

export function graphCommands(studio: Studio, show: () => void): Command[] {
  const isOpen = () => studio.session.snapshot().recording !== undefined;
  const focus = () => {
    const { page } = useSelection.getState();
    if (page === undefined) return;
    show();
    focusOn(page);
  };
  return [
    {
      id: "graph.fit",
      title: "Fit the graph into its panel",
      category: "Graph",
      icon: "fit",
      shortcuts: ["F"],
      scope: "graph",
      isEnabled: isOpen,
      run: () => act("fit"),
    },
    {
      id: "graph.zoom-in",
      title: "Zoom in",
      category: "Graph",
      shortcuts: ["+", "="],
      scope: "graph",
      isEnabled: isOpen,
      run: () => act("zoom-in"),
    },
    {
      id: "graph.zoom-out",
      title: "Zoom out",
      category: "Graph",
      shortcuts: ["-"],
      scope: "graph",
      isEnabled: isOpen,
      run: () => act("zoom-out"),
    },
    {
      id: "graph.neighbourhood",
      title: "Show the neighbourhood of the selected page",
      category: "Graph",
      icon: "graph",
      shortcuts: ["N"],
      isEnabled: () => isOpen() && useSelection.getState().page !== undefined,
      run: focus,
    },
    {
      id: "graph.whole",
      title: "Show the whole graph",
      category: "Graph",
      isEnabled: () => isOpen() && useGraphView.getState().focus !== undefined,
      run: showWhole,
    },
    {
      id: "graph.group",
      title: "Group by page type, or not",
      category: "Graph",
      isEnabled: isOpen,
      run: () => setGrouped(!useGraphView.getState().grouped),
    },
    {
      id: "graph.transaction",
      title: "Light up the whole transaction, or the record alone",
      category: "Graph",
      isEnabled: isOpen,
      run: () => useGraphView.setState(({ wholeTransaction }) => ({ wholeTransaction: !wholeTransaction })),
    },
  ];
}
