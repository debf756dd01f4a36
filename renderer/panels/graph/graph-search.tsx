// The list's options are picked with the keyboard from the field, as in any combobox.
// biome-ignore-all lint/a11y/useFocusableInteractive: see above
// biome-ignore-all lint/a11y/useKeyWithClickEvents: see above
import { type JSX, type KeyboardEvent, useId, useState } from "react";
import { pageTypeSlot } from "../../client/page-name.tsx";
import { useQueryAtCursor } from "../../client/use-query.ts";
import { useRecording } from "../../client/use-studio.ts";
import { useSelection } from "../../state/selection-store.ts";
import { TextField } from "../../ui/field.tsx";
import { plural } from "../../ui/format/ids.ts";
import { useDebounced } from "../../ui/use-debounced.ts";
import { Swatch } from "../../ui/value.tsx";
import { act, focusOn, useGraphView } from "./graph-store.ts";

const TYPING_MS = 150;
const MOST_FOUND = 50;

/** Finds pages by id or type; Enter goes to the one that is marked. */
export function GraphSearch({ isClustered }: { isClustered: boolean }): JSX.Element {
  const { recording, pageTypes } = useRecording();
  const [text, setText] = useState("");
  const [open, setOpen] = useState(false);
  const [active, setActive] = useState(0);
  const id = useId();
  const wanted = useDebounced(text.trim(), TYPING_MS);
  const { data } = useQueryAtCursor(
    "graph.search",
    (lsn) => (wanted === "" ? null : { recording, lsn, text: wanted, limit: MOST_FOUND }),
    `${recording} ${wanted}`,
  );
  const found = text.trim() === "" || data === undefined ? undefined : data;
  const count = found?.columns.page.length ?? 0;
  const isOpen = open && found !== undefined;

  const go = (at: number) => {
    if (found === undefined || at >= count) return;
    const page = found.columns.page[at]!;
    const cluster = found.columns.cluster[at]!;
    const { focus, expanded } = useGraphView.getState();
    setOpen(false);
    useSelection.getState().selectPage(page);
    if (focus !== undefined) {
      focusOn(page);
      return;
    }
    if (isClustered && expanded !== "all" && !expanded.includes(cluster))
      useGraphView.setState({ expanded: [...expanded, cluster] });
    act({ centre: page });
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "Escape") {
      setOpen(false);
      setText("");
    } else if (event.key === "Enter") go(Math.min(active, count - 1));
    else if (event.key === "ArrowDown") setActive(Math.min(count - 1, active + 1));
    else if (event.key === "ArrowUp") setActive(Math.max(0, active - 1));
    else return;
    event.preventDefault();
  };

  return (
    <div className="graph__search">
      <TextField
        label="Find a page"
        icon="search"
        placeholder="Page id or type"
        value={text}
        onChange={(value) => {
          setText(value);
          setActive(0);
          setOpen(true);
        }}
        onFocus={() => setOpen(true)}
        onBlur={() => setOpen(false)}
        onKeyDown={onKeyDown}
        clearable
        role="combobox"
        aria-expanded={isOpen}
        aria-controls={`${id}-list`}
        aria-activedescendant={isOpen && count > 0 ? `${id}-${active}` : undefined}
      />
      {isOpen && (
        <div className="graph__found">
          <div id={`${id}-list`} role="listbox" aria-label="Pages found">
            {Array.from({ length: count }, (_, at) => {
              const page = found.columns.page[at]!;
              const type = found.columns.pageType[at]!;
              return (
                <div
                  key={page.toString()}
                  id={`${id}-${at}`}
                  role="option"
                  aria-selected={at === active}
                  className="graph__hit"
                  onPointerDown={(event) => event.preventDefault()}
                  onClick={() => go(at)}
                >
                  <Swatch slot={pageTypeSlot(type)} />
                  <span className="mono">{page.toString()}</span>
                  <span className="truncate muted">{pageTypes[type]?.name ?? ""}</span>
                  {found.columns.alive[at] === 0 && <span className="faint">not there now</span>}
                </div>
              );
            })}
          </div>
          <div className="graph__hits faint">
            {count === 0
              ? "No page has this id or type"
              : found.result.total > count
                ? `the first ${count} of ${plural(found.result.total, "page")}`
                : plural(count, "page")}
          </div>
        </div>
      )}
    </div>
  );
}
