import type { PageTable } from "../pages/page-table.ts";
import type { AdjacencyLists } from "./adjacency-lists.ts";

/** What of the pages a recompute looks at: columns in shared memory, so a worker has them too. */
export type ReadablePages = Pick<
  PageTable,
  "spans" | "size" | "arena" | "arenaOffset" | "idOf" | "slotOf" | "bytes"
>;

/** What of the graph a recompute looks at. */
export interface ReadableGraph {
  readonly table: ReadablePages;
  readonly incoming: Pick<AdjacencyLists, "pool">;
  readonly place: Uint32Array;
}
