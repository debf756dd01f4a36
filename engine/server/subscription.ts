import { MmsbError } from "../base/errors.ts";
import { ok, type Result } from "../base/result.ts";
import { decodeControl, encodeControl } from "../protocol/check.ts";
import type { FrameColumns } from "../protocol/frame.ts";
import { LIMITS } from "../protocol/limits.ts";
import { SUBSCRIPTIONS, type SubscriptionName, type UpdateOf } from "../protocol/requests.ts";
import type { PeerSession } from "./service.ts";
import { internalError } from "./slice-scheduler.ts";

/** Where a subscription's messages leave. */
export interface SubscriptionOut {
  update(control: unknown, columns: FrameColumns): void;
  end(error: MmsbError | undefined): void;
}

/** One subscription of one connection: sends while there is credit, and keeps only the newest state while there is none. */
export class OpenSubscription {
  readonly #out: SubscriptionOut;
  readonly #name: SubscriptionName;
  #credit: number;
  #waiting: UpdateOf<SubscriptionName> | undefined;
  #ending: { error: MmsbError | undefined } | undefined;
  #ended = false;
  #stop: () => void = () => {};

  private constructor(name: SubscriptionName, credit: number, out: SubscriptionOut) {
    this.#name = name;
    this.#credit = credit;
    this.#out = out;
  }

  static begin(
    session: PeerSession,
    name: SubscriptionName,
    params: unknown,
    credit: number,
    out: SubscriptionOut,
  ): Result<OpenSubscription> {
    const checked = decodeControl(SUBSCRIPTIONS[name].params, params, name);
    if (!checked.ok) return checked;
    const opened = new OpenSubscription(name, credit, out);
    const begun = session.subscribe(name, checked.value as never, {
      update: (update) => opened.#update(update),
      end: (error) => opened.#finish(error),
    });
    if (!begun.ok) return begun;
    opened.#stop = begun.value;
    if (opened.#ended) begun.value();
    return ok(opened);
  }

  get hasEnded(): boolean {
    return this.#ended;
  }

  grant(more: number): void {
    this.#credit = Math.min(LIMITS.credit, this.#credit + more);
    this.#flush();
  }

  cancel(): void {
    if (this.#ended) return;
    this.#end(
      new MmsbError("CANCELLED", "the subscription was closed", "Subscribe again if it is still wanted"),
    );
  }

  /** Lets go without a word: the connection is gone. */
  stop(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#stop();
  }

  #update(update: UpdateOf<SubscriptionName>): void {
    if (this.#ended || this.#ending !== undefined) return;
    this.#waiting = update;
    this.#flush();
  }

  /** The last state is still delivered, if it takes credit to come. */
  #finish(error: MmsbError | undefined): void {
    if (this.#ended || this.#ending !== undefined) return;
    if (error !== undefined || this.#waiting === undefined) this.#end(error);
    else this.#ending = { error };
  }

  #flush(): void {
    if (this.#ended || this.#credit === 0 || this.#waiting === undefined) return;
    const update = this.#waiting;
    this.#waiting = undefined;
    const control = encodeControl(SUBSCRIPTIONS[this.#name].result, update.result as never, this.#name);
    if (!control.ok) {
      this.#end(internalError(control.error.message));
      return;
    }
    this.#credit--;
    this.#out.update({ update: control.value }, update.columns as FrameColumns);
    if (this.#ending !== undefined) this.#end(this.#ending.error);
  }

  #end(error: MmsbError | undefined): void {
    this.#ended = true;
    this.#waiting = undefined;
    this.#stop();
    this.#out.end(error);
  }
}
