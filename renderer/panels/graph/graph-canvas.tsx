// biome-ignore-all lint/a11y/noNoninteractiveTabindex: an application takes the keyboard as a whole
import cytoscape, { type Core } from "cytoscape";
import { type JSX, type KeyboardEvent, useEffect, useRef, useState } from "react";
import { usePalette } from "../../canvas/colours.ts";
import { drawGroups } from "./draw-groups.ts";
import { applyLights, applyPicture, applyZoom } from "./graph-draw.ts";
import { type GraphNode, type GraphPicture, NO_PICTURE } from "./graph-elements.ts";
import type { Lights } from "./graph-lights.ts";
import { type GraphAction, useGraphView } from "./graph-store.ts";
import { graphStyle } from "./graph-style.ts";
import { type Arrow, nearestNode } from "./nearest-node.ts";

const FIT_PADDING_PX = 24;
/** Nothing is drawn larger than this by itself: two pages alone would fill the panel. */
const FIT_MOST_ZOOM = 1.4;
const MOST_ZOOM = 4;
const LEAST_ZOOM = 0.002;
const ZOOM_STEP = 1.35;
const MOVE_MS = 220;
/** Lines get their width on the screen back when zooming rests: to restyle them in every frame would cost the frame. */
const ZOOM_REST_MS = 120;
/** Nodes and edges that a canvas draws within a frame: 1,000 take some 15 ms. */
const MOST_SHARP_ELEMENTS = 1000;
const NO_LIGHTS: Lights = new Map();

export interface Hover {
  readonly node: GraphNode;
  readonly x: number;
  readonly y: number;
}

interface GraphCanvasProps {
  readonly picture: GraphPicture;
  readonly lights: Lights;
  /** The LSN that the lights are about. */
  readonly lsn: number | undefined;
  /** The element that is marked as selected; the keyboard goes on from there. */
  readonly selected: string | undefined;
  readonly label: string;
  readonly onPick: (node: GraphNode) => void;
  /** A double click, or Enter. */
  readonly onOpen: (node: GraphNode) => void;
  readonly onHover: (hover: Hover | undefined) => void;
}

/** The picture itself: cytoscape on canvases, changed by as little as needed. */
export function GraphCanvas(props: GraphCanvasProps): JSX.Element {
  const { picture, lights, selected, label } = props;
  const palette = usePalette();
  const holder = useRef<HTMLDivElement>(null);
  const [cy, setCy] = useState<Core>();
  const latest = useRef(props);
  latest.current = props;
  const drawn = useRef({ picture: NO_PICTURE, lights: NO_LIGHTS });
  /** A person moved the picture: it stays there until it is fitted again. */
  const isPlaced = useRef(false);
  /** Where a person left it, while the panel is out of sight. */
  const place = useRef<{ zoom: number; pan: { x: number; y: number } }>(undefined);
  const firstStyle = useRef(palette);
  const done = useRef(0);
  const labels = useRef<HTMLCanvasElement>(null);

  useEffect(() => {
    const container = holder.current;
    if (container === null) return;
    const made = cytoscape({
      container,
      style: graphStyle(firstStyle.current),
      layout: { name: "preset" },
      minZoom: LEAST_ZOOM,
      maxZoom: MOST_ZOOM,
      boxSelectionEnabled: false,
      autounselectify: true,
      autoungrabify: true,
      pixelRatio: "auto",
    });
    drawn.current = { picture: NO_PICTURE, lights: NO_LIGHTS };
    isPlaced.current = place.current !== undefined;
    if (place.current !== undefined) made.viewport(place.current);
    setCy(made);
    const forget = listen(made, latest, () => {
      isPlaced.current = true;
    });
    const observer = new ResizeObserver(() => {
      made.resize();
      if (!isPlaced.current) fitAll(made, drawn.current.picture);
    });
    observer.observe(container);
    return () => {
      observer.disconnect();
      forget();
      place.current = isPlaced.current ? { zoom: made.zoom(), pan: { ...made.pan() } } : undefined;
      made.destroy();
      setCy(undefined);
    };
  }, []);

  useEffect(() => {
    cy?.style(graphStyle(palette));
  }, [cy, palette]);

  useEffect(() => {
    const canvas = labels.current;
    if (cy === undefined || canvas === null) return;
    const draw = () => drawGroups(canvas, cy, drawn.current.picture, drawn.current.lights, palette);
    cy.on("render", draw);
    draw();
    return () => {
      cy.off("render", draw);
    };
  }, [cy, palette]);

  useEffect(() => {
    if (cy === undefined) return;
    const before = drawn.current.picture;
    drawn.current.picture = picture;
    if (applyPicture(cy, before, picture)) {
      drawn.current.lights = NO_LIGHTS;
      cy.elements(".touched, .lit").removeClass(
        "touched lit near-1 near-2 near-3 unwritten cut-off failed blocked",
      );
      moveAsBitmap(cy, picture);
      if (!isPlaced.current) fitAll(cy, picture);
      markDrawn(cy, holder.current, picture);
    }
  }, [cy, picture]);

  useEffect(() => {
    if (cy === undefined) return;
    applyLights(cy, drawn.current.lights, lights);
    drawn.current.lights = lights;
    if (labels.current !== null) drawGroups(labels.current, cy, picture, lights, palette);
  }, [cy, lights, picture, palette]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: the element may come with the picture
  useEffect(() => {
    if (cy === undefined || selected === undefined) return;
    const element = cy.getElementById(selected);
    if (element.empty()) return;
    element.addClass("selected");
    return () => {
      if (!cy.destroyed()) element.removeClass("selected");
    };
  }, [cy, selected, picture]);

  const action = useGraphView((state) => state.action);
  useEffect(() => {
    if (cy === undefined || action === undefined || action.id === done.current) return;
    if (!isPossible(action.what, picture)) return;
    done.current = action.id;
    isPlaced.current = action.what !== "fit";
    perform(cy, picture, action.what);
  }, [cy, action, picture]);

  const onKeyDown = (event: KeyboardEvent) => {
    if (cy === undefined || event.ctrlKey || event.altKey || event.metaKey) return;
    const current = selected === undefined ? undefined : picture.nodes.get(selected);
    if (event.key === "Enter" && current !== undefined) props.onOpen(current);
    else if (event.key.startsWith("Arrow")) {
      const { x1, y1, x2, y2 } = cy.extent();
      const from = current ?? { x: (x1 + x2) / 2, y: (y1 + y2) / 2 };
      const next = nearestNode(picture.nodes.values(), from, event.key as Arrow);
      if (next === undefined) return;
      props.onPick(next);
      reveal(cy, next.id);
    } else return;
    event.preventDefault();
    event.stopPropagation();
  };

  return (
    <div
      className="graph__application"
      role="application"
      aria-label={label}
      tabIndex={0}
      data-autofocus
      onKeyDown={onKeyDown}
    >
      <div ref={holder} className="graph__canvas" data-lsn={props.lsn} />
      <canvas ref={labels} className="graph__labels" />
    </div>
  );
}

function listen(cy: Core, latest: { readonly current: GraphCanvasProps }, onMoved: () => void): () => void {
  const nodeOf = (id: string) => latest.current.picture.nodes.get(id);
  let rest: ReturnType<typeof setTimeout> | undefined;
  cy.on("onetap", "node", (event) => {
    const node = nodeOf(event.target.id());
    if (node !== undefined) latest.current.onPick(node);
  });
  cy.on("dbltap", "node", (event) => {
    const node = nodeOf(event.target.id());
    if (node !== undefined) latest.current.onOpen(node);
  });
  cy.on("mouseover", "node", (event) => {
    const node = nodeOf(event.target.id());
    if (node === undefined || node.kind === "frame") return;
    event.target.addClass("hovered");
    latest.current.onHover({ node, x: event.renderedPosition.x, y: event.renderedPosition.y });
  });
  cy.on("mouseout", "node", (event) => {
    event.target.removeClass("hovered");
    latest.current.onHover(undefined);
  });
  cy.on("dragpan pinchzoom scrollzoom", () => {
    onMoved();
    latest.current.onHover(undefined);
  });
  cy.on("zoom", () => {
    clearTimeout(rest);
    rest = setTimeout(() => applyZoom(cy, latest.current.picture), ZOOM_REST_MS);
  });
  return () => clearTimeout(rest);
}

function isPossible(action: GraphAction, picture: GraphPicture): boolean {
  if (typeof action === "string") return picture.nodes.size > 0;
  return picture.nodes.has("centre" in action ? `p${action.centre}` : `f${action.cluster}`);
}

function perform(cy: Core, picture: GraphPicture, action: GraphAction): void {
  if (action === "fit") fitAll(cy, picture);
  else if (typeof action === "object") {
    if ("centre" in action) centre(cy, `p${action.centre}`);
    else fill(cy, `f${action.cluster}`);
  } else {
    const level = cy.zoom() * (action === "zoom-in" ? ZOOM_STEP : 1 / ZOOM_STEP);
    cy.zoom({ level, renderedPosition: { x: cy.width() / 2, y: cy.height() / 2 } });
  }
}

function fitAll(cy: Core, picture: GraphPicture): void {
  if (picture.nodes.size === 0 || cy.width() === 0) return;
  cy.stop();
  cy.fit(undefined, FIT_PADDING_PX);
  if (cy.zoom() > FIT_MOST_ZOOM) {
    cy.zoom(FIT_MOST_ZOOM);
    cy.center();
  }
}

const lessMotion = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

/** One page in the middle, at a size at which it can be read. */
function centre(cy: Core, id: string): void {
  const element = cy.getElementById(id);
  const zoom = Math.max(cy.zoom(), 0.8);
  if (lessMotion()) {
    cy.zoom(zoom);
    cy.center(element);
  } else cy.animate({ center: { eles: element }, zoom }, { duration: MOVE_MS });
}

/** One opened cluster over the whole panel. */
function fill(cy: Core, id: string): void {
  const element = cy.getElementById(id);
  if (lessMotion()) cy.fit(element, FIT_PADDING_PX);
  else cy.animate({ fit: { eles: element, padding: FIT_PADDING_PX } }, { duration: MOVE_MS });
}

/** Moves by as little as needed to bring an element into sight. */
function reveal(cy: Core, id: string): void {
  const box = cy.getElementById(id).renderedBoundingBox({});
  const dx = box.x1 < 0 ? -box.x1 + FIT_PADDING_PX : Math.min(0, cy.width() - box.x2 - FIT_PADDING_PX);
  const dy = box.y1 < 0 ? -box.y1 + FIT_PADDING_PX : Math.min(0, cy.height() - box.y2 - FIT_PADDING_PX);
  if (dx !== 0 || dy !== 0) cy.panBy({ x: dx, y: dy });
}

/**
 * A large picture moves as one bitmap and is drawn anew when it rests; a small one is drawn in every frame and stays sharp. cytoscape reads
 * this option for each frame, but has no public way to change it.
 */
function moveAsBitmap(cy: Core, picture: GraphPicture): void {
  const { renderer } = cy as unknown as { renderer?: () => { textureOnViewport: boolean } };
  if (renderer !== undefined)
    renderer.call(cy).textureOnViewport = picture.nodes.size + picture.edges.size > MOST_SHARP_ELEMENTS;
}

/** Says in the page when the picture stands: for whoever waits for it or measures it. */
function markDrawn(cy: Core, holder: HTMLElement | null, picture: GraphPicture): void {
  cy.one("render", () => {
    if (holder !== null) holder.dataset["nodes"] = String(picture.nodes.size);
    performance.mark("graph-drawn");
  });
}
