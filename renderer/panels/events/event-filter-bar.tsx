import type { JSX } from "react";
import { FollowCursorButton } from "../../client/follow-cursor-button.tsx";
import { termEntries } from "../../client/term-entries.ts";
import { useRecording } from "../../client/use-studio.ts";
import { useEventFilter } from "../../state/filter-store.ts";
import { Button, IconButton } from "../../ui/button.tsx";
import { TextField } from "../../ui/field.tsx";
import { MenuButton } from "../../ui/menu.tsx";

/** The kinds that the table shows beside events. */
const OTHER_KINDS = ["event", "failure", "session-start", "session-stop", "checkpoint", "gap"];

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
          ...termEntries(query, "kind", present, setQuery),
          ...(eventTypes.length > 0 ? [{ kind: "label" as const, id: "types", text: "Event type" }] : []),
          ...termEntries(query, "event", eventTypes, setQuery),
          { kind: "label", id: "sources", text: "Source" },
          ...termEntries(query, "source", sources, setQuery),
        ]}
      />
      <IconButton
        small
        icon="info"
        label="Details of the record at the cursor"
        pressed={showDetails}
        onClick={() => onShowDetails(!showDetails)}
      />
      <FollowCursorButton />
    </div>
  );
}
