import type { JSX } from "react";
import { Swatch } from "../../ui/value.tsx";
import type { HoverInfo } from "./hover.ts";

const CARD_PX = 250;

/** Follows the pointer; turns to its left where the right has no room. What it says can be read elsewhere too. */
export function HoverCard({
  info,
  x,
  y,
  widthPx,
}: {
  info: HoverInfo;
  x: number;
  y: number;
  widthPx: number;
}): JSX.Element {
  const left = x + 14 + CARD_PX > widthPx ? Math.max(0, x - 14 - CARD_PX) : x + 14;
  return (
    <div className="timeline__card" style={{ left, top: y + 14, width: CARD_PX }} aria-hidden="true">
      <div className="timeline__card-title num">{info.title}</div>
      {info.facts.map((fact) => (
        <div key={fact.text} className="timeline__card-fact">
          {fact.slot !== undefined && <Swatch slot={fact.slot} />}
          <span className="truncate">{fact.text}</span>
          {fact.value !== undefined && <span className="num timeline__card-value">{fact.value}</span>}
        </div>
      ))}
    </div>
  );
}
