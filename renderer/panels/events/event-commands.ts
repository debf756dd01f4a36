import type { Studio } from "../../client/studio.ts";
import type { Command } from "../../shell/commands/command.ts";
import { useEventFilter } from "../../state/filter-store.ts";

export function eventCommands(studio: Studio): Command[] {
  return [
    {
      id: "events.clear-filter",
      title: "Clear the events filter",
      category: "View",
      isEnabled: () => studio.session.snapshot().recording !== undefined,
      run: () => useEventFilter.getState().setQuery(""),
    },
  ];
}
