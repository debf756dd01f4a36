import { type JSX, useCallback, useEffect, useMemo, useState } from "react";
import { genesisLsn } from "../../client/navigator.ts";
import { useRecording } from "../../client/use-studio.ts";
import { useSelection } from "../../state/selection-store.ts";
import { formatCount } from "../../ui/format/count.ts";
import { plural } from "../../ui/format/ids.ts";
import { Empty, Failed, Loading } from "../../ui/states.tsx";
import { FocusBar } from "./focus-bar.tsx";
import { GraphBar } from "./graph-bar.tsx";
import { GraphCanvas, type Hover } from "./graph-canvas.tsx";
import type { GraphNode, GraphPicture } from "./graph-elements.ts";
import { GraphHover } from "./graph-hover.tsx";
import { GraphLegend } from "./graph-legend.tsx";
import { type Lights, lightsOf, lightText } from "./graph-lights.ts";
import { act, focusOn, resetGraphView, useGraphView } from "./graph-store.ts";
import { useGraph } from "./use-graph.ts";
import { useSettled } from "./use-settled.ts";
import "./graph.css";

/** Lights, and the LSN that they are about. */
interface Shown {
  readonly lights: Lights;
  readonly lsn: number | undefined;
}
const NO_LIGHTS: Lights = new Map();
/** Pages that cytoscape lights anew within a frame. */
const MOST_PAGES_AT_ONCE = 60;

/** Pages and what depends on what; what the record at the cursor touches, and everything downstream of it, lights up. */
export function GraphPanel(): JSX.Element {
  const recording = useRecording();
  const focus = useGraphView((state) => state.focus);
  const { view, picture, touched } = useGraph();
  const [hover, setHover] = useState<Hover>();
  const [cluster, setCluster] = useState<string>();

  // biome-ignore lint/correctness/useExhaustiveDependencies: another recording is the reason
  useEffect(() => () => resetGraphView(), [recording.uuid, recording.path]);

  const { data: lit, asked: litAt } = touched;
  const lights = useMemo(
    (): Shown => ({ lights: lit === undefined ? NO_LIGHTS : lightsOf(lit, picture), lsn: litAt?.lsn }),
    [lit, litAt, picture],
  );
  const pageCount = useMemo(
    () => [...picture.nodes.values()].filter(({ kind }) => kind === "page").length,
    [picture],
  );
  const shownLights = useSettled(lights, pageCount > MOST_PAGES_AT_ONCE);
  const pick = useCallback((node: GraphNode) => {
    if (node.kind !== "page") {
      setCluster(node.id);
      return;
    }
    setCluster(undefined);
    useSelection.getState().selectPage(node.number);
  }, []);
  const open = useCallback(
    (node: GraphNode) => {
      setHover(undefined);
      if (node.kind === "page") focusOn(node.number);
      else toggleCluster(node, picture);
    },
    [picture],
  );
  // One that is not in the picture is none: where pages stand in groups, following the cursor from page to page changes nothing here.
  const selectedPage = useSelection(({ page }) => (picture.nodes.has(`p${page}`) ? `p${page}` : undefined));
  const selected = cluster ?? selectedPage;
  const { data, error } = view;

  return (
    <div className="panel">
      <GraphBar
        picture={picture}
        isLarge={data?.result.large === true}
        isClustered={data?.result.clustered === true}
      />
      {focus !== undefined && <FocusBar focus={focus} />}
      <div className="panel__body graph__body">
        {error !== undefined ? (
          <Failed error={error} onRetry={view.retry} />
        ) : data === undefined ? (
          <Loading title="Loading the graph" progress={view.progress} />
        ) : data.result.totalPages === 0 && picture.nodes.size === 0 ? (
          <Empty icon="graph" title="No pages here">
            {(view.asked?.lsn ?? 0) <= genesisLsn(recording)
              ? "This is the state before the first record: step forward to see pages come."
              : "At this moment of the recording no page exists."}
          </Empty>
        ) : (
          <>
            <GraphCanvas
              picture={picture}
              lights={shownLights.lights}
              lsn={shownLights.lsn}
              selected={selected}
              label={`Graph of ${plural(data.result.totalPages, "page")} and ${plural(data.result.totalEdges, "dependency", "dependencies")}. Arrows move, Enter opens.`}
              onPick={pick}
              onOpen={open}
              onHover={setHover}
            />
            {hover !== undefined && <GraphHover hover={hover} picture={picture} lights={lights.lights} />}
            <SelectedAloud selected={selected} picture={picture} lights={lights.lights} />
          </>
        )}
      </div>
      <GraphLegend picture={picture} />
      <div className="panel__foot">
        {data !== undefined && (
          <span className="num">
            {plural(data.result.totalPages, "page")} ·{" "}
            {plural(data.result.totalEdges, "dependency", "dependencies")}
          </span>
        )}
        {data !== undefined && data.result.omittedNodes > 0 && (
          <span className="graph__omitted" title="Collapse a group, or show the neighbourhood of one page">
            {formatCount(data.result.omittedNodes)} not drawn
          </span>
        )}
        <span className="spacer" />
        {touched.data !== undefined && (
          <span className="num" title="Pages that the record touches, and pages that depend on them">
            {formatCount(touched.data.result.touched)} touched · {formatCount(touched.data.result.downstream)}{" "}
            downstream
          </span>
        )}
      </div>
    </div>
  );
}

function toggleCluster(node: GraphNode, picture: GraphPicture): void {
  const { expanded } = useGraphView.getState();
  const number = Number(node.number);
  const open =
    expanded === "all"
      ? [...picture.nodes.values()].filter(({ kind }) => kind === "frame").map((one) => Number(one.number))
      : expanded;
  useGraphView.setState({
    expanded: open.includes(number) ? open.filter((other) => other !== number) : [...open, number],
  });
  if (!open.includes(number) && expanded !== "all") act({ cluster: number });
}

/** Says what the keyboard stands on, and how it is lit. */
function SelectedAloud({
  selected,
  picture,
  lights,
}: {
  selected: string | undefined;
  picture: GraphPicture;
  lights: Lights;
}): JSX.Element {
  const node = selected === undefined ? undefined : picture.nodes.get(selected);
  const light = node === undefined ? undefined : lightText(lights.get(node.id));
  return (
    <span className="visually-hidden" aria-live="polite">
      {node === undefined
        ? ""
        : node.kind === "page"
          ? `Page ${node.number}, ${node.typeName}`
          : `Group ${node.label.replace("\n", ", ")}`}
      {light !== undefined && `, ${light}`}
    </span>
  );
}
