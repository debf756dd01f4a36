import { expect, test } from "vitest";
import type { Palette } from "../../../../renderer/canvas/colours.ts";
import type { DrawContext } from "../../../../renderer/canvas/use-canvas.ts";
import type { TimelineAxis } from "../../../../renderer/panels/timeline/axis.ts";
import { drawRuler } from "../../../../renderer/panels/timeline/draw-ruler.ts";

const CHARACTER_PX = 6;

test("a label that would be cut off at the right edge is left out, all others are there", () => {
  const axis = { kind: "lsn" } as TimelineAxis;
  for (const widthPx of [600, 811, 1297, 1720]) {
    for (let last = 18_001; last < 18_600; last += 7) {
      const drawn: { text: string; end: number }[] = [];
      const ticks: number[] = [];
      const context = {
        measureText: (text: string) => ({ width: text.length * CHARACTER_PX }),
        fillRect: (x: number) => ticks.push(x),
        fillText: (text: string, x: number) => drawn.push({ text, end: x + text.length * CHARACTER_PX }),
      } as unknown as DrawContext;
      drawRuler(context, axis, { span: { from: 1, to: last }, widthPx }, {} as Palette, 0);
      expect(drawn.filter(({ end }) => end > widthPx)).toEqual([]);
      expect(drawn.length).toBeGreaterThanOrEqual(ticks.length - 1);
    }
  }
});
