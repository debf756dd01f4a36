import type { JSX } from "react";
import { shortenId } from "../ui/format/ids.ts";
import { useRecording } from "./use-studio.ts";

/** The colour slot of a page type: types keep theirs for a recording. */
export function pageTypeSlot(pageType: number): number {
  return pageType === 0xffff_ffff ? 9 : (pageType * 5 + 2) % 12;
}

/** A page's id in digits of equal width; one near 2^64 loses its middle and stands in full in the title. */
export function PageName({ id, pageType }: { id: bigint; pageType?: number }): JSX.Element {
  const types = useRecording().pageTypes;
  const type = pageType === undefined ? undefined : types[pageType]?.name;
  return (
    <span className="mono" title={type === undefined ? `Page ${id}` : `Page ${id}, ${type}`}>
      {shortenId(id.toString())}
    </span>
  );
}
