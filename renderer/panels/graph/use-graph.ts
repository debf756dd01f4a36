import { useMemo, useRef } from "react";
import type { ParamsOf } from "../../../engine/protocol/requests.ts";
import { genesisLsn } from "../../client/navigator.ts";
import { queryKey } from "../../client/query-cache.ts";
import { type Query, useQueryAtCursor } from "../../client/use-query.ts";
import { useRecording } from "../../client/use-studio.ts";
import { type GraphPicture, type GraphReply, NO_PICTURE, pictureOf } from "./graph-elements.ts";
import type { TouchedReply } from "./graph-lights.ts";
import { useGraphView } from "./graph-store.ts";

/** Nodes that cytoscape still moves smoothly on a canvas: two opened clusters. */
const MOST_NODES = 4000;
/** Lit pages that are listed; the figures count all of them. */
const MOST_LIT = 8000;

/** A stretch of LSNs over which the same question has the same answer. */
interface KnownSpan {
  readonly key: string;
  readonly askedLsn: number;
  readonly fromLsn: number;
  readonly untilLsn: number;
}

export interface Graph {
  readonly view: Query<GraphReply, ParamsOf<"graph.view">>;
  readonly picture: GraphPicture;
  readonly touched: Query<TouchedReply, ParamsOf<"graph.touched">>;
}

/** What is to be drawn at the cursor. Asks again only where a page or an edge came or went since. */
export function useGraph(): Graph {
  const recording = useRecording();
  const { grouped, expanded, focus, wholeTransaction } = useGraphView();
  const known = useRef<KnownSpan>(undefined);

  const wanted = {
    recording: recording.recording,
    grouped,
    expanded: expanded === "all" ? ("all" as const) : [...expanded],
    ...(focus !== undefined && { focus }),
    dead: false,
    maxNodes: MOST_NODES,
  };
  const version = `${recording.lastLsn}`;
  const key = queryKey("graph", wanted, version);
  const view = useQueryAtCursor(
    "graph.view",
    (lsn) => {
      const span = known.current;
      const isKnown = span?.key === key && lsn >= span.fromLsn && lsn < span.untilLsn;
      return { ...wanted, lsn: isKnown ? span.askedLsn : lsn };
    },
    key,
    { version },
  );
  if (view.data !== undefined && view.asked !== undefined) {
    const { lsn, ...about } = view.asked;
    const { fromLsn, untilLsn } = view.data.result;
    known.current = { key: queryKey("graph", about, version), askedLsn: lsn, fromLsn, untilLsn };
  }

  const clusters = view.data?.result.clustered === true && expanded !== "all" ? [...expanded] : undefined;
  const touched = useQueryAtCursor(
    "graph.touched",
    (lsn) =>
      lsn > genesisLsn(recording) && lsn <= recording.lastLsn
        ? {
            recording: recording.recording,
            lsn,
            wholeTransaction,
            limit: MOST_LIT,
            ...(clusters !== undefined && { clusters }),
          }
        : null,
    queryKey("touched", { wholeTransaction, clusters, recording: recording.recording }, version),
  );
  const { pageTypes } = recording;
  const picture = useMemo(
    () =>
      view.data === undefined
        ? NO_PICTURE
        : pictureOf(view.data, (pageType) => pageTypes[pageType]?.name ?? ""),
    [view.data, pageTypes],
  );
  return { view, picture, touched };
}
