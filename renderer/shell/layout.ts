import type { DockviewApi, SerializedDockview } from "dockview-react";
import type { PanelId } from "./panel-definition.ts";

const LAYOUT_KEY = "mmsb.layout.v1";

type Place =
  | { readonly beside: PanelId; readonly direction: "left" | "right" | "below" | "within" }
  | undefined;

export interface PlacedPanel {
  readonly id: PanelId;
  readonly place: Place;
  /** Shares of the dock's size. */
  readonly width?: number;
  readonly height?: number;
  /** It stands behind the panel it was placed with. */
  readonly behind?: boolean;
}

/** Time above; what happened, what it did to a page, and what hangs on it below. */
const WIDE: readonly PlacedPanel[] = [
  { id: "timeline", place: undefined },
  { id: "deltas", place: { beside: "timeline", direction: "below" }, height: 0.6 },
  { id: "page", place: { beside: "deltas", direction: "right" }, width: 0.67 },
  { id: "graph", place: { beside: "page", direction: "right" }, width: 0.29 },
  { id: "events", place: { beside: "deltas", direction: "within" }, behind: true },
  { id: "bookmarks", place: { beside: "deltas", direction: "within" }, behind: true },
  { id: "overview", place: { beside: "graph", direction: "within" }, behind: true },
  { id: "gpu", place: { beside: "graph", direction: "within" }, behind: true },
];

const MEDIUM: readonly PlacedPanel[] = [
  { id: "timeline", place: undefined },
  { id: "deltas", place: { beside: "timeline", direction: "below" }, height: 0.6 },
  { id: "page", place: { beside: "deltas", direction: "right" }, width: 0.545 },
  { id: "events", place: { beside: "deltas", direction: "within" }, behind: true },
  { id: "bookmarks", place: { beside: "deltas", direction: "within" }, behind: true },
  { id: "graph", place: { beside: "page", direction: "within" }, behind: true },
  { id: "overview", place: { beside: "page", direction: "within" }, behind: true },
  { id: "gpu", place: { beside: "page", direction: "within" }, behind: true },
];

const NARROW: readonly PlacedPanel[] = [
  { id: "timeline", place: undefined },
  { id: "page", place: { beside: "timeline", direction: "below" }, height: 0.64 },
  { id: "deltas", place: { beside: "page", direction: "within" }, behind: true },
  { id: "events", place: { beside: "page", direction: "within" }, behind: true },
  { id: "graph", place: { beside: "page", direction: "within" }, behind: true },
  { id: "overview", place: { beside: "page", direction: "within" }, behind: true },
  { id: "bookmarks", place: { beside: "page", direction: "within" }, behind: true },
  { id: "gpu", place: { beside: "page", direction: "within" }, behind: true },
];

/** A row of sixteen bytes takes 540 px and the scroll bar; a table of deltas takes 440 px, and 620 to show all of its columns. */
const NARROW_PX = 960;
const WIDE_PX = 1560;

function defaultLayout(widthPx: number): readonly PlacedPanel[] {
  if (widthPx < NARROW_PX) return NARROW;
  return widthPx < WIDE_PX ? MEDIUM : WIDE;
}

/** The panels that there are. */
export type Titles = Readonly<Partial<Record<PanelId, string>>>;

export function applyDefaultLayout(api: DockviewApi, titles: Titles): void {
  api.clear();
  const { width, height } = api;
  for (const panel of placesFor(defaultLayout(width), titles)) {
    api.addPanel({
      id: panel.id,
      component: panel.id,
      title: titles[panel.id] ?? panel.id,
      ...(panel.place !== undefined && {
        position: { referencePanel: panel.place.beside, direction: panel.place.direction },
      }),
      ...(panel.width !== undefined && { initialWidth: Math.round(width * panel.width) }),
      ...(panel.height !== undefined && { initialHeight: Math.round(height * panel.height) }),
      inactive: panel.behind === true,
    });
  }
}

/**
 * The places of the panels that there are. One that was to stand beside a panel that is not there stands where that one would have stood;
 * its share of the space was meant for other company and is left to the dock.
 */
export function placesFor(layout: readonly PlacedPanel[], titles: Titles): PlacedPanel[] {
  const isThere = (id: PanelId) => Object.hasOwn(titles, id);
  return layout
    .filter(({ id }) => isThere(id))
    .map((panel) => {
      let place = panel.place;
      while (place !== undefined && !isThere(place.beside)) {
        const { beside } = place;
        place = layout.find(({ id }) => id === beside)?.place;
      }
      return place === panel.place ? panel : { id: panel.id, place };
    });
}

/** Brings a panel to the front; opens it where a person would look for it if it was closed. */
export function showPanel(api: DockviewApi, id: PanelId, titles: Titles): void {
  const open = api.getPanel(id);
  if (open !== undefined) {
    open.api.setActive();
    return;
  }
  const place = defaultLayout(api.width).find((panel) => panel.id === id)?.place;
  const beside = place === undefined ? undefined : api.getPanel(place.beside);
  api.addPanel({
    id,
    component: id,
    title: titles[id] ?? id,
    ...(beside !== undefined && place !== undefined
      ? { position: { referencePanel: beside.id, direction: place.direction } }
      : api.totalPanels > 0 && { position: { direction: id === "timeline" ? "above" : "right" } }),
  });
}

type Node = SerializedDockview["grid"]["root"];

/** A saved layout without the panels that this window does not know: the others stay where they were. `undefined` where none is left. */
export function withoutUnknown(saved: SerializedDockview, known: Titles): SerializedDockview | undefined {
  const isKnown = (id: string) => Object.hasOwn(known, id);
  const panels = Object.entries(saved.panels).filter(([id]) => isKnown(id));
  if (panels.length === Object.keys(saved.panels).length) return saved;
  const prune = (node: Node): Node | undefined => {
    if (Array.isArray(node.data)) {
      const children = node.data.map(prune).filter((child) => child !== undefined);
      return children.length === 0 ? undefined : { ...node, data: children };
    }
    if (!("views" in node.data)) return undefined;
    const { activeView, ...group } = node.data;
    const views = group.views.filter(isKnown);
    if (views.length === 0) return undefined;
    const shown = activeView !== undefined && isKnown(activeView) ? activeView : views[0]!;
    return { ...node, data: { ...group, views, activeView: shown } };
  };
  const root = prune(saved.grid.root);
  if (root === undefined) return undefined;
  // The active group may have been one that is gone: the dock chooses another.
  return { grid: { ...saved.grid, root }, panels: Object.fromEntries(panels) };
}

/** False where nothing was saved, or where a later version saved something that this one cannot read. */
export function restoreLayout(api: DockviewApi, known: Titles): boolean {
  const text = localStorage.getItem(LAYOUT_KEY);
  if (text === null) return false;
  try {
    const saved = withoutUnknown(JSON.parse(text) as SerializedDockview, known);
    if (saved === undefined) return false;
    api.fromJSON(saved);
    return api.totalPanels > 0;
  } catch {
    api.clear();
    return false;
  }
}

export function saveLayout(api: DockviewApi): void {
  localStorage.setItem(LAYOUT_KEY, JSON.stringify(api.toJSON()));
}

export function forgetLayout(): void {
  localStorage.removeItem(LAYOUT_KEY);
}
