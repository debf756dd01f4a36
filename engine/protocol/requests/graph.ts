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
 * Small graphs come as single pages, or, `grouped`, in clusters by page type. Large ones are always grouped; a cluster of more than
 * `CLUSTER_ABOVE_NODES` pages is cut into parts by level, so that opening one never brings more than that. Cluster ids are stable for a
 * recording.
 */
export const viewGraph = defineRequest({
  params: z.strictObject({
    recording: recordingHandle,
    lsn,
    /** In clusters although they are few. */
    grouped: z.boolean(),
    /** Clusters to show as their pages, each with a frame around them. */
    expanded: z.union([z.literal("all"), z.array(count).max(1000)]),
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
    /** So many that they are always grouped. */
    large: z.boolean(),
    /** The answer is the same for every LSN in [fromLsn, untilLsn); no further than the last LSN that there is now. */
    fromLsn: lsn,
    untilLsn: lsn,
    /** Nodes left out because of `maxNodes`. */
    omittedNodes: count,
    /** Extent of the layout over everything that the recording ever holds. */
    bounds: z.object({ left: z.number(), top: z.number(), right: z.number(), bottom: z.number() }),
  }),
  columns: {
    /** 0 a page, 1 a cluster, 2 the frame around the pages of an expanded cluster. Frames come before pages. */
    nodeKind: "u8",
    /** Page id or cluster id. */
    node: "u64",
    pageType: "u32",
    /** Pages in it (a page: 1) that are alive. */
    members: "u32",
    alive: "u8",
    /** Centre and size. */
    x: "f32",
    y: "f32",
    width: "f32",
    height: "f32",
    /**
     * Edges between nodes by index into the node columns; `edgeCount` dependencies are drawn as one. Those between a page and a closed
     * cluster go from or to the frame around the page. Type: 0 data, 1 control.
     */
    edgeFrom: "u32",
    edgeTo: "u32",
    edgeCount: "u32",
    edgeType: "u8",
    edgeAlive: "u8",
  },
});

/**
 * The pages that a record touches, and everything downstream of them at that LSN, with their distance: pages nearest first, and for each
 * cluster how much of it is among them.
 */
export const touchedGraph = defineRequest({
  params: z.strictObject({
    recording: recordingHandle,
    lsn,
    /**
     * All records of the transaction that the record stands in: what was written outright, and what the wave at the record did with it. Before the first wave
     * and at the transaction's end what all of its waves did.
     */
    wholeTransaction: z.boolean(),
    /** Pages of these clusters only are listed; absent = all. The figures and the clusters count everything. */
    clusters: z.array(count).max(1000).optional(),
    limit: z.int().min(1).max(100_000),
  }),
  /** `omitted`: pages of the clusters asked for that are beyond `limit`. */
  result: z.object({ touched: count, downstream: count, omitted: count }),
  columns: {
    /** Clusters that hold touched or downstream pages: how many, the least distance among them, and how many were written, failed (or were blocked), cut off. */
    cluster: "u32",
    clusterPages: "u32",
    clusterDistance: "u32",
    clusterWritten: "u32",
    clusterFailed: "u32",
    clusterCutOff: "u32",
    page: "u64",
    /** 0 = written by the record itself; n = n dependencies downstream. */
    distance: "u32",
    /** 1 = the recording holds a delta for it there. */
    written: "u8",
    /** 1 = its recompute failed there. 2 = it was not computed, because one above it failed. */
    failed: "u8",
    /** 1 = its recompute came to the bytes that it had. */
    cutOff: "u8",
  },
});

/** Pages whose id or type holds the text, with the cluster that they are drawn in. */
export const searchGraph = defineRequest({
  params: z.strictObject({
    recording: recordingHandle,
    lsn,
    text: z.string().min(1).max(200),
    limit: z.int().min(1).max(1000),
  }),
  result: z.object({ total: count }),
  columns: { page: "u64", pageType: "u32", cluster: "u32", alive: "u8" },
});
