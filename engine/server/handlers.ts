import type { Result } from "../base/result.ts";
import type { ParamsOf, ReplyOf, RequestName, SentColumnsOf } from "../protocol/requests.ts";
import type { ReportProgress } from "./service.ts";
import type { Sliced } from "./slice-scheduler.ts";

/** Answers one kind of request, in slices. */
export type Handler<N extends RequestName> = (
  params: ParamsOf<N>,
  progress: ReportProgress,
  sent: SentColumnsOf<N>,
) => Sliced<Result<ReplyOf<N>>>;

export type Handlers = { readonly [N in RequestName]: Handler<N> };

/** A handler that is done in one step. */
export function handled<N extends RequestName>(
  answer: (params: ParamsOf<N>) => Result<ReplyOf<N>>,
): Handler<N> {
  // biome-ignore lint/correctness/useYield: one step is all there is
  return function* (params) {
    return answer(params);
  };
}
