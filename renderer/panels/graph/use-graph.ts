import { useMemo, useRef } from "react";
import type { ParamsOf } from "../../../engine/protocol/requests.ts";
import { genesisLsn } from "../../client/navigator.ts";
import { queryKey } from "../../client/query-cache.ts";
import { type Query, useQuery } from "../../client/use-query.ts";
import { useRecording } from "../../client/use-studio.ts";
import { useCursor } from "../../state/cursor-store.ts";
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
  readonly touched: Query<TouchedReply>;
}

/** What is to be drawn at the cursor. Asks again only where a page or an edge came or went since. */
export function useGraph(): Graph {
  const recording = useRecording();
  const cursorLsn = useCursor((state) => state.lsn);
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
  const span = known.current;
  const isKnown = span?.key === key && cursorLsn >= span.fromLsn && cursorLsn < span.untilLsn;
  const lsn = isKnown ? span.askedLsn : cursorLsn;
  const view = useQuery("graph.view", { ...wanted, lsn }, { version });
  if (view.data !== undefined && view.asked !== undefined && !view.stale && view.asked.lsn === lsn) {
    const { fromLsn, untilLsn } = view.data.result;
    known.current = { key, askedLsn: lsn, fromLsn, untilLsn: untilLsn ?? Number.POSITIVE_INFINITY };
  }

  const atRecord = cursorLsn > genesisLsn(recording) && cursorLsn <= recording.lastLsn;
  const touched = useQuery(
    "graph.touched",
    atRecord
      ? {
          recording: recording.recording,
          lsn: cursorLsn,
          wholeTransaction,
          limit: MOST_LIT,
          ...(view.data?.result.clustered === true && expanded !== "all" && { clusters: [...expanded] }),
        }
      : null,
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
