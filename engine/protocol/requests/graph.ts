import { LIMITS } from "../limits.ts";
import { count, lsn, recordingHandle, u64 } from "../scalars.ts";
import { z } from "../zod.ts";
import { defineRequest } from "./define.ts";

/** Above this many pages a graph begins as clusters. */
export const CLUSTER_ABOVE_NODES = 2000;

/**
 * Pages and dependencies at an LSN. Positions come from one layout over everything the recording ever holds, so they do not move while
 * scrubbing. Progress phase `layout` the first time.
 *
 * Small graphs come as single pages. Larger ones come as clusters by page type; a cluster of more than `CLUSTER_ABOVE_NODES` pages is cut
 * into parts by level, so that opening one never brings more than that. Cluster ids are stable for a recording.
 */
export const viewGraph = defineRequest({
  params: z.strictObject({
    recording: recordingHandle,
    lsn,
    /** Clusters to show as their pages. */
    expanded: z.array(count).max(1000),
    /** Only this page and what is within `hops` of it (clusters play no part then). */
    focus: z
      .strictObject({
        page: u64,
        hops: z.int().min(0).max(64),
        direction: z.enum(["both", "upstream", "downstream"]),
      })
      .optional(),
    /** Also pages and edges that exist at other LSNs only (`alive` 0). */
    dead: z.boolean(),
    maxNodes: z.int().min(1).max(LIMITS.graphNodes),
  }),
  result: z.object({
    /** Pages and edges alive at the LSN, in the whole graph. */
    totalPages: count,
    totalEdges: count,
    clustered: z.boolean(),
    /** Nodes left out because of `maxNodes`. */
    omittedNodes: count,
    /** Extent of the layout over the whole recording. */
    bounds: z.object({ left: z.number(), top: z.number(), right: z.number(), bottom: z.number() }),
  }),
  columns: {
    /** 0 a page, 1 a cluster. */
    nodeKind: "u8",
    /** Page id or cluster id. */
    node: "u64",
    pageType: "u32",
    /** Pages in it (a page: 1) that are alive. */
    members: "u32",
    alive: "u8",
    x: "f32",
    y: "f32",
    /** Edges between nodes by index into the node columns; `edgeCount` dependencies are drawn as one. Type: 0 data, 1 control. */
    edgeFrom: "u32",
    edgeTo: "u32",
    edgeCount: "u32",
    edgeType: "u8",
    edgeAlive: "u8",
  },
});

/** The pages that a record touches, and everything downstream of them at that LSN, with their distance. */
export const touchedGraph = defineRequest({
  params: z.strictObject({
    recording: recordingHandle,
    lsn,
    /** All records of the transaction (the wave) that the record stands in. */
    wholeTransaction: z.boolean(),
    limit: z.int().min(1).max(100_000),
  }),
  result: z.object({ touched: count, downstream: count, omitted: count }),
  columns: {
    page: "u64",
    /** The cluster that holds it in `graph.view`. */
    cluster: "u32",
    /** 0 = written by the record itself; n = n dependencies downstream. */
    distance: "u32",
    /** 1 = the recording holds a delta for it in the same transaction. */
    written: "u8",
    /** 1 = its recompute failed there. */
    failed: "u8",
  },
});

/** Pages whose id or type holds the text, with where they are drawn. */
export const searchGraph = defineRequest({
  params: z.strictObject({
    recording: recordingHandle,
    lsn,
    text: z.string().min(1).max(200),
    limit: z.int().min(1).max(1000),
  }),
  result: z.object({ total: count }),
  columns: { page: "u64", pageType: "u32", cluster: "u32", alive: "u8", x: "f32", y: "f32" },
});
