import type { JSX } from "react";
import { useRecording } from "../../client/use-studio.ts";
import { useEventFilter } from "../../state/filter-store.ts";
import { usePreferences } from "../../state/preferences-store.ts";
import { hasTerm, type TermName, toggleTerm } from "../../state/record-query.ts";
import { Button, IconButton } from "../../ui/button.tsx";
import { TextField } from "../../ui/field.tsx";
import { MenuButton, type MenuEntry } from "../../ui/menu.tsx";

/** The kinds that the table shows beside events. */
const OTHER_KINDS = ["event", "failure", "session-start", "session-stop", "checkpoint", "gap"];
/** A menu longer than this is no help; what is left out can be typed. */
const MENU_ROWS = 40;

export function EventFilterBar({
  problem,
  showDetails,
  onShowDetails,
}: {
  problem: string | undefined;
  showDetails: boolean;
  onShowDetails: (show: boolean) => void;
}): JSX.Element {
  const { query, setQuery } = useEventFilter();
  const { eventTypes, kinds, sources } = useRecording();
  const follow = usePreferences((state) => state.followCursor);
  const setPreferences = usePreferences((state) => state.set);
  const entries = (name: TermName, values: readonly string[]): MenuEntry[] =>
    values.slice(0, MENU_ROWS).map((text) => ({
      kind: "item",
      id: `${name}:${text}`,
      text,
      checked: hasTerm(query, name, text),
      run: () => setQuery(toggleTerm(query, name, text)),
    }));
  const present = kinds.filter(({ name, records }) => OTHER_KINDS.includes(name) && records > 0);
  return (
    <div className="panel__bar">
      <TextField
        label="Filter events"
        icon="filter"
        className="events__query"
        placeholder="event:mark kind:failure lsn:100..200 words"
        value={query}
        onChange={setQuery}
        invalid={problem}
        clearable
        data-autofocus
      />
      <MenuButton
        align="end"
        trigger={
          <Button small tone="quiet" icon="filter">
            Add
          </Button>
        }
        entries={[
          { kind: "label", id: "kinds", text: "Kind of record" },
          ...entries(
            "kind",
            present.map(({ name }) => name),
          ),
          ...(eventTypes.length > 0 ? [{ kind: "label" as const, id: "types", text: "Event type" }] : []),
          ...entries(
            "event",
            eventTypes.map(({ name }) => name),
          ),
          { kind: "label", id: "sources", text: "Source" },
          ...entries(
            "source",
            sources.map(({ name }) => name),
          ),
        ]}
      />
      <IconButton
        small
        icon="info"
        label="Details of the record at the cursor"
        pressed={showDetails}
        onClick={() => onShowDetails(!showDetails)}
      />
      <IconButton
        small
        icon="target"
        label="Follow the cursor"
        pressed={follow}
        onClick={() => setPreferences({ followCursor: !follow })}
      />
    </div>
  );
}
