import { useEffect, useState, useSyncExternalStore } from "react";
import type { ParamsOf, ReplyOf, RequestName } from "../../engine/protocol/requests.ts";
import { queryKey } from "./query-cache.ts";
import { type LaneState, QueryLane } from "./query-lane.ts";
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
  const studio = useStudio();
  const [lane] = useState(
    () => new QueryLane<ReplyOf<N>>(studio.cache, { abandon: options.abandon === true }),
  );
  const state = useSyncExternalStore(lane.subscribe, lane.snapshot);
  const generation = useSession((session) => session.generation);
  const key = params === null ? "" : queryKey(name, params, `${generation}/${options.version ?? ""}`);
  const scope = options.scope ?? "";

  // biome-ignore lint/correctness/useExhaustiveDependencies: `key` stands for `name`, `params` and `version`
  useEffect(() => {
    if (params === null) lane.reset();
    else {
      lane.want({
        key,
        scope,
        params,
        ask: (signal, onProgress) => studio.request(name, params, signal, onProgress),
      });
    }
  }, [lane, studio, key, scope]);

  useEffect(() => () => lane.dispose(), [lane]);
  return { ...state, asked: state.asked as ParamsOf<N> | undefined, retry: () => lane.retry() };
}
