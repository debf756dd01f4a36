import { useCallback, useEffect, useMemo, useRef, useState, useSyncExternalStore } from "react";
import type { ParamsOf, ReplyOf, RequestName } from "../../engine/protocol/requests.ts";
import { useCursor } from "../state/cursor-store.ts";
import { notifyFirstWithCursor, notifyInFrame, notifyWithCursor } from "./notify-in-frame.ts";
import { queryKey } from "./query-cache.ts";
import { type LaneOptions, type LaneState, QueryLane, type Question } from "./query-lane.ts";
import { useSession, useStudio } from "./use-studio.ts";
import { whenResting } from "./when-resting.ts";

export interface QueryOptions {
  /** Part of the key: what else the answer depends on (how far the recording grew or was surveyed). */
  readonly version?: string;
  /** Answers of another scope are not shown while a new one is on its way. */
  readonly scope?: string;
  /** See `LaneOptions.abandon`. */
  readonly abandon?: boolean;
}

export interface CursorQueryOptions<N extends RequestName> extends QueryOptions {
  /** What to ask for the record that the next step leads to, where that is not what `paramsAt` says. `null` = not known yet. */
  readonly paramsAhead?: (lsn: number) => ParamsOf<N> | null;
  /** The answer for that record has come. */
  readonly onAhead?: (lsn: number, answer: ReplyOf<N>) => void;
  /** What is wanted now has been answered (`undefined`: by an error): called at once, before anything is drawn. */
  readonly onAnswer?: (asked: ParamsOf<N>, answer: ReplyOf<N> | undefined) => void;
  /** Only a few words change with the answer: it is drawn without waiting for its turn. */
  readonly isFirst?: boolean;
  /** Tells when something else than the cursor changed that the parameters are made of; must be stable. Returns how to stop. */
  readonly subscribe?: (ask: () => void) => () => void;
}

export type CursorLane<N extends RequestName> = QueryLane<ReplyOf<N>>;

export interface Query<T, P = unknown> extends LaneState<T> {
  readonly asked: P | undefined;
  readonly retry: () => void;
}

/**
 * The newest answer to a question whose parameters change, perhaps many times a second. `null` asks nothing. The old answer stays
 * until the new one is there, so that nothing flickers.
 */
export function useQuery<N extends RequestName>(
  name: N,
  params: ParamsOf<N> | null,
  options: QueryOptions = {},
): Query<ReplyOf<N>, ParamsOf<N>> {
  const { lane, want } = useLane(name, options, notifyInFrame);
  const key = params === null ? "" : queryKey(name, params, options.version);
  // biome-ignore lint/correctness/useExhaustiveDependencies: `key` stands for `params`
  useEffect(() => want(params), [lane, want, key]);
  return useLaneQuery(lane);
}

/**
 * The same for a question about the state at the cursor. Moving the cursor asks (`undefined` = what to ask is not known yet, the last question
 * stands); what uses it is drawn only when an answer comes, which says in `asked` what it is about. `about` stands for all else that the
 * parameters are made of. Where the cursor rests, the record that the next step leads to is asked about ahead, so that a step finds its
 * answers at hand.
 */
export function useQueryAtCursor<N extends RequestName>(
  name: N,
  paramsAt: (lsn: number) => ParamsOf<N> | null | undefined,
  about: string,
  options: CursorQueryOptions<N> = {},
): Query<ReplyOf<N>, ParamsOf<N>> {
  return useLaneQuery(useLaneAtCursor(name, paramsAt, about, options));
}

/** Asks the same for others to show (`useLaneQuery`): what calls this is not drawn anew when an answer comes. */
export function useLaneAtCursor<N extends RequestName>(
  name: N,
  paramsAt: (lsn: number) => ParamsOf<N> | null | undefined,
  about: string,
  options: CursorQueryOptions<N> = {},
): CursorLane<N> {
  const { navigator } = useStudio();
  const notifyWhen = options.isFirst === true ? notifyFirstWithCursor : notifyWithCursor;
  const { lane, want, questionOf } = useLane(name, options, notifyWhen, options.onAnswer);
  const latest = useRef({ paramsAt, options });
  latest.current = { paramsAt, options };
  const { subscribe } = options;
  // biome-ignore lint/correctness/useExhaustiveDependencies: `about` stands for `paramsAt`
  useEffect(() => {
    const askAhead = () => {
      const next = navigator.nextLsn();
      if (next === undefined) return;
      const { paramsAt, options } = latest.current;
      const params = (options.paramsAhead ?? paramsAt)(next);
      if (params !== null && params !== undefined)
        lane.askAhead(questionOf(params), (answer) => options.onAhead?.(next, answer));
    };
    const ask = () => {
      const params = latest.current.paramsAt(useCursor.getState().lsn);
      if (params !== undefined) want(params);
    };
    ask();
    const stopAhead = whenResting(askAhead);
    const stopCursor = useCursor.subscribe((now, before) => {
      if (now.lsn !== before.lsn) ask();
    });
    const stopOther = subscribe?.(ask);
    return () => {
      stopAhead();
      stopCursor();
      stopOther?.();
    };
  }, [lane, want, about, navigator, subscribe]);
  return lane;
}

/** The newest answer of a lane. */
export function useLaneQuery<N extends RequestName>(lane: CursorLane<N>): Query<ReplyOf<N>, ParamsOf<N>> {
  const state = useSyncExternalStore(lane.subscribe, lane.snapshot);
  return useMemo(
    () => ({ ...state, asked: state.asked as ParamsOf<N> | undefined, retry: () => lane.retry() }),
    [lane, state],
  );
}

function useLane<N extends RequestName>(
  name: N,
  { version = "", scope = "", abandon = false }: QueryOptions,
  notifyWhen: LaneOptions<unknown>["notifyWhen"],
  onAnswer?: CursorQueryOptions<N>["onAnswer"],
) {
  const studio = useStudio();
  const latestOnAnswer = useRef(onAnswer);
  latestOnAnswer.current = onAnswer;
  const [lane] = useState(
    () =>
      new QueryLane<ReplyOf<N>>(studio.cache, {
        abandon,
        notifyWhen,
        onAnswer: (asked, answer) => latestOnAnswer.current?.(asked as ParamsOf<N>, answer),
      }),
  );
  const generation = useSession((session) => session.generation);
  const questionOf = useCallback(
    (params: ParamsOf<N>): Question<ReplyOf<N>> => ({
      key: queryKey(name, params, `${generation}/${version}`),
      scope,
      params,
      ask: (signal, onProgress) => studio.request(name, params, signal, onProgress),
    }),
    [studio, name, generation, version, scope],
  );
  const want = useCallback(
    (params: ParamsOf<N> | null) => {
      if (params === null) lane.reset();
      else lane.want(questionOf(params));
    },
    [lane, questionOf],
  );
  useEffect(() => () => lane.dispose(), [lane]);
  return { lane, want, questionOf };
}
