import { type JSX, type KeyboardEvent, useEffect, useId, useMemo, useRef, useState } from "react";
import { Dialog } from "../ui/dialog.tsx";
import { Icon } from "../ui/icons.tsx";
import { Kbd } from "../ui/kbd.tsx";
import { type CommandMatch, searchCommands } from "./commands/search-commands.ts";
import { useCommandList, useCommandRegistry } from "./commands/use-commands.ts";
import { useShell } from "./shell-store.ts";
import "./palette.css";

/** Every command by name. What was run last stands first, as long as the window lives. */
const recent: string[] = [];

export function Palette(): JSX.Element {
  const open = useShell((state) => state.overlay === "palette");
  const hide = useShell((state) => state.hide);
  return (
    <Dialog open={open} onClose={() => hide("palette")} title="Commands" bare>
      <PaletteContent onClose={() => hide("palette")} />
    </Dialog>
  );
}

function PaletteContent({ onClose }: { onClose: () => void }): JSX.Element {
  const registry = useCommandRegistry();
  const commands = useCommandList();
  const [typed, setTyped] = useState("");
  const [active, setActive] = useState(0);
  const listRef = useRef<HTMLDivElement>(null);
  const id = useId();
  const matches = useMemo(() => {
    const enabled = commands.filter((command) => command.isEnabled?.() !== false);
    const rank = (command: { id: string }) => recent.indexOf(command.id) + 1 || recent.length + 1;
    return searchCommands(typed === "" ? enabled.toSorted((a, b) => rank(a) - rank(b)) : enabled, typed);
  }, [commands, typed]);

  useEffect(() => {
    listRef.current?.querySelector(`#${CSS.escape(`${id}-${active}`)}`)?.scrollIntoView({ block: "nearest" });
  }, [active, id]);

  const run = (match: CommandMatch | undefined) => {
    if (match === undefined) return;
    const at = recent.indexOf(match.command.id);
    if (at >= 0) recent.splice(at, 1);
    recent.unshift(match.command.id);
    onClose();
    // After the dialog gave the focus back: the command may want it elsewhere.
    requestAnimationFrame(() => registry.run(match.command.id));
  };

  const onKeyDown = (event: KeyboardEvent) => {
    const moves: Record<string, number> = { ArrowDown: 1, ArrowUp: -1, PageDown: 8, PageUp: -8 };
    const move = moves[event.key];
    if (move !== undefined) {
      event.preventDefault();
      const next = active + move;
      const last = matches.length - 1;
      setActive(
        Math.abs(move) === 1
          ? (next + matches.length) % Math.max(1, matches.length)
          : Math.min(last, Math.max(0, next)),
      );
    } else if (event.key === "Enter") {
      event.preventDefault();
      run(matches[active]);
    }
  };

  return (
    <div className="palette">
      <div className="palette__input">
        <Icon name="command" />
        <input
          // biome-ignore lint/a11y/noAutofocus: the palette is opened to type into
          autoFocus
          role="combobox"
          aria-label="Command"
          aria-expanded="true"
          aria-controls={`${id}-list`}
          aria-activedescendant={matches.length === 0 ? undefined : `${id}-${active}`}
          placeholder="Type a command"
          spellCheck={false}
          value={typed}
          onChange={(event) => {
            setTyped(event.target.value);
            setActive(0);
          }}
          onKeyDown={onKeyDown}
        />
      </div>
      <div ref={listRef} className="palette__list" id={`${id}-list`} role="listbox" aria-label="Commands">
        {matches.map((match, index) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: the input has the keys
          // biome-ignore lint/a11y/useFocusableInteractive: the input keeps the focus and names the active option
          <div
            key={match.command.id}
            id={`${id}-${index}`}
            role="option"
            aria-selected={index === active}
            className="palette__item"
            onPointerMove={() => setActive(index)}
            onClick={() => run(match)}
          >
            <span className="truncate">
              <Marked label={match.label} hits={match.hits} />
            </span>
            {match.command.shortcuts?.[0] !== undefined && <Kbd shortcut={match.command.shortcuts[0]} />}
          </div>
        ))}
      </div>
      {matches.length === 0 && <div className="palette__none">No command has these letters.</div>}
    </div>
  );
}

/** The label with the letters that matched in bold. */
function Marked({ label, hits }: { label: string; hits: readonly number[] }): JSX.Element {
  const parts: JSX.Element[] = [];
  let at = 0;
  for (const hit of hits) {
    if (hit > at) parts.push(<span key={at}>{label.slice(at, hit)}</span>);
    parts.push(<b key={`b${hit}`}>{label[hit]}</b>);
    at = hit + 1;
  }
  parts.push(<span key={at}>{label.slice(at)}</span>);
  return <>{parts}</>;
}
