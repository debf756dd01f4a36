import { type JSX, useMemo } from "react";
import { formatCount } from "../../ui/format/count.ts";
import { Swatch } from "../../ui/value.tsx";
import type { Hover } from "./graph-canvas.tsx";
import type { GraphPicture } from "./graph-elements.ts";
import type { Lights } from "./graph-lights.ts";

/** What is under the pointer, in words. */
export function GraphHover({
  hover,
  picture,
  lights,
}: {
  hover: Hover;
  picture: GraphPicture;
  lights: Lights;
}): JSX.Element {
  const { node, x, y } = hover;
  const [inputs, dependents] = useMemo(() => {
    let into = 0;
    let out = 0;
    for (const { source, target, count } of picture.edges.values()) {
      if (target === node.id) into += count;
      if (source === node.id) out += count;
    }
    return [into, out];
  }, [picture, node.id]);
  const light = lightText(lights.get(node.id));
  return (
    <div className="graph__hover" style={{ left: x, top: y }} aria-hidden="true">
      <div className="graph__key">
        <Swatch slot={node.slot} />
        <strong>{node.kind === "page" ? `Page ${node.number}` : `${formatCount(node.members)} pages`}</strong>
        <span className="muted">{node.typeName}</span>
      </div>
      <div className="num muted">
        {formatCount(inputs)} in · {formatCount(dependents)} out
      </div>
      {light !== undefined && <div>{light}</div>}
      <div className="faint">
        {node.kind === "page" ? "double click: its neighbourhood" : "double click: show its pages"}
      </div>
    </div>
  );
}

function lightText(classes: string | undefined): string | undefined {
  if (classes === undefined) return undefined;
  if (classes.includes("failed")) return "its recompute failed here";
  if (classes.includes("blocked")) return "not computed: something above it failed";
  if (classes.includes("touched")) return "touched by the record at the cursor";
  if (classes.includes("cut-off")) return "cut off: recomputed to the bytes that it had";
  return classes.includes("unwritten")
    ? "downstream of the record, not rewritten by it"
    : "downstream of the record, rewritten there";
}
