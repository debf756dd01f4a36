import { create } from "zustand";
import type { Studio } from "../../client/studio.ts";
import type { Command } from "../../shell/commands/command.ts";
import { useCursor } from "../../state/cursor-store.ts";
import { usePreferences } from "../../state/preferences-store.ts";
import { useSelection } from "../../state/selection-store.ts";

/** Whether the list of pages is open: a command opens it, the panel shows it. */
export const usePicker = create<{ readonly open: boolean }>()(() => ({ open: false }));

export function pageCommands(studio: Studio): Command[] {
  const isOpen = () => studio.session.snapshot().recording !== undefined;
  const hasPage = () => isOpen() && useSelection.getState().page !== undefined;
  return [
    {
      id: "page.choose",
      title: "Choose a page…",
      category: "Page",
      icon: "page",
      shortcuts: ["P"],
      isEnabled: isOpen,
      run: () => usePicker.setState({ open: true }),
    },
    {
      id: "page.follow",
      title: "Follow the record at the cursor to its page",
      category: "Page",
      icon: "target",
      shortcuts: ["Shift+P"],
      isEnabled: isOpen,
      run: () => {
        const { followPage, setFollowPage } = useSelection.getState();
        setFollowPage(!followPage);
      },
    },
    {
      id: "page.compare",
      title: "Compare the page with how it is now, or stop comparing",
      category: "Page",
      icon: "compare",
      shortcuts: ["C"],
      isEnabled: hasPage,
      run: toggleCompare,
    },
    {
      id: "page.ages",
      title: "Colour bytes by the age of their last write",
      category: "Page",
      icon: "heat",
      shortcuts: ["H"],
      isEnabled: isOpen,
      run: () => {
        const { pageAges, set } = usePreferences.getState();
        set({ pageAges: !pageAges });
      },
    },
    ...(["bytes", "fields", "picture"] as const).map(
      (view): Command => ({
        id: `page.view.${view}`,
        title: `Show the page as ${view === "picture" ? "a picture" : view}`,
        category: "Page",
        isEnabled: isOpen,
        run: () => usePreferences.getState().set({ pageView: view }),
      }),
    ),
  ];
}

/** A is pinned where the cursor is; what differs grows as the cursor moves on. */
export function toggleCompare(): void {
  const { compareLsn, setCompareLsn } = useSelection.getState();
  setCompareLsn(compareLsn === undefined ? useCursor.getState().lsn : undefined);
}
