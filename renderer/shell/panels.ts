import { bookmarksPanel } from "../panels/bookmarks/index.ts";
import { deltasPanel } from "../panels/deltas/index.ts";
import { eventsPanel } from "../panels/events/index.ts";
import { gpuPanel } from "../panels/gpu/index.ts";
import { graphPanel } from "../panels/graph/index.ts";
import { overviewPanel } from "../panels/overview/index.ts";
import { pagePanel } from "../panels/page/index.ts";
import { timelinePanel } from "../panels/timeline/index.ts";
import type { Titles } from "./layout.ts";
import type { PanelDefinition } from "./panel-definition.ts";

/** Every panel, in the order of its shortcut (Alt+1 …). */
export const PANELS: readonly PanelDefinition[] = [
  timelinePanel,
  deltasPanel,
  pagePanel,
  graphPanel,
  eventsPanel,
  overviewPanel,
  bookmarksPanel,
  gpuPanel,
];

export const PANEL_TITLES: Titles = Object.fromEntries(PANELS.map(({ id, title }) => [id, title]));
