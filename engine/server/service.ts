import type { MmsbError } from "../base/errors.ts";
import type { Result } from "../base/result.ts";
import type { Progress } from "../protocol/control.ts";
import type {
  ParamsOf,
  ReplyOf,
  RequestName,
  SentColumnsOf,
  SubscriptionName,
  SubscriptionParamsOf,
  UpdateOf,
} from "../protocol/requests.ts";
import type { Sliced } from "./slice-scheduler.ts";

/** Tells whoever waits how far a long request is. Cheap to call often. */
export type ReportProgress = (phase: Progress["phase"], done: number, total: number) => void;

/** Where the updates of one subscription go. */
export interface UpdateSink<N extends SubscriptionName> {
  /** The newest state. Where the reader has no credit left it replaces one that still waits. */
  update(update: UpdateOf<N>): void;
  /** Nothing more will come. */
  end(error?: MmsbError): void;
}

/** What one connection can do, its arguments already checked. The connection knows nothing of recordings; this knows nothing of frames. */
export interface PeerSession {
  request<N extends RequestName>(
    name: N,
    params: ParamsOf<N>,
    sent: SentColumnsOf<N>,
    progress: ReportProgress,
  ): Sliced<Result<ReplyOf<N>>>;
  /** Returns how to stop. */
  subscribe<N extends SubscriptionName>(
    name: N,
    params: SubscriptionParamsOf<N>,
    sink: UpdateSink<N>,
  ): Result<() => void>;
  /** The connection ended: everything that it held is let go. */
  dispose(): void;
}
