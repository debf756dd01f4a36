import type { DependencyGraph } from "../dependency-graph.ts";
import type { ModuleExport } from "../module-function.ts";
import type { JobBoard } from "./job-board.ts";

/** What workers see of the pages and the graph: views of the shared columns. They read, and write nothing. */
export interface WorkerMemory {
  readonly arenas: readonly Uint8Array[];
  readonly idLo: Uint32Array;
  readonly idHi: Uint32Array;
  readonly size: Uint32Array;
  readonly arena: Uint16Array;
  readonly arenaOffset: Uint32Array;
  readonly state: Uint8Array;
  readonly place: Uint32Array;
  readonly inputStart: Uint32Array;
  readonly inputCount: Uint32Array;
  readonly pool: Uint32Array;
}

export function memoryOf({ table, state, place, incoming }: DependencyGraph): WorkerMemory {
  const { idLo, idHi, size, arena, arenaOffset } = table;
  const { start: inputStart, count: inputCount, pool } = incoming;
  const arenas = [...table.spans.arenas];
  return { arenas, idLo, idHi, size, arena, arenaOffset, state, place, inputStart, inputCount, pool };
}

/** Whether every view is the same one: each growth makes a new one. */
export function isSameMemory(a: WorkerMemory, b: WorkerMemory): boolean {
  for (const name of Object.keys(a) as (keyof WorkerMemory)[])
    if (name !== "arenas" && a[name] !== b[name]) return false;
  return a.arenas.length === b.arenas.length && a.arenas.every((bytes, i) => bytes === b.arenas[i]);
}

/** A function that workers may be asked for, by its number in the registry. */
export interface WorkerFunction extends ModuleExport {
  readonly number: number;
  readonly name: string;
  readonly discover: boolean;
}

/** What a worker is told before a round, as far as it has changed. */
export interface Briefing {
  readonly memory?: WorkerMemory;
  readonly board?: JobBoard;
  readonly functions?: readonly WorkerFunction[];
}
