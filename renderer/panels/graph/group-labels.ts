import type { Core } from "cytoscape";
import type { Palette } from "../../canvas/colours.ts";
import type { GraphPicture } from "./graph-elements.ts";

const FONT_PX = 11.5;
const LEAST_FONT_PX = 7;
const LINE = 1.3;
/** Letters of the interface's font are about half as wide as high. */
const LETTER = 0.55;

/**
 * Names of groups over the picture, at the same size on the screen whatever the zoom. Drawn here and not by cytoscape, which would make
 * them anew as textures with every step of the zoom.
 */
export function drawGroupLabels(
  canvas: HTMLCanvasElement,
  cy: Core,
  picture: GraphPicture,
  palette: Palette,
): void {
  const context = canvas.getContext("2d");
  if (context === null) return;
  const ratio = window.devicePixelRatio;
  const width = Math.round(cy.width() * ratio);
  const height = Math.round(cy.height() * ratio);
  if (canvas.width !== width || canvas.height !== height) {
    canvas.width = width;
    canvas.height = height;
  }
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, cy.width(), cy.height());
  context.textAlign = "center";
  context.textBaseline = "middle";
  const zoom = cy.zoom();
  const pan = cy.pan();
  for (const node of picture.nodes.values()) {
    if (node.kind === "page") continue;
    const x = node.x * zoom + pan.x;
    const y = node.y * zoom + pan.y;
    const wide = node.width * zoom;
    const high = node.height * zoom;
    if (x + wide / 2 < 0 || x - wide / 2 > cy.width() || y + high / 2 < 0 || y - high / 2 > cy.height())
      continue;
    const lines = node.label.split("\n");
    const longest = lines.reduce((most, line) => Math.max(most, line.length), 1);
    const fits = Math.min(FONT_PX, high / (lines.length * LINE + 0.4), (wide * 0.94) / (longest * LETTER));
    const font = Math.max(LEAST_FONT_PX, fits);
    if (fits < LEAST_FONT_PX * 0.7) continue;
    context.font = `500 ${font}px ${palette.fontUi}`;
    if (node.kind === "frame") {
      context.fillStyle = palette.categories[node.slot] ?? palette.text;
      context.fillText(lines[0]!, x, y - high / 2 + Math.min(font * 1.1, high / 2), wide);
      continue;
    }
    context.fillStyle = palette.text;
    for (const [line, text] of lines.entries())
      context.fillText(text, x, y + (line - (lines.length - 1) / 2) * font * LINE, wide);
  }
}
