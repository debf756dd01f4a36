import { MmsbError } from "../../../engine/base/errors.ts";
import { decodeControl, encodeControl } from "../../../engine/protocol/check.ts";
import type { ColumnArray } from "../../../engine/protocol/columns.ts";
import { controlSchemas, PROTOCOL_VERSION } from "../../../engine/protocol/control.ts";
import { decodeFrame, encodeFrame, FrameKind } from "../../../engine/protocol/frame.ts";
import { LIMITS } from "../../../engine/protocol/limits.ts";
import type { Port } from "../../../engine/protocol/port.ts";
import {
  isRequestName,
  isSubscriptionName,
  type ParamsOf,
  REQUESTS,
  type ReplyOf,
  type RequestName,
  SUBSCRIPTIONS,
  type SubscriptionName,
  type SubscriptionParamsOf,
  type UpdateOf,
} from "../../../engine/protocol/requests.ts";
import { toWireError } from "../../../engine/protocol/wire-error.ts";

export type Handlers = {
  readonly [N in RequestName]?: (
    params: ParamsOf<N>,
    progress: (phase: string, done: number, total: number) => void,
  ) => ReplyOf<N> | MmsbError | Promise<ReplyOf<N> | MmsbError>;
};

export type Watchers = {
  readonly [N in SubscriptionName]?: (
    params: SubscriptionParamsOf<N>,
    send: (update: UpdateOf<N>) => void,
    end: (error?: MmsbError) => void,
  ) => () => void;
};

const LIMIT = {
  frameBytes: LIMITS.clientFrameBytes,
  controlBytes: LIMITS.controlBytes,
  columns: LIMITS.columns,
};

/** Answers the real protocol's frames from handlers in memory: what the page talks to in tests, where no engine runs. */
export class FakeEngine {
  readonly asked: { name: string; params: unknown }[] = [];
  readonly #port: Port;
  readonly #handlers: Handlers;
  readonly #watchers: Watchers;
  readonly #cancelled = new Set<number>();
  readonly #subscriptions = new Map<
    number,
    { stop: () => void; credit: number; waiting: Uint8Array | undefined }
  >();

  constructor(port: Port, handlers: Handlers, watchers: Watchers = {}) {
    this.#port = port;
    this.#handlers = handlers;
    this.#watchers = watchers;
    port.onMessage((message) => this.#receive(message));
    port.onClose(() => {
      for (const subscription of this.#subscriptions.values()) subscription.stop();
    });
  }

  #receive(message: Uint8Array): void {
    const frame = decodeFrame(message, LIMIT);
    if (!frame.ok) throw frame.error;
    const { kind, id, control } = frame.value;
    const asked = control as { name: string; params: unknown; credit: number; more: number };
    if (kind === FrameKind.Hello) {
      this.#send(FrameKind.Welcome, 0, { version: PROTOCOL_VERSION, server: "fake engine" });
    } else if (kind === FrameKind.Request) void this.#answer(id, asked.name, asked.params);
    else if (kind === FrameKind.Subscribe) this.#watch(id, asked.name, asked.params, asked.credit);
    else if (kind === FrameKind.Credit) this.#grant(id, asked.more);
    else if (kind === FrameKind.Cancel) {
      this.#cancelled.add(id);
      const subscription = this.#subscriptions.get(id);
      subscription?.stop();
      this.#subscriptions.delete(id);
      this.#fail(id, new MmsbError("CANCELLED", "cancelled", "Ask again"));
    }
  }

  async #answer(id: number, name: string, params: unknown): Promise<void> {
    this.#cancelled.delete(id);
    if (!isRequestName(name)) throw new Error(`unknown request ${name}`);
    const decoded = decodeControl(REQUESTS[name].params, params, name);
    if (!decoded.ok) {
      this.#fail(id, decoded.error);
      return;
    }
    this.asked.push({ name, params: decoded.value });
    const handler = this.#handlers[name] as ((params: unknown, progress: unknown) => unknown) | undefined;
    const progress = (phase: string, done: number, total: number) => {
      if (!this.#cancelled.has(id)) this.#send(FrameKind.Progress, id, { phase, done, total });
    };
    const reply = handler === undefined ? unsupported(name) : await handler(decoded.value, progress);
    if (this.#cancelled.delete(id)) return;
    if (reply instanceof MmsbError) {
      this.#fail(id, reply);
      return;
    }
    const { result, columns } = reply as { result: unknown; columns: Readonly<Record<string, ColumnArray>> };
    const encoded = encodeControl(REQUESTS[name].result, result as never, name);
    if (!encoded.ok) this.#fail(id, encoded.error);
    else this.#send(FrameKind.Reply, id, { result: encoded.value }, columns);
  }

  #watch(id: number, name: string, params: unknown, credit: number): void {
    if (!isSubscriptionName(name)) throw new Error(`unknown subscription ${name}`);
    const decoded = decodeControl(SUBSCRIPTIONS[name].params, params, name);
    if (!decoded.ok) {
      this.#fail(id, decoded.error);
      return;
    }
    const watcher = this.#watchers[name] as
      | ((
          params: unknown,
          send: (update: UpdateOf<SubscriptionName>) => void,
          end: (error?: MmsbError) => void,
        ) => () => void)
      | undefined;
    const subscription = { stop: () => {}, credit, waiting: undefined as Uint8Array | undefined };
    this.#subscriptions.set(id, subscription);
    if (watcher === undefined) return;
    const send = ({ result, columns }: UpdateOf<SubscriptionName>) => {
      const encoded = encodeControl(SUBSCRIPTIONS[name].result, result as never, name);
      if (!encoded.ok) throw encoded.error;
      subscription.waiting = encodeFrame(FrameKind.Update, id, { update: encoded.value }, columns);
      this.#grant(id, 0);
    };
    const end = (error?: MmsbError) => {
      this.#subscriptions.delete(id);
      if (error === undefined) this.#send(FrameKind.End, id, {});
      else this.#fail(id, error);
    };
    subscription.stop = watcher(decoded.value, send, end);
  }

  #grant(id: number, more: number): void {
    const subscription = this.#subscriptions.get(id);
    if (subscription === undefined) return;
    subscription.credit += more;
    if (subscription.credit === 0 || subscription.waiting === undefined) return;
    subscription.credit--;
    this.#port.send(subscription.waiting);
    subscription.waiting = undefined;
  }

  #fail(id: number, error: MmsbError): void {
    const encoded = encodeControl(controlSchemas.failed, toWireError(error), "failed");
    if (encoded.ok) this.#send(FrameKind.Failed, id, encoded.value);
  }

  #send(
    kind: (typeof FrameKind)[keyof typeof FrameKind],
    id: number,
    control: unknown,
    columns: Readonly<Record<string, ColumnArray>> = {},
  ): void {
    this.#port.send(encodeFrame(kind, id, control, columns));
  }
}

function unsupported(name: string): MmsbError {
  return new MmsbError("UNSUPPORTED", `the fake engine does not know ${name}`, "Add a handler to the test");
}
