import type { JSX } from "react";
import { PageName } from "../../client/page-name.tsx";
import { Button, IconButton } from "../../ui/button.tsx";
import { Segmented } from "../../ui/field.tsx";
import { changeFocus, type Focus, MOST_HOPS, showWhole } from "./graph-store.ts";

/** Whose neighbourhood is shown, how far it goes and which way. */
export function FocusBar({ focus }: { focus: Focus }): JSX.Element {
  const { page, hops, direction } = focus;
  return (
    <div className="panel__bar graph__focus">
      <span className="truncate">
        Around page <PageName id={page} />
      </span>
      <span className="graph__hops">
        <IconButton
          small
          icon="minus"
          label="Fewer hops"
          disabled={hops <= 1}
          onClick={() => changeFocus({ hops: hops - 1 })}
        />
        <span className="num" aria-live="polite">
          {hops} {hops === 1 ? "hop" : "hops"}
        </span>
        <IconButton
          small
          icon="plus"
          label="More hops"
          disabled={hops >= MOST_HOPS}
          onClick={() => changeFocus({ hops: hops + 1 })}
        />
      </span>
      <Segmented
        label="Which way"
        value={direction}
        options={[
          { value: "upstream", text: "Inputs" },
          { value: "both", text: "Both" },
          { value: "downstream", text: "Dependents" },
        ]}
        onChange={(value) => changeFocus({ direction: value })}
      />
      <span className="spacer" />
      <Button small icon="close" onClick={showWhole}>
        Show all
      </Button>
    </div>
  );
}
