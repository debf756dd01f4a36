import type { JSX } from "react";
import { formatCount } from "../ui/format/count.ts";
import { useStudio } from "./use-studio.ts";

/** An LSN that leads there. `inRow`: in a row of a table, which has a click of its own and is reached by the arrow keys. */
export function LsnLink({ lsn, inRow = false }: { lsn: number; inRow?: boolean }): JSX.Element {
  const studio = useStudio();
  return (
    <button
      type="button"
      className="link num"
      tabIndex={inRow ? -1 : undefined}
      aria-label={inRow ? undefined : `Go to LSN ${lsn}`}
      onClick={(event) => {
        if (inRow) event.stopPropagation();
        studio.navigator.seek(lsn);
      }}
    >
      {formatCount(lsn)}
    </button>
  );
}
