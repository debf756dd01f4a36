import type { JSX } from "react";
import { useRecording } from "./use-studio.ts";

/** The colour slot of a page type: types keep theirs for a recording. */
export function pageTypeSlot(pageType: number): number {
  return pageType === 0xffff_ffff ? 9 : (pageType * 5 + 2) % 12;
}

/** A page's id in full, in digits of equal width, with its type in the title. */
export function PageName({ id, pageType }: { id: bigint; pageType?: number }): JSX.Element {
  const types = useRecording().pageTypes;
  const type = pageType === undefined ? undefined : types[pageType]?.name;
  return (
    <span className="mono" title={type === undefined ? `Page ${id}` : `Page ${id}, ${type}`}>
      {id.toString()}
    </span>
  );
}
