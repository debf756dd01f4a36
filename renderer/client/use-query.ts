import { useCallback, useEffect, useMemo, useState, useSyncExternalStore } from "react";
import type { ParamsOf, ReplyOf, RequestName } from "../../engine/protocol/requests.ts";
import { useCursor } from "../state/cursor-store.ts";
import { notifyInFrame, notifyWithCursor } from "./notify-in-frame.ts";
import { queryKey } from "./query-cache.ts";
import { type LaneOptions, type LaneState, QueryLane } from "./query-lane.ts";
import { useSession, useStudio } from "./use-studio.ts";

export interface QueryOptions {
  /** Part of the key: what else the answer depends on (how far the recording grew or was surveyed). */
  readonly version?: string;
  /** Answers of another scope are not shown while a new one is on its way. */
  readonly scope?: string;
  /** See `LaneOptions.abandon`. */
  readonly abandon?: boolean;
}

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
  const { lane, query, want } = useLane(name, options, notifyInFrame);
  const key = params === null ? "" : queryKey(name, params, options.version);
  // biome-ignore lint/correctness/useExhaustiveDependencies: `key` stands for `params`
  useEffect(() => want(params), [lane, want, key]);
  return query;
}

/**
 * The same for a question about the state at the cursor. Moving the cursor asks; what uses it is drawn only when an answer comes, which says
 * in `asked` what it is about. `about` stands for all else that the parameters are made of.
 */
export function useQueryAtCursor<N extends RequestName>(
  name: N,
  paramsAt: (lsn: number) => ParamsOf<N> | null,
  about: string,
  options: QueryOptions = {},
): Query<ReplyOf<N>, ParamsOf<N>> {
  const { lane, query, want } = useLane(name, options, notifyWithCursor);
  // biome-ignore lint/correctness/useExhaustiveDependencies: `about` stands for `paramsAt`
  useEffect(() => {
    want(paramsAt(useCursor.getState().lsn));
    return useCursor.subscribe((now, before) => {
      if (now.lsn !== before.lsn) want(paramsAt(now.lsn));
    });
  }, [lane, want, about]);
  return query;
}

function useLane<N extends RequestName>(
  name: N,
  { version = "", scope = "", abandon = false }: QueryOptions,
  notifyWhen: LaneOptions["notifyWhen"],
) {
  const studio = useStudio();
  const [lane] = useState(() => new QueryLane<ReplyOf<N>>(studio.cache, { abandon, notifyWhen }));
  const state = useSyncExternalStore(lane.subscribe, lane.snapshot);
  const generation = useSession((session) => session.generation);
  const want = useCallback(
    (params: ParamsOf<N> | null) => {
      if (params === null) {
        lane.reset();
        return;
      }
      lane.want({
        key: queryKey(name, params, `${generation}/${version}`),
        scope,
        params,
        ask: (signal, onProgress) => studio.request(name, params, signal, onProgress),
      });
    },
    [studio, lane, name, generation, version, scope],
  );
  useEffect(() => () => lane.dispose(), [lane]);
  const query = useMemo(
    (): Query<ReplyOf<N>, ParamsOf<N>> => ({
      ...state,
      asked: state.asked as ParamsOf<N> | undefined,
      retry: () => lane.retry(),
    }),
    [lane, state],
  );
  return { lane, query, want };
}
