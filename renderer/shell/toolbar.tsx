import type { JSX } from "react";
import { useSession } from "../client/use-studio.ts";
import { usePreferences } from "../state/preferences-store.ts";
import { Button, IconButton } from "../ui/button.tsx";
import { Icon } from "../ui/icons.tsx";
import { MenuButton, type MenuEntry } from "../ui/menu.tsx";
import { useCommandRegistry } from "./commands/use-commands.ts";
import { panelCommandId } from "./commands/view-commands.ts";
import { CursorReadout } from "./cursor-readout.tsx";
import { PANELS } from "./panels.ts";
import { CommandButton, SpeedMenu, StepButtons } from "./step-buttons.tsx";
import "./toolbar.css";

/** One line above everything: what is open, where the cursor is, how it moves. */
export function Toolbar(): JSX.Element {
  const isOpen = useSession((state) => state.recording !== undefined);
  return (
    <header className="toolbar">
      <FileMenu />
      {isOpen && (
        <>
          <StepButtons />
          <SpeedMenu />
          <CursorReadout />
        </>
      )}
      <span className="spacer" />
      {isOpen && (
        <>
          <CommandButton id="step.verify" />
          <CommandButton id="bookmark.add" />
          <ViewMenu />
        </>
      )}
      <ThemeMenu />
      <CommandButton id="view.palette" />
      <CommandButton id="help.keys" />
    </header>
  );
}

function useCommandEntry(): (id: string) => MenuEntry {
  const registry = useCommandRegistry();
  return (id) => {
    const command = registry.get(id);
    return {
      kind: "item",
      id,
      text: command?.title ?? id,
      icon: command?.icon,
      shortcut: command?.shortcuts?.[0],
      disabled: command === undefined || command.isEnabled?.() === false,
      run: () => registry.run(id),
    };
  };
}

function FileMenu(): JSX.Element {
  const name = useSession((state) => state.recording?.name);
  const path = useSession((state) => state.recording?.path);
  const entry = useCommandEntry();
  return (
    <MenuButton
      entries={[entry("file.open"), entry("file.close")]}
      trigger={
        <button
          type="button"
          className="file-menu"
          title={path}
          aria-label={name === undefined ? "File" : `Recording ${name}`}
        >
          <Mark />
          <span className="file-menu__name truncate">{name ?? "MMSB Studio"}</span>
          <Icon name="chevronDown" size={12} />
        </button>
      }
    />
  );
}

/** Pages on a bus: the product's mark. */
function Mark(): JSX.Element {
  return (
    <svg className="mark" width="18" height="18" viewBox="0 0 18 18" aria-hidden="true">
      <rect x="1" y="2" width="4" height="6" rx="1" />
      <rect x="7" y="2" width="4" height="6" rx="1" className="mark__written" />
      <rect x="13" y="2" width="4" height="6" rx="1" />
      <path d="M3 8v4M9 8v4M15 8v4M1 13h16" />
    </svg>
  );
}

function ViewMenu(): JSX.Element {
  const entry = useCommandEntry();
  return (
    <MenuButton
      align="end"
      entries={[
        { kind: "label", id: "panels", text: "Panels" },
        ...PANELS.map(({ id, title }) => ({ ...entry(panelCommandId(id)), text: title })),
        { kind: "separator", id: "separator" },
        entry("view.axis"),
        entry("view.time-format"),
        entry("view.reset-layout"),
      ]}
      trigger={
        <Button tone="quiet" icon="layout">
          View
        </Button>
      }
    />
  );
}

function ThemeMenu(): JSX.Element {
  const theme = usePreferences((state) => state.theme);
  const set = usePreferences((state) => state.set);
  const choices = [
    { value: "system", text: "As the system has it", icon: "system" },
    { value: "dark", text: "Dark", icon: "moon" },
    { value: "light", text: "Light", icon: "sun" },
  ] as const;
  const chosen = choices.find(({ value }) => value === theme)!;
  return (
    <MenuButton
      align="end"
      entries={choices.map(({ value, text, icon }) => ({
        kind: "item",
        id: value,
        text,
        icon,
        checked: value === theme,
        run: () => set({ theme: value }),
      }))}
      trigger={<IconButton icon={chosen.icon} label={`Theme: ${chosen.text}`} />}
    />
  );
}
