import { type JSX, memo } from "react";
import { useSelection } from "../../state/selection-store.ts";
import { Button, IconButton } from "../../ui/button.tsx";
import type { GraphPicture } from "./graph-elements.ts";
import { GraphSearch } from "./graph-search.tsx";
import { act, focusOn, setGrouped, useGraphView } from "./graph-store.ts";

/** Does not depend on the cursor: it stays as it is while scrubbing. */
export const GraphBar = memo(function GraphBar({
  picture,
  isLarge,
  isClustered,
}: {
  picture: GraphPicture;
  isLarge: boolean;
  isClustered: boolean;
}): JSX.Element {
  const { grouped, expanded, wholeTransaction } = useGraphView();
  const hasClosed = [...picture.nodes.values()].some(({ kind }) => kind === "cluster");
  return (
    <div className="panel__bar">
      <GraphSearch isClustered={isClustered} />
      <FocusButton />
      <IconButton
        small
        icon="layout"
        label={isLarge ? "Grouped by page type: there are too many pages to show each" : "Group by page type"}
        pressed={grouped || isLarge}
        disabled={isLarge}
        onClick={() => setGrouped(!grouped)}
      />
      {isClustered && (
        <Button
          small
          tone="quiet"
          disabled={isLarge && expanded.length === 0}
          onClick={() => {
            useGraphView.setState({ expanded: hasClosed && !isLarge ? "all" : [] });
            act("fit");
          }}
        >
          {hasClosed && !isLarge ? "Expand all" : "Collapse all"}
        </Button>
      )}
      <IconButton
        small
        icon="link"
        label="Light up the whole transaction, not only the record"
        pressed={wholeTransaction}
        onClick={() => useGraphView.setState({ wholeTransaction: !wholeTransaction })}
      />
      <IconButton small icon="fit" label="Fit into the panel" shortcut="F" onClick={() => act("fit")} />
    </div>
  );
});

/** Says the same of every page: the selected one may change with every frame of a scrub. */
function FocusButton(): JSX.Element {
  const hasPage = useSelection((state) => state.page !== undefined);
  const isFocused = useGraphView((state) => state.focus !== undefined);
  return (
    <IconButton
      small
      icon="target"
      label={hasPage ? "Show the neighbourhood of the selected page" : "Neighbourhood: select a page first"}
      shortcut="N"
      pressed={isFocused}
      disabled={!hasPage}
      onClick={() => {
        const { page } = useSelection.getState();
        if (page !== undefined) focusOn(page);
      }}
    />
  );
}
