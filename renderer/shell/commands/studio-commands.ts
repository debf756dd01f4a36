import type { StepUnit } from "../../client/navigator.ts";
import { chooseAndOpen } from "../../client/shell-link.ts";
import type { Studio } from "../../client/studio.ts";
import { useCursor } from "../../state/cursor-store.ts";
import { showNotice } from "../../state/notice-store.ts";
import { type ThemeChoice, usePreferences } from "../../state/preferences-store.ts";
import { useSelection } from "../../state/selection-store.ts";
import type { IconName } from "../../ui/icons.tsx";
import { copyText } from "../../ui/value.tsx";
import { useShell } from "../shell-store.ts";
import type { Command } from "./command.ts";

/** What the window as a whole can do. Panels add their own. */
export function studioCommands(studio: Studio): Command[] {
  const isOpen = () => studio.session.snapshot().recording !== undefined;
  const hasPage = () => isOpen() && useSelection.getState().page !== undefined;
  const { show } = useShell.getState();
  const step = (
    by: StepUnit,
    backward: boolean,
    title: string,
    icon: IconName,
    shortcut: string,
    isEnabled = isOpen,
  ): Command => ({
    id: `step.${by}.${backward ? "back" : "forward"}`,
    title,
    category: "Step",
    icon,
    shortcuts: [shortcut],
    isEnabled,
    run: () => studio.navigator.step(by, backward),
  });
  return [
    step("record", false, "Next record", "forward", "F10"),
    step("record", true, "Previous record", "back", "Shift+F10"),
    step("page-delta", false, "Next delta of the selected page", "forwardPage", "F11", hasPage),
    step("page-delta", true, "Previous delta of the selected page", "backPage", "Shift+F11", hasPage),
    step("transaction", false, "Next transaction", "forwardTransaction", "]"),
    step("transaction", true, "Previous transaction", "backTransaction", "["),
    step("delta", false, "Next delta of any page", "forward", "Alt+ArrowRight"),
    step("delta", true, "Previous delta of any page", "back", "Alt+ArrowLeft"),
    step("event", false, "Next event", "events", "E"),
    step("event", true, "Previous event", "events", "Shift+E"),
    {
      id: "step.start",
      title: "First state",
      category: "Step",
      icon: "start",
      shortcuts: ["Home"],
      isEnabled: isOpen,
      run: () => studio.navigator.toStart(),
    },
    {
      id: "step.end",
      title: "Last record",
      category: "Step",
      icon: "end",
      shortcuts: ["End"],
      isEnabled: isOpen,
      run: () => studio.navigator.toEnd(),
    },
    {
      id: "step.goto",
      title: "Go to an LSN or a time…",
      category: "Step",
      icon: "target",
      shortcuts: ["G"],
      isEnabled: isOpen,
      run: () => show("goto"),
    },
    {
      id: "step.play",
      title: "Play or pause",
      category: "Step",
      icon: "play",
      shortcuts: ["Space"],
      isEnabled: isOpen,
      run: () => studio.navigator.togglePlay(),
    },
    {
      id: "step.verify",
      title: "Check the state hash at the cursor…",
      category: "Step",
      icon: "hash",
      isEnabled: isOpen,
      run: () => show("verify"),
    },
    {
      id: "step.copy-lsn",
      title: "Copy the LSN at the cursor",
      category: "Step",
      icon: "copy",
      isEnabled: isOpen,
      run: () => void copyText(String(useCursor.getState().lsn), "the LSN"),
    },
    {
      id: "file.open",
      title: "Open a recording…",
      category: "File",
      icon: "folder",
      shortcuts: ["Ctrl+O"],
      run: () => {
        if (studio.session.snapshot().listing?.dialogs === true) void chooseAndOpen(studio);
        else show("open");
      },
    },
    {
      id: "file.close",
      title: "Close the recording",
      category: "File",
      isEnabled: isOpen,
      run: () => studio.session.close(),
    },
    {
      id: "bookmark.add",
      title: "Bookmark the cursor",
      category: "Bookmarks",
      icon: "bookmark",
      shortcuts: ["B"],
      isEnabled: isOpen,
      run: () => {
        const { lsn } = useCursor.getState();
        studio.bookmarks.add(lsn, `LSN ${lsn}`);
        showNotice({ tone: "info", text: `Bookmarked LSN ${lsn}` });
      },
    },
    ...(["system", "dark", "light"] as const).map((theme) => themeCommand(theme)),
    {
      id: "view.axis",
      title: "Timeline axis: switch between LSN and time",
      category: "Timeline",
      run: () => {
        const { axis, set } = usePreferences.getState();
        set({ axis: axis === "lsn" ? "time" : "lsn" });
      },
    },
    {
      id: "view.time-format",
      title: "Times: switch between elapsed and calendar",
      category: "View",
      run: () => {
        const { timeFormat, set } = usePreferences.getState();
        set({ timeFormat: timeFormat === "elapsed" ? "calendar" : "elapsed" });
      },
    },
    {
      id: "view.palette",
      title: "Show all commands",
      category: "View",
      icon: "command",
      shortcuts: ["Ctrl+Shift+P", "F1"],
      run: () => show("palette"),
    },
    {
      id: "help.keys",
      title: "Keyboard and mouse",
      category: "Help",
      icon: "help",
      shortcuts: ["?"],
      run: () => show("help"),
    },
  ];
}

function themeCommand(theme: ThemeChoice): Command {
  const names = { system: "as the system has it", dark: "dark", light: "light" };
  return {
    id: `view.theme.${theme}`,
    title: `Theme: ${names[theme]}`,
    category: "View",
    icon: ({ system: "system", dark: "moon", light: "sun" } as const)[theme],
    run: () => usePreferences.getState().set({ theme }),
  };
}
