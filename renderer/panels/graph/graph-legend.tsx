import { type JSX, memo, useMemo } from "react";
import { formatCount } from "../../ui/format/count.ts";
import { Swatch } from "../../ui/value.tsx";
import type { GraphPicture } from "./graph-elements.ts";

/** Types named; the rest is told by hovering. */
const MOST_TYPES = 8;

/** What the colours mean: kinds of light, and page types. Always there, so that nothing moves when something lights up. */
export const GraphLegend = memo(function GraphLegend({ picture }: { picture: GraphPicture }): JSX.Element {
  const types = useMemo(() => {
    const counted = new Map<string, { slot: number; pages: number }>();
    for (const { kind, typeName, slot, members } of picture.nodes.values()) {
      if (kind === "frame") continue;
      const type = counted.get(typeName);
      if (type === undefined) counted.set(typeName, { slot, pages: members });
      else type.pages += members;
    }
    return [...counted].sort(([, a], [, b]) => b.pages - a.pages);
  }, [picture]);
  return (
    <div className="graph__legend" aria-hidden="true">
      <Light name="touched" text="touched" />
      <Light name="lit" text="downstream" />
      <Light name="unwritten" text="not reached" />
      <Light name="cut-off" text="cut off" />
      <Light name="failed" text="failed" />
      <Light name="blocked" text="blocked" />
      {types.slice(0, MOST_TYPES).map(([name, { slot, pages }]) => (
        <span key={name} className="graph__key">
          <Swatch slot={slot} />
          <span className="truncate">{name === "" ? "no type" : name}</span>
          <span className="num faint">{formatCount(pages)}</span>
        </span>
      ))}
      {types.length > MOST_TYPES && <span className="faint">and {types.length - MOST_TYPES} more types</span>}
    </div>
  );
});

function Light({ name, text }: { name: string; text: string }): JSX.Element {
  return (
    <span className="graph__key">
      <span className={`graph__light graph__light--${name}`} />
      {text}
    </span>
  );
}
