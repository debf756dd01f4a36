import { describe, expect, it } from "vitest";
import { Prng } from "../../../../engine/base/prng.ts";
import { finish } from "../../../../engine/base/sliced.ts";
import { StandingEdges } from "../../../../engine/log/index/standing-edges.ts";
import { EdgeLives } from "../../../../engine/log/index/structure.ts";

type Key = [fromLo: number, fromHi: number, toLo: number, toHi: number, type: number];

describe("the edges that stand", () => {
  it("are those that were added and not removed, whatever the order", () => {
    const rng = new Prng(7);
    const lives = new EdgeLives();
    const table = new StandingEdges(lives);
    const oracle = new Map<string, number>();
    const draw = (): Key => [
      rng.below(40),
      rng.below(2),
      rng.below(40) * 2 ** 20,
      rng.below(2),
      rng.below(2),
    ];
    for (let step = 0; step < 20_000; step++) {
      const key = draw();
      const row = table.find(...key);
      expect(row).toBe(oracle.get(key.join()) ?? -1);
      if (row < 0) {
        const added = lives.begin(...key, step);
        table.insert(added);
        oracle.set(key.join(), added);
      } else if (rng.chance(0.7)) {
        table.remove(row);
        lives.untilLsn.data[row] = step;
        oracle.delete(key.join());
      }
    }
    const standing = [...oracle.values()].sort((a, b) => a - b);
    expect([...table.rows().sort()]).toEqual(standing);
    // a table made of what stands, as where an index is loaded
    const again = new StandingEdges(lives);
    finish(again.fill());
    expect([...again.rows().sort()]).toEqual(standing);
  });
});
