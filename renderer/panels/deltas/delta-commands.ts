import type { Studio } from "../../client/studio.ts";
import type { Command } from "../../shell/commands/command.ts";
import { useDeltaFilter } from "../../state/filter-store.ts";
import { setTerm } from "../../state/record-query.ts";
import { useSelection } from "../../state/selection-store.ts";

export function deltaCommands(studio: Studio): Command[] {
  const isOpen = () => studio.session.snapshot().recording !== undefined;
  return [
    {
      id: "deltas.filter-page",
      title: "Filter deltas by the selected page",
      category: "Page",
      icon: "filter",
      isEnabled: () => isOpen() && useSelection.getState().page !== undefined,
      run: () => {
        const { page } = useSelection.getState();
        const { query, set } = useDeltaFilter.getState();
        if (page !== undefined) set({ query: setTerm(query, "page", page.toString()) });
      },
    },
    {
      id: "deltas.clear-filter",
      title: "Clear the deltas filter",
      category: "View",
      isEnabled: isOpen,
      run: () => useDeltaFilter.getState().set({ query: "", value: "" }),
    },
  ];
}
