import type { JSX } from "react";
import { useStudio } from "../client/use-studio.ts";
import { useCursor } from "../state/cursor-store.ts";
import { useSelection } from "../state/selection-store.ts";
import { Button, IconButton } from "../ui/button.tsx";
import { Icon } from "../ui/icons.tsx";
import { MenuButton, type MenuEntry } from "../ui/menu.tsx";
import { useCommandRegistry } from "./commands/use-commands.ts";

const BACK = ["step.start", "step.transaction.back", "step.page-delta.back", "step.record.back"] as const;
const FORWARD = [
  "step.record.forward",
  "step.page-delta.forward",
  "step.transaction.forward",
  "step.end",
] as const;

/** All steps, with play in their middle. */
export function StepButtons(): JSX.Element {
  const playing = useCursor((state) => state.playing);
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset would bring the look of a form
    <div className="toolbar__group" role="group" aria-label="Step">
      {BACK.map((id) => (
        <CommandButton key={id} id={id} />
      ))}
      <CommandButton
        id="step.play"
        icon={playing ? "pause" : "play"}
        label={playing ? "Pause" : "Play"}
        primary
      />
      {FORWARD.map((id) => (
        <CommandButton key={id} id={id} />
      ))}
    </div>
  );
}

interface CommandButtonProps {
  readonly id: string;
  readonly icon?: "pause" | "play";
  readonly label?: string;
  readonly primary?: boolean;
}

/** A button for a command, with its name, icon and key. */
export function CommandButton({ id, icon, label, primary = false }: CommandButtonProps): JSX.Element | null {
  const registry = useCommandRegistry();
  // What is enabled depends on the selected page: drawing anew with it keeps the button honest.
  useSelection((state) => state.page !== undefined);
  const command = registry.get(id);
  const shownIcon = icon ?? command?.icon;
  if (command === undefined || shownIcon === undefined) return null;
  return (
    <IconButton
      icon={shownIcon}
      label={label ?? command.title}
      shortcut={command.shortcuts?.[0]}
      tone={primary ? "normal" : "quiet"}
      disabled={command.isEnabled?.() === false}
      onClick={() => registry.run(id)}
    />
  );
}

const SPEEDS = [
  { mode: "records", speeds: [1, 10, 60, 500, 5000, 100_000], unit: "records/s", title: "Records a second" },
  { mode: "transactions", speeds: [1, 5, 20, 100], unit: "tx/s", title: "Transactions a second" },
  { mode: "time", speeds: [0.01, 0.1, 1, 10], unit: "× time", title: "Times as fast as it was recorded" },
] as const;

export function SpeedMenu(): JSX.Element {
  const studio = useStudio();
  const mode = useCursor((state) => state.playbackMode);
  const speed = useCursor((state) => state.playbackSpeed);
  const unit = SPEEDS.find((group) => group.mode === mode)!.unit;
  const entries = SPEEDS.flatMap((group): MenuEntry[] => [
    { kind: "label", id: group.mode, text: group.title },
    ...group.speeds.map(
      (value): MenuEntry => ({
        kind: "item",
        id: `${group.mode}-${value}`,
        text: `${value.toLocaleString("en-US")} ${group.unit}`,
        checked: group.mode === mode && value === speed,
        run: () => studio.navigator.setPlayback(group.mode, value),
      }),
    ),
  ]);
  return (
    <MenuButton
      entries={entries}
      trigger={
        <Button tone="quiet" aria-label={`Playback speed: ${speed} ${unit}`} className="toolbar__speed num">
          {speed.toLocaleString("en-US")} {unit}
          <Icon name="chevronDown" size={12} />
        </Button>
      }
    />
  );
}
