import { type JSX, memo } from "react";
import { FollowCursorButton } from "../../client/follow-cursor-button.tsx";
import { termEntries } from "../../client/term-entries.ts";
import { useRecording } from "../../client/use-studio.ts";
import { useDeltaFilter } from "../../state/filter-store.ts";
import { Button } from "../../ui/button.tsx";
import { TextField } from "../../ui/field.tsx";
import { MenuButton } from "../../ui/menu.tsx";

/** What the table shows: one line of terms and words, and an expression over values. */
export const FilterBar = memo(function FilterBar({
  queryProblem,
  valueProblem,
}: {
  queryProblem: string | undefined;
  valueProblem: string | undefined;
}): JSX.Element {
  const { query, value, set } = useDeltaFilter();
  const { sources, pageTypes } = useRecording();
  const setQuery = (text: string) => set({ query: text });
  return (
    <div className="panel__bar">
      <TextField
        label="Filter deltas"
        icon="filter"
        className="deltas__query"
        placeholder="page:12 source:life cause:40 words"
        value={query}
        onChange={setQuery}
        invalid={queryProblem}
        clearable
        data-autofocus
      />
      <TextField
        label="Value expression"
        className="deltas__value mono"
        placeholder="field > 3.5"
        value={value}
        onChange={(text) => set({ value: text })}
        invalid={valueProblem}
        clearable
      />
      <MenuButton
        align="end"
        trigger={
          <Button small tone="quiet" icon="filter">
            Add
          </Button>
        }
        entries={[
          { kind: "label", id: "sources", text: "Source" },
          ...termEntries(query, "source", sources, setQuery),
          { kind: "label", id: "types", text: "Page type" },
          ...termEntries(query, "type", pageTypes, setQuery),
        ]}
      />
      <FollowCursorButton />
    </div>
  );
});
