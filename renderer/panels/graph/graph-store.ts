import { create } from "zustand";

export type Direction = "both" | "upstream" | "downstream";

/** Only one page and what is within so many dependencies of it. */
export interface Focus {
  readonly page: bigint;
  readonly hops: number;
  readonly direction: Direction;
}

/** Something that is done to the picture once, when it is there. */
export type GraphAction =
  | "fit"
  | "zoom-in"
  | "zoom-out"
  | { readonly centre: bigint }
  | { readonly cluster: number };

export interface GraphViewState {
  /** Pages in boxes by type; large graphs always are. */
  readonly grouped: boolean;
  /** Clusters that are shown as their pages. */
  readonly expanded: "all" | readonly number[];
  readonly focus: Focus | undefined;
  /** Everything that the transaction at the cursor touches lights up, not only what its record does. */
  readonly wholeTransaction: boolean;
  readonly action: { readonly id: number; readonly what: GraphAction } | undefined;
}

const START: GraphViewState = {
  grouped: false,
  expanded: [],
  focus: undefined,
  wholeTransaction: false,
  action: undefined,
};

export const MOST_HOPS = 8;

export const useGraphView = create<GraphViewState>()(() => START);

let actions = 0;

export function act(what: GraphAction): void {
  useGraphView.setState({ action: { id: ++actions, what } });
}

export function setGrouped(grouped: boolean): void {
  useGraphView.setState({ grouped, expanded: grouped ? "all" : [], focus: undefined });
  act("fit");
}

export function focusOn(page: bigint, hops?: number): void {
  const { focus } = useGraphView.getState();
  useGraphView.setState({
    focus: { page, hops: hops ?? focus?.hops ?? 1, direction: focus?.direction ?? "both" },
  });
  act("fit");
}

export function changeFocus(change: Partial<Focus>): void {
  const { focus } = useGraphView.getState();
  if (focus === undefined) return;
  const hops = Math.min(MOST_HOPS, Math.max(1, change.hops ?? focus.hops));
  useGraphView.setState({ focus: { ...focus, ...change, hops } });
  act("fit");
}

export function showWhole(): void {
  useGraphView.setState({ focus: undefined });
  act("fit");
}

/** Another recording begins with the whole of its graph. */
export function resetGraphView(): void {
  useGraphView.setState(START);
}
