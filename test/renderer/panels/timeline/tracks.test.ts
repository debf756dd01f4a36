import { expect, it } from "vitest";
import { LANE_PX, layoutTracks, trackAt, trackOf } from "../../../../renderer/panels/timeline/tracks.ts";

it("places the tracks below one another, without overlap, and gives the pages what is left", () => {
  const tracks = layoutTracks(400, [], 2);
  for (let at = 1; at < tracks.length; at++)
    expect(tracks[at]!.top).toBeGreaterThanOrEqual(tracks[at - 1]!.top + tracks[at - 1]!.height);
  const pages = trackOf(tracks, "pages")!;
  expect(pages.top + pages.height).toBe(400);
});

it("leaves out what a person hid, and events where there are none", () => {
  const ids = layoutTracks(400, ["bookmarks"], 0).map(({ id }) => id);
  expect(ids).not.toContain("bookmarks");
  expect(ids).not.toContain("events");
});

it("always shows some pages, however low the panel is", () => {
  expect(trackOf(layoutTracks(20, [], 8), "pages")!.height).toBeGreaterThanOrEqual(3 * LANE_PX);
});

it("knows which track lies under a point", () => {
  const tracks = layoutTracks(400, [], 1);
  const events = trackOf(tracks, "events")!;
  expect(trackAt(tracks, events.top + 1)?.id).toBe("events");
  expect(trackAt(tracks, -5)).toBeUndefined();
});
