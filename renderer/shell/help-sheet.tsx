import type { JSX } from "react";
import { Dialog } from "../ui/dialog.tsx";
import { Kbd } from "../ui/kbd.tsx";
import type { CommandCategory } from "./commands/command.ts";
import { useCommandList } from "./commands/use-commands.ts";
import { useShell } from "./shell-store.ts";
import "./help-sheet.css";

const ORDER: readonly CommandCategory[] = [
  "Step",
  "Timeline",
  "Page",
  "Graph",
  "Bookmarks",
  "View",
  "File",
  "Help",
];

/** What no command stands for: the mouse, and keys that belong to one kind of control. */
const GESTURES: readonly { title: string; rows: readonly (readonly [string, string])[] }[] = [
  {
    title: "Mouse on the timeline",
    rows: [
      ["Click or drag", "Move the cursor"],
      ["Shift + drag", "Mark an area"],
      ["Wheel", "Zoom at the pointer"],
      ["Shift + wheel, middle drag", "Pan"],
      ["Wheel over the page names", "Scroll the pages"],
      ["Drag on the minimap", "Choose the part in view"],
    ],
  },
  {
    title: "Graph",
    rows: [
      ["Click", "Select the page"],
      ["Double click, Enter", "Its neighbourhood; open or close a group"],
      ["Drag, wheel", "Pan, zoom"],
      ["Arrows", "Go to the nearest page that way"],
    ],
  },
  {
    title: "Tables and bytes",
    rows: [
      ["Arrows, Page keys", "Move, and take the cursor along"],
      ["Ctrl + Home / End", "First and last row"],
      ["Ctrl + C", "Copy the row, or the selected bytes"],
      ["Shift + arrows", "Select bytes"],
      ["F6 / Shift + F6", "Next and previous group of panels"],
      ["Ctrl + PageUp / PageDown", "Previous and next tab"],
    ],
  },
];

export function HelpSheet(): JSX.Element {
  const open = useShell((state) => state.overlay === "help");
  const hide = useShell((state) => state.hide);
  const commands = useCommandList();
  return (
    <Dialog open={open} onClose={() => hide("help")} title="Keyboard and mouse" wide>
      <div className="help">
        {ORDER.map((category) => {
          const rows = commands.filter(
            (command) => command.category === category && command.shortcuts !== undefined,
          );
          if (rows.length === 0) return null;
          return (
            <section key={category} aria-label={category}>
              <h3 className="section-title">{category}</h3>
              <dl>
                {rows.map((command) => (
                  <div key={command.id} className="help__row">
                    <dt>{command.title}</dt>
                    <dd>
                      <Kbd shortcut={command.shortcuts![0]!} />
                    </dd>
                  </div>
                ))}
              </dl>
            </section>
          );
        })}
        {GESTURES.map(({ title, rows }) => (
          <section key={title} aria-label={title}>
            <h3 className="section-title">{title}</h3>
            <dl>
              {rows.map(([how, what]) => (
                <div key={how} className="help__row">
                  <dt>{what}</dt>
                  <dd className="faint">{how}</dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
    </Dialog>
  );
}
