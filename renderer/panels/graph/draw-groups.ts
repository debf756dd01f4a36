import type { Core } from "cytoscape";
import type { Palette } from "../../canvas/colours.ts";
import { shortenEnd } from "../../ui/format/ids.ts";
import type { GraphNode, GraphPicture } from "./graph-elements.ts";
import type { Lights } from "./graph-lights.ts";
import { mixed, NEAR_SHARES, TOUCHED_SHARE } from "./graph-style.ts";

const FONT_PX = 11.5;
const LEAST_FONT_PX = 7;
const LINE = 1.3;
/** Letters of the interface's font are about half as wide as high. */
const LETTER = 0.55;
/** Names of so many letters are shown whole, if need be in smaller letters; longer ones are cut. All of a size are alike. */
const USUAL_LETTERS = 11;

/** The names as they were drawn last. Lights change with the cursor, names only with the picture and how it is looked at. */
interface Names {
  readonly bitmap: OffscreenCanvas;
  readonly picture: GraphPicture;
  readonly palette: Palette;
  readonly view: string;
}
const drawnNames = new WeakMap<HTMLCanvasElement, Names>();

/**
 * What changes about groups, over cytoscape's picture of them: their names, at the same size on the screen whatever the zoom, and their
 * lights. cytoscape would make both anew as textures with every step of the zoom and of the cursor, which takes it 100 ms for 54 groups.
 */
export function drawGroups(
  canvas: HTMLCanvasElement,
  cy: Core,
  picture: GraphPicture,
  lights: Lights,
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
  if (width === 0 || height === 0) return;
  drawLights(context, cy, picture, lights, palette);
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.drawImage(namesOf(canvas, cy, picture, palette), 0, 0);
}

function namesOf(
  canvas: HTMLCanvasElement,
  cy: Core,
  picture: GraphPicture,
  palette: Palette,
): OffscreenCanvas {
  const { width, height } = canvas;
  const { x, y } = cy.pan();
  const view = `${cy.zoom()} ${x} ${y} ${width} ${height}`;
  const known = drawnNames.get(canvas);
  if (known?.picture === picture && known.palette === palette && known.view === view) return known.bitmap;
  const bitmap = known?.bitmap ?? new OffscreenCanvas(width, height);
  if (bitmap.width !== width || bitmap.height !== height) {
    bitmap.width = width;
    bitmap.height = height;
  }
  const context = bitmap.getContext("2d")!;
  const ratio = window.devicePixelRatio;
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  drawNames(context, cy, picture, palette);
  drawnNames.set(canvas, { bitmap, picture, palette, view });
  return bitmap;
}

function drawNames(
  context: OffscreenCanvasRenderingContext2D,
  cy: Core,
  picture: GraphPicture,
  palette: Palette,
): void {
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
    const fits = Math.min(FONT_PX, high / (lines.length * LINE + 0.4));
    if (fits < LEAST_FONT_PX) continue;
    const font = Math.max(LEAST_FONT_PX, Math.min(fits, (wide * 0.94) / (USUAL_LETTERS * LETTER)));
    const letters = Math.floor((wide * 0.94) / (font * LETTER));
    context.font = `500 ${font}px ${palette.fontUi}`;
    if (node.kind === "frame") {
      context.fillStyle = palette.categories[node.slot] ?? palette.text;
      context.fillText(shortenEnd(lines[0]!, letters), x, y - high / 2 + Math.min(font * 1.1, high / 2));
      continue;
    }
    context.fillStyle = palette.text;
    for (const [line, text] of lines.entries())
      context.fillText(shortenEnd(text, letters), x, y + (line - (lines.length - 1) / 2) * font * LINE);
  }
}

/** Lit ways between groups, and over them the groups that are lit. */
function drawLights(
  context: CanvasRenderingContext2D,
  cy: Core,
  { nodes, edges }: GraphPicture,
  lights: Lights,
  palette: Palette,
): void {
  const zoom = cy.zoom();
  const pan = cy.pan();
  context.lineJoin = "round";
  context.lineWidth = 1.25;
  context.strokeStyle = palette.accent;
  context.beginPath();
  for (const id of lights.keys()) {
    const edge = edges.get(id);
    const from = edge && nodes.get(edge.source);
    const to = edge && nodes.get(edge.target);
    // One that ends at a frame would run over the pages inside.
    if (from?.kind !== "cluster" || to?.kind !== "cluster") continue;
    context.moveTo(from.x * zoom + pan.x, from.y * zoom + pan.y);
    context.lineTo(to.x * zoom + pan.x, to.y * zoom + pan.y);
  }
  context.stroke();
  for (const [id, classes] of lights) {
    const node = nodes.get(id);
    if (node?.kind !== "cluster") continue;
    const look = groupLook(classes, palette);
    const { left, top, width, height } = onScreen(node, zoom, pan);
    context.beginPath();
    context.roundRect(left, top, width, height, Math.min(6, height / 8));
    context.fillStyle = look.fill;
    context.fill();
    context.lineWidth = 2.5;
    context.strokeStyle = look.line;
    context.setLineDash(look.isDashed ? [5, 4] : []);
    context.stroke();
  }
  context.setLineDash([]);
}

/** As graph-style.ts has it for pages. */
function groupLook(classes: string, palette: Palette) {
  const ground = palette["bg-panel"];
  if (classes.includes("failed"))
    return { fill: mixed(palette.danger, ground, 0.24), line: palette.danger, isDashed: false };
  if (classes.includes("touched"))
    return { fill: mixed(palette.playhead, ground, TOUCHED_SHARE), line: palette.playhead, isDashed: false };
  if (classes.includes("unwritten")) return { fill: ground, line: palette.accent, isDashed: true };
  const near = Number(/near-(\d)/.exec(classes)?.[1] ?? NEAR_SHARES.length);
  const share = NEAR_SHARES[near - 1] ?? NEAR_SHARES[0]!;
  return { fill: mixed(palette.accent, ground, share), line: palette.accent, isDashed: false };
}

function onScreen({ x, y, width, height }: GraphNode, zoom: number, pan: { x: number; y: number }) {
  return {
    left: (x - width / 2) * zoom + pan.x,
    top: (y - height / 2) * zoom + pan.y,
    width: width * zoom,
    height: height * zoom,
  };
}
