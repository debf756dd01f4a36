import { type JSX, useMemo } from "react";
import { formatCount } from "../../ui/format/count.ts";
import { Swatch } from "../../ui/value.tsx";
import type { Hover } from "./graph-canvas.tsx";
import type { GraphPicture } from "./graph-elements.ts";
import { type Lights, lightText } from "./graph-lights.ts";

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
