import { deltasPanel } from "../panels/deltas/index.ts";
import type { PanelDefinition, PanelId } from "./panel-definition.ts";

/** Every panel, in the order of its shortcut (Alt+1 …). */
export const PANELS: readonly PanelDefinition[] = [deltasPanel];

export const PANEL_TITLES = Object.fromEntries(PANELS.map(({ id, title }) => [id, title])) as Readonly<
  Record<PanelId, string>
>;
