import { utf8Encode } from "../../base/bytes.ts";
import { Prng } from "../../base/prng.ts";
import { ok, unwrap } from "../../base/result.ts";
import type { Session } from "../session.ts";
import { mark } from "./demo-mark.ts";

/**
 * Conway's Game of Life on a torus, cut into tiles. Each tile is a page of one byte a cell; a generation is one transaction that writes
 * the cells that changed. Two pages are derived from the tiles: how many cells live in each, and a heat map of where cells changed lately.
 */
export const LIFE_STEPS = 240;

const TILE = 32;
const ACROSS = 4;
const SIDE = TILE * ACROSS;
const TILES = ACROSS * ACROSS;
/** The heat map has one byte for a square of this many cells a side. */
const HEAT_CELLS = 4;
const HEAT_SIDE = SIDE / HEAT_CELLS;
/** A change warms its square by this much; each generation a square loses an eighth, rounded up. */
const WARMTH = 8;
const MARK_EVERY = 60;
/** Seeds differ between the grid and the recording's name. */
const GRID_SEED = 0x11fe;

export function life(session: Session, seed: number): (session: Session, step: number) => void {
  const pages = createPages(session);
  let cells = firstCells(seed);
  let next: Uint8Array = new Uint8Array(cells.length);
  const heat = new Uint8Array(HEAT_SIDE * HEAT_SIDE);
  unwrap(
    session.transaction((beginLsn) => {
      const lastLsn = writeTiles(session, pages.tiles, cells, beginLsn, "seed");
      writeCounts(session, pages.population, cells, 0, lastLsn);
      return ok();
    }),
  );
  mark(session, "the first generation", session.lastLsn);

  return (_session, step) => {
    evolve(cells, next);
    warm(heat, cells, next);
    [cells, next] = [next, cells];
    let living = 0;
    unwrap(
      session.transaction((beginLsn) => {
        const lastLsn = writeTiles(session, pages.tiles, cells, beginLsn, "step");
        living = writeCounts(session, pages.population, cells, step, lastLsn);
        unwrap(session.writeImage(pages.heat, heat, { source: "life.heat", cause: lastLsn, derived: true }));
        return ok();
      }),
    );
    if (step % MARK_EVERY === 0) mark(session, `generation ${step}: ${living} cells live`, session.lastLsn);
  };
}

interface LifePages {
  readonly tiles: readonly bigint[];
  readonly population: bigint;
  readonly heat: bigint;
}

function createPages(session: Session): LifePages {
  return unwrap(
    session.transaction(() => {
      const tiles: bigint[] = [];
      for (let tile = 0; tile < TILES; tile++) {
        tiles.push(
          unwrap(
            session.createPage({
              type: "life.tile",
              sizeBytes: TILE * TILE,
              schema: { fields: [{ name: "cells", type: "bool", offset: 0, shape: [TILE, TILE] }] },
              metadata: new Map([
                ["column", utf8Encode(String(tile % ACROSS))],
                ["row", utf8Encode(String(Math.floor(tile / ACROSS)))],
              ]),
            }),
          ),
        );
      }
      const population = unwrap(
        session.createPage({
          type: "life.population",
          sizeBytes: 8 + 4 * TILES,
          schema: {
            fields: [
              { name: "generation", type: "u32", offset: 0, shape: [] },
              { name: "total", type: "u32", offset: 4, shape: [] },
              { name: "tiles", type: "u32", offset: 8, shape: [ACROSS, ACROSS] },
            ],
          },
        }),
      );
      const heat = unwrap(
        session.createPage({
          type: "life.heat",
          sizeBytes: HEAT_SIDE * HEAT_SIDE,
          schema: { fields: [{ name: "heat", type: "u8", offset: 0, shape: [HEAT_SIDE, HEAT_SIDE] }] },
        }),
      );
      for (const from of tiles) {
        unwrap(session.addEdge({ from, to: population, type: "data" }));
        unwrap(session.addEdge({ from, to: heat, type: "data" }));
      }
      return ok({ tiles, population, heat });
    }),
  );
}

/** A third of the cells live. */
function firstCells(seed: number): Uint8Array {
  const prng = new Prng(seed ^ GRID_SEED);
  return Uint8Array.from({ length: SIDE * SIDE }, () => (prng.below(3) === 0 ? 1 : 0));
}

function evolve(cells: Uint8Array, next: Uint8Array): void {
  for (let y = 0; y < SIDE; y++) {
    const above = ((y + SIDE - 1) % SIDE) * SIDE;
    const here = y * SIDE;
    const below = ((y + 1) % SIDE) * SIDE;
    for (let x = 0; x < SIDE; x++) {
      const left = (x + SIDE - 1) % SIDE;
      const right = (x + 1) % SIDE;
      const neighbours =
        cells[above + left]! +
        cells[above + x]! +
        cells[above + right]! +
        cells[here + left]! +
        cells[here + right]! +
        cells[below + left]! +
        cells[below + x]! +
        cells[below + right]!;
      next[here + x] = neighbours === 3 || (neighbours === 2 && cells[here + x] === 1) ? 1 : 0;
    }
  }
}

function warm(heat: Uint8Array, before: Uint8Array, after: Uint8Array): void {
  for (let i = 0; i < heat.length; i++) heat[i] = heat[i]! - Math.ceil(heat[i]! / 8);
  for (let i = 0; i < before.length; i++) {
    if (before[i] === after[i]) continue;
    const square =
      Math.floor(Math.floor(i / SIDE) / HEAT_CELLS) * HEAT_SIDE + Math.floor((i % SIDE) / HEAT_CELLS);
    heat[square] = Math.min(255, heat[square]! + WARMTH);
  }
}

/** One delta for each tile with a changed cell; returns the LSN of the last one. */
function writeTiles(
  session: Session,
  tiles: readonly bigint[],
  cells: Uint8Array,
  cause: number,
  rule: string,
): number {
  const image = new Uint8Array(TILE * TILE);
  let lastLsn = cause;
  for (const [tile, id] of tiles.entries()) {
    const origin = Math.floor(tile / ACROSS) * TILE * SIDE + (tile % ACROSS) * TILE;
    for (let row = 0; row < TILE; row++) {
      const at = origin + row * SIDE;
      image.set(cells.subarray(at, at + TILE), row * TILE);
    }
    const lsn = unwrap(session.writeImage(id, image, { source: "life.step", cause, metadata: { rule } }));
    if (lsn > 0) lastLsn = lsn;
  }
  return lastLsn;
}

/** Returns how many cells live. */
function writeCounts(
  session: Session,
  id: bigint,
  cells: Uint8Array,
  generation: number,
  cause: number,
): number {
  const counts = new Uint32Array(TILES);
  for (let i = 0; i < cells.length; i++) {
    const tile = Math.floor(i / (SIDE * TILE)) * ACROSS + Math.floor((i % SIDE) / TILE);
    counts[tile]! += cells[i]!;
  }
  const total = counts.reduce((sum, count) => sum + count, 0);
  const image = new Uint8Array(8 + 4 * TILES);
  const view = new DataView(image.buffer);
  view.setUint32(0, generation, true);
  view.setUint32(4, total, true);
  for (const [tile, count] of counts.entries()) view.setUint32(8 + 4 * tile, count, true);
  unwrap(session.writeImage(id, image, { source: "life.population", cause, derived: true }));
  return total;
}
