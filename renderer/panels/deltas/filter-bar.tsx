import { type JSX, memo } from "react";
import { useRecording } from "../../client/use-studio.ts";
import { useDeltaFilter } from "../../state/filter-store.ts";
import { usePreferences } from "../../state/preferences-store.ts";
import { hasTerm, type TermName, toggleTerm } from "../../state/record-query.ts";
import { Button, IconButton } from "../../ui/button.tsx";
import { TextField } from "../../ui/field.tsx";
import { MenuButton, type MenuEntry } from "../../ui/menu.tsx";

/** A menu longer than this is no help; what is left out can be typed. */
const MENU_ROWS = 40;

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
  const follow = usePreferences((state) => state.followCursor);
  const setPreferences = usePreferences((state) => state.set);
  const entries = (name: TermName, values: readonly string[]): MenuEntry[] =>
    values.slice(0, MENU_ROWS).map((text) => ({
      kind: "item",
      id: `${name}:${text}`,
      text,
      checked: hasTerm(query, name, text),
      run: () => set({ query: toggleTerm(query, name, text) }),
    }));
  return (
    <div className="panel__bar">
      <TextField
        label="Filter deltas"
        icon="filter"
        className="deltas__query"
        placeholder="page:12 source:life cause:40 words"
        value={query}
        onChange={(text) => set({ query: text })}
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
          ...entries(
            "source",
            sources.map(({ name }) => name),
          ),
          { kind: "label", id: "types", text: "Page type" },
          ...entries(
            "type",
            pageTypes.map(({ name }) => name),
          ),
        ]}
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
});
