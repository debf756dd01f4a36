import { expect, it } from "vitest";
import { LANE_PX, layoutTracks, trackAt, trackOf } from "../../../../renderer/panels/timeline/tracks.ts";

it("places the tracks below one another, without overlap, and gives the pages what is left", () => {
  const tracks = layoutTracks(400, [], { eventRows: 2, hasWaves: false, hasFailures: false, bookmarks: 1 });
  for (let at = 1; at < tracks.length; at++)
    expect(tracks[at]!.top).toBeGreaterThanOrEqual(tracks[at - 1]!.top + tracks[at - 1]!.height);
  const pages = trackOf(tracks, "pages")!;
  expect(pages.top + pages.height).toBe(400);
});

it("leaves out what a person hid, and events and bookmarks where there are none", () => {
  const ids = layoutTracks(400, ["transactions"], {
    eventRows: 0,
    hasWaves: false,
    hasFailures: false,
    bookmarks: 0,
  }).map(({ id }) => id);
  expect(ids).toEqual(["deltas", "marks", "pages"]);
});

it("shows waves where there are any", () => {
  const content = { eventRows: 1, hasWaves: true, hasFailures: false, bookmarks: 0 };
  expect(layoutTracks(400, [], content).map(({ id }) => id)).toEqual([
    "deltas",
    "transactions",
    "waves",
    "events",
    "marks",
    "pages",
  ]);
});

it("gives what went wrong a track of its own, where anything did", () => {
  const content = { eventRows: 0, hasWaves: false, hasFailures: true, bookmarks: 0 };
  expect(layoutTracks(400, [], content).map(({ id }) => id)).toEqual([
    "deltas",
    "transactions",
    "marks",
    "failures",
    "pages",
  ]);
});

it("always shows some pages, however low the panel is", () => {
  expect(
    trackOf(
      layoutTracks(20, [], { eventRows: 8, hasWaves: false, hasFailures: false, bookmarks: 3 }),
      "pages",
    )!.height,
  ).toBeGreaterThanOrEqual(3 * LANE_PX);
});

it("knows which track lies under a point", () => {
  const tracks = layoutTracks(400, [], { eventRows: 1, hasWaves: false, hasFailures: false, bookmarks: 0 });
  const events = trackOf(tracks, "events")!;
  expect(trackAt(tracks, events.top + 1)?.id).toBe("events");
  expect(trackAt(tracks, -5)).toBeUndefined();
});
