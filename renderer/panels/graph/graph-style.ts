import type { StylesheetJson } from "cytoscape";
import type { Palette } from "../../canvas/colours.ts";

/** How much of its light a page's ground takes on: touched, and one, two, or more dependencies away. */
export const TOUCHED_SHARE = 0.3;
export const NEAR_SHARES = [0.34, 0.24, 0.16] as const;

/** Everything about how the graph looks, from the tokens of the theme in force. */
export function graphStyle(palette: Palette): StylesheetJson {
  const categories = palette.categories.flatMap(
    (colour, slot): StylesheetJson => [
      {
        selector: `.cat-${slot}`,
        style: {
          "background-color": mixed(colour, palette["bg-panel"], 0.16),
          "border-color": mixed(colour, palette["bg-panel"], 0.75),
        },
      },
      {
        selector: `.frame.cat-${slot}`,
        style: { "background-color": mixed(colour, palette["bg-panel"], 0.05) },
      },
    ],
  );
  return [
    {
      selector: "core",
      style: {
        "active-bg-opacity": 0,
        "selection-box-opacity": 0,
        "outside-texture-bg-color": palette["bg-panel"],
        "outside-texture-bg-opacity": 1,
      } as never,
    },
    {
      selector: "node",
      style: {
        width: "data(width)",
        height: "data(height)",
        shape: "round-rectangle",
        "corner-radius": "6",
        "border-width": 1.5,
        "overlay-opacity": 0,
        "z-index": 4,
        "z-index-compare": "manual",
      },
    },
    {
      selector: ".page",
      style: {
        label: "data(label)",
        color: palette.text,
        "font-family": palette.fontUi,
        "font-size": 11,
        "text-wrap": "wrap",
        "text-max-width": "100px",
        "text-valign": "center",
        "text-halign": "center",
        "line-height": 1.25,
        "min-zoomed-font-size": 6,
      },
    },
    { selector: ".page.small", style: { label: "data(short)", "font-size": 18 } },
    {
      selector: ".cluster",
      style: { "border-width": "data(border)", "corner-radius": "data(radius)" },
    },
    {
      selector: ".frame",
      style: {
        "border-width": "data(border)",
        "corner-radius": "10",
        "z-index": 1,
        "z-index-compare": "manual",
      },
    },
    ...categories,
    {
      selector: "edge",
      style: {
        width: "data(width)",
        "line-color": palette.ghost,
        "curve-style": "straight",
        "target-arrow-shape": "triangle",
        "target-arrow-color": palette.ghost,
        "arrow-scale": 0.8,
        "overlay-opacity": 0,
        opacity: 0.7,
        "z-index": 2,
        "z-index-compare": "manual",
      },
    },
    // Between groups the way is clear from left to right; hundreds of arrows would cost more than they tell.
    {
      selector: "edge.between",
      style: {
        "curve-style": "haystack",
        "haystack-radius": 0,
        "target-arrow-shape": "none",
        opacity: 0.55,
        "z-index": 0,
      },
    },
    { selector: "edge.control", style: { "line-style": "dashed", "line-dash-pattern": [5, 4] } },
    {
      selector: "edge.lit",
      style: {
        "line-color": palette.accent,
        "target-arrow-color": palette.accent,
        opacity: 1,
        "z-index": 3,
      },
    },
    {
      selector: "node.lit",
      style: { "border-color": palette.accent, "border-width": "data(litBorder)" },
    },
    ...NEAR_SHARES.map((share, at) => ({
      selector: `.near-${at + 1}`,
      style: { "background-color": mixed(palette.accent, palette["bg-panel"], share) },
    })),
    {
      selector: ".unwritten",
      style: { "border-style": "dashed", "background-color": palette["bg-panel"] },
    },
    {
      selector: ".cut-off",
      style: { "border-style": "dotted", "background-color": mixed(palette.warn, palette["bg-panel"], 0.14) },
    },
    {
      selector: ".touched",
      style: {
        "border-color": palette.playhead,
        "border-width": "data(litBorder)",
        "background-color": mixed(palette.playhead, palette["bg-panel"], TOUCHED_SHARE),
      },
    },
    {
      selector: ".failed",
      style: {
        "border-color": palette.danger,
        "border-style": "double",
        "border-width": "data(failedBorder)",
        "background-color": mixed(palette.danger, palette["bg-panel"], 0.24),
      },
    },
    {
      selector: ".blocked",
      style: {
        "border-color": palette.danger,
        "border-style": "dashed",
        "border-width": "data(litBorder)",
        "background-color": mixed(palette.danger, palette["bg-panel"], 0.08),
      },
    },
    {
      selector: ".hovered",
      style: { "border-color": palette.text },
    },
    {
      selector: ".selected",
      style: {
        "outline-color": palette.focus,
        "outline-width": "data(outline)",
        "outline-offset": "data(outline)",
        "outline-opacity": 1,
      } as never,
    },
  ];
}

/** A colour laid thinly over a ground, as one that hides the edges behind it. */
export function mixed(colour: string, ground: string, share: number): string {
  const [r, g, b] = channels(colour);
  const [groundR, groundG, groundB] = channels(ground);
  const mix = (over: number, under: number) => Math.round(over * share + under * (1 - share));
  return `rgb(${mix(r, groundR)}, ${mix(g, groundG)}, ${mix(b, groundB)})`;
}

function channels(colour: string): [number, number, number] {
  const [r = 0, g = 0, b = 0] = (colour.match(/[\d.]+/g) ?? []).map(Number);
  return [r, g, b];
}
