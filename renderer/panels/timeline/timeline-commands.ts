import type { Studio } from "../../client/studio.ts";
import type { Command } from "../../shell/commands/command.ts";
import { usePreferences } from "../../state/preferences-store.ts";
import { useTimeline } from "../../state/timeline-store.ts";
import { panBy, zoomBy } from "./view-actions.ts";

const ZOOM = 1.5;
const PAN_SHARE = 0.15;

export function timelineCommands(studio: Studio): Command[] {
  const isEnabled = () => studio.session.snapshot().recording !== undefined;
  const hasArea = () => isEnabled() && useTimeline.getState().area !== undefined;
  const command = (id: string, title: string, shortcuts: string[], run: () => void): Command => ({
    id: `timeline.${id}`,
    title,
    category: "Timeline",
    shortcuts,
    isEnabled,
    run,
  });
  return [
    command("zoom-in", "Zoom in", ["W"], () => zoomBy(studio, ZOOM)),
    command("zoom-out", "Zoom out", ["S"], () => zoomBy(studio, 1 / ZOOM)),
    command("pan-left", "Pan left", ["A"], () => panBy(studio, -PAN_SHARE)),
    command("pan-right", "Pan right", ["D"], () => panBy(studio, PAN_SHARE)),
    command("whole", "Show the whole recording", ["0"], () => useTimeline.getState().setView(undefined)),
    {
      id: "timeline.zoom-area",
      title: "Zoom to the marked area",
      category: "Timeline",
      shortcuts: ["Z"],
      isEnabled: hasArea,
      run: zoomToArea,
    },
    {
      id: "timeline.clear-area",
      title: "Unmark the area",
      category: "Timeline",
      shortcuts: ["Escape"],
      isEnabled: hasArea,
      run: () => useTimeline.getState().setArea(undefined),
    },
  ];
}

/** The area is kept in LSNs: on the time axis the view goes over to LSNs, where it is exact. */
export function zoomToArea(): void {
  const { area, setView } = useTimeline.getState();
  if (area === undefined) return;
  usePreferences.getState().set({ axis: "lsn" });
  // After the panel took over the new axis, which resets its view.
  requestAnimationFrame(() => setView(area));
}
