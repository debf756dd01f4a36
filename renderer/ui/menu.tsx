import { Menu } from "@base-ui/react/menu";
import type { JSX, ReactElement } from "react";
import { Icon, type IconName } from "./icons.tsx";
import { Kbd } from "./kbd.tsx";

export type MenuEntry =
  | { readonly kind: "separator"; readonly id: string }
  | { readonly kind: "label"; readonly id: string; readonly text: string }
  | {
      readonly kind: "item";
      readonly id: string;
      readonly text: string;
      readonly icon?: IconName | undefined;
      /** A mark before it: one of several is chosen, or a switch is on. */
      readonly checked?: boolean;
      readonly shortcut?: string | undefined;
      readonly disabled?: boolean;
      readonly run: () => void;
    };

/** A menu behind a button. */
export function MenuButton({
  trigger,
  entries,
  align = "start",
}: {
  readonly trigger: ReactElement<Record<string, unknown>>;
  readonly entries: readonly MenuEntry[];
  readonly align?: "start" | "end";
}): JSX.Element {
  const hasIcons = entries.some((entry) => entry.kind === "item" && entry.icon !== undefined);
  return (
    <Menu.Root>
      <Menu.Trigger render={trigger} />
      <Menu.Portal>
        <Menu.Positioner className="positioner" sideOffset={4} align={align}>
          <Menu.Popup className="menu">
            {entries.map((entry) => (
              <Entry key={entry.id} entry={entry} hasIcons={hasIcons} />
            ))}
          </Menu.Popup>
        </Menu.Positioner>
      </Menu.Portal>
    </Menu.Root>
  );
}

/** With `hasIcons` the texts stand below one another, whether an entry has one or not. */
function Entry({ entry, hasIcons }: { entry: MenuEntry; hasIcons: boolean }): JSX.Element {
  if (entry.kind === "separator") return <Menu.Separator className="menu__separator" />;
  if (entry.kind === "label") return <div className="menu__label">{entry.text}</div>;
  const content = (
    <>
      {entry.icon !== undefined ? <Icon name={entry.icon} /> : hasIcons && <span className="menu__mark" />}
      <span className="menu__text truncate">{entry.text}</span>
      {entry.shortcut !== undefined && <Kbd shortcut={entry.shortcut} />}
    </>
  );
  if (entry.checked === undefined) {
    return (
      <Menu.Item className="menu__item" disabled={entry.disabled ?? false} onClick={entry.run}>
        {content}
      </Menu.Item>
    );
  }
  return (
    <Menu.CheckboxItem
      className="menu__item"
      checked={entry.checked}
      disabled={entry.disabled ?? false}
      onCheckedChange={entry.run}
    >
      <span className="menu__mark">{entry.checked && <Icon name="check" />}</span>
      {content}
    </Menu.CheckboxItem>
  );
}
