import { MmsbError } from "../base/errors.ts";
import { err, fail, ok, type Result } from "../base/result.ts";
import { checkColumns, decodeControl, encodeControl } from "./check.ts";
import { controlSchemas, PROTOCOL_VERSION, type Progress } from "./control.ts";
import { decodeFrame, encodeFrame, type Frame, type FrameColumns, FrameKind } from "./frame.ts";
import { LIMITS } from "./limits.ts";
import type { Port } from "./port.ts";
import {
  type ParamsOf,
  REQUESTS,
  type ReplyOf,
  type RequestName,
  type SentColumnsOf,
  SUBSCRIPTIONS,
  type SubscriptionName,
  type SubscriptionParamsOf,
  type UpdateOf,
} from "./requests.ts";
import { fromWireError } from "./wire-error.ts";

/** What this needs of an `AbortSignal`, which is no part of the language itself. */
export interface CancelSignal {
  readonly aborted: boolean;
  addEventListener(type: "abort", listener: () => void): void;
  removeEventListener(type: "abort", listener: () => void): void;
}

export interface RequestOptions<N extends RequestName> {
  readonly signal?: CancelSignal;
  readonly onProgress?: (progress: Progress) => void;
  /** For requests that send columns (`upload.chunk`). */
  readonly columns?: SentColumnsOf<N>;
}

export interface SubscribeOptions<N extends SubscriptionName> {
  /** Updates that may come before more credit is given; at most `LIMITS.credit`. */
  readonly credit: number;
  readonly onUpdate: (update: UpdateOf<N>) => void;
  /** Once: `undefined` where it ran to its end, else why it stopped (`CANCELLED` after `close`). */
  readonly onEnd?: (error: MmsbError | undefined) => void;
}

export interface Subscription {
  /** Lets the server send so many more updates: one for each that was shown keeps it at the reader's pace. */
  grant(more: number): void;
  close(): void;
}

const REPLY_LIMITS = {
  frameBytes: LIMITS.serverFrameBytes,
  controlBytes: LIMITS.serverFrameBytes,
  columns: LIMITS.columns,
};

interface Pending {
  readonly reply: (frame: Frame) => void;
  readonly failed: (error: MmsbError) => void;
  readonly progress: (progress: Progress) => void;
  readonly update: (frame: Frame) => void;
}

/**
 * The asking side of a connection, over any port. Every answer is checked before it is handed out; failures come as results, never as
 * exceptions. Requests past `LIMITS.inFlight` wait here for their turn.
 */
export class EngineClient {
  readonly #port: Port;
  readonly #pending = new Map<number, Pending>();
  #waiting: (() => void)[] = [];
  #nextId = 1;
  #requestsInFlight = 0;
  #closed: MmsbError | undefined;
  #serverName = "";
  #welcome: ((result: Result<void>) => void) | undefined;
  readonly #closeListeners = new Set<(error: MmsbError) => void>();

  private constructor(port: Port) {
    this.#port = port;
    port.onMessage((message) => this.#receive(message));
    port.onClose(() => this.#shut(portClosed()));
  }

  /** Shakes hands. Fails with `PROTOCOL_VERSION` where the two sides do not understand each other, or `PORT_CLOSED`. */
  static async connect(port: Port, clientName: string): Promise<Result<EngineClient>> {
    const client = new EngineClient(port);
    const greeted = new Promise<Result<void>>((resolve) => {
      client.#welcome = resolve;
    });
    port.send(encodeFrame(FrameKind.Hello, 0, { versions: [PROTOCOL_VERSION], client: clientName }));
    const result = await greeted;
    return result.ok ? ok(client) : result;
  }

  /** Name and version of the other side. */
  get serverName(): string {
    return this.#serverName;
  }

  get isClosed(): boolean {
    return this.#closed !== undefined;
  }

  /** Called once when the connection ends; returns how to stop listening. */
  onClose(listener: (error: MmsbError) => void): () => void {
    this.#closeListeners.add(listener);
    return () => this.#closeListeners.delete(listener);
  }

  close(): void {
    this.#shut(portClosed());
    this.#port.close();
  }

  /** Asks once. Abort the signal to cancel: the result is then `CANCELLED`, at once, and the server stops working on it. */
  async request<N extends RequestName>(
    name: N,
    params: ParamsOf<N>,
    options: RequestOptions<N> = {},
  ): Promise<Result<ReplyOf<N>>> {
    const spec = REQUESTS[name];
    const encoded = encodeControl(spec.params, params as never, name);
    if (!encoded.ok) return encoded;
    const columns = (options.columns ?? {}) as FrameColumns;
    while (this.#requestsInFlight >= LIMITS.inFlight) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    if (this.#closed !== undefined) return err(this.#closed);
    if (options.signal?.aborted === true) {
      this.#letNextGo();
      return cancelled();
    }
    return new Promise((resolve) => {
      const id = this.#takeId();
      this.#requestsInFlight++;
      let waitingForServer = true;
      const settle = (result: Result<ReplyOf<N>>) => {
        options.signal?.removeEventListener("abort", onAbort);
        resolve(result);
      };
      // The id stays taken until the server lets go of it, so that a late reply cannot be taken for another's.
      const release = () => {
        waitingForServer = false;
        this.#pending.delete(id);
        this.#requestsInFlight--;
        this.#letNextGo();
      };
      const onAbort = () => {
        if (waitingForServer) this.#port.send(encodeFrame(FrameKind.Cancel, id, {}));
        settle(cancelled());
      };
      options.signal?.addEventListener("abort", onAbort);
      this.#pending.set(id, {
        reply: (frame) => {
          release();
          settle(readReply(name, frame));
        },
        failed: (error) => {
          release();
          settle(err(error));
        },
        progress: (progress) => options.onProgress?.(progress),
        update: () => {},
      });
      this.#port.send(encodeFrame(FrameKind.Request, id, { name, params: encoded.value }, columns));
    });
  }

  /** Watches something until `close`, its own end or the connection's. */
  subscribe<N extends SubscriptionName>(
    name: N,
    params: SubscriptionParamsOf<N>,
    options: SubscribeOptions<N>,
  ): Subscription {
    const spec = SUBSCRIPTIONS[name];
    const encoded = encodeControl(spec.params, params as never, name);
    const refused = encoded.ok ? this.#closed : encoded.error;
    if (refused !== undefined || !encoded.ok) {
      options.onEnd?.(refused);
      return { grant: () => {}, close: () => {} };
    }
    const id = this.#takeId();
    let open = true;
    const end = (error: MmsbError | undefined) => {
      if (!open) return;
      open = false;
      options.onEnd?.(error);
    };
    this.#pending.set(id, {
      reply: () => {
        this.#pending.delete(id);
        end(undefined);
      },
      failed: (error) => {
        this.#pending.delete(id);
        end(error);
      },
      progress: () => {},
      update: (frame) => {
        if (!open) return;
        const update = readUpdate(name, frame);
        if (update.ok) {
          options.onUpdate(update.value);
          return;
        }
        this.#port.send(encodeFrame(FrameKind.Cancel, id, {}));
        end(update.error);
      },
    });
    this.#port.send(
      encodeFrame(FrameKind.Subscribe, id, { name, params: encoded.value, credit: options.credit }),
    );
    return {
      grant: (more) => {
        if (open) this.#port.send(encodeFrame(FrameKind.Credit, id, { more }));
      },
      close: () => {
        if (!open) return;
        this.#port.send(encodeFrame(FrameKind.Cancel, id, {}));
        end(cancelled().error);
      },
    };
  }

  #takeId(): number {
    while (this.#pending.has(this.#nextId)) this.#nextId = nextId(this.#nextId);
    const id = this.#nextId;
    this.#nextId = nextId(id);
    return id;
  }

  #letNextGo(): void {
    this.#waiting.shift()?.();
  }

  #receive(message: Uint8Array): void {
    const frame = decodeFrame(message, REPLY_LIMITS);
    if (!frame.ok) this.#fatal(frame.error);
    else if (frame.value.kind === FrameKind.Welcome) this.#greet(frame.value.control);
    else if (frame.value.id !== 0) this.#dispatch(frame.value);
    else if (frame.value.kind === FrameKind.Failed) this.#fatal(readFailure(frame.value.control));
  }

  #dispatch(frame: Frame): void {
    const pending = this.#pending.get(frame.id);
    if (pending === undefined) return;
    if (frame.kind === FrameKind.Reply || frame.kind === FrameKind.End) pending.reply(frame);
    else if (frame.kind === FrameKind.Update) pending.update(frame);
    else if (frame.kind === FrameKind.Failed) pending.failed(readFailure(frame.control));
    else if (frame.kind === FrameKind.Progress) {
      const progress = decodeControl(controlSchemas.progress, frame.control, "progress");
      if (progress.ok) pending.progress(progress.value);
    }
  }

  #greet(control: unknown): void {
    const welcome = decodeControl(controlSchemas.welcome, control, "welcome");
    if (!welcome.ok) {
      this.#fatal(welcome.error);
      return;
    }
    this.#serverName = welcome.value.server;
    this.#welcome?.(ok());
    this.#welcome = undefined;
  }

  #fatal(error: MmsbError): void {
    this.#shut(error);
    this.#port.close();
  }

  #shut(error: MmsbError): void {
    if (this.#closed !== undefined) return;
    this.#closed = error;
    this.#welcome?.(err(error));
    this.#welcome = undefined;
    for (const pending of [...this.#pending.values()]) pending.failed(error);
    for (const resume of this.#waiting.splice(0)) resume();
    for (const listener of this.#closeListeners) listener(error);
  }
}

function readFailure(control: unknown): MmsbError {
  const failed = decodeControl(controlSchemas.failed, control, "failed");
  return failed.ok ? fromWireError(failed.value) : failed.error;
}

function readReply<N extends RequestName>(name: N, frame: Frame): Result<ReplyOf<N>> {
  const spec = REQUESTS[name];
  const control = decodeControl(controlSchemas.reply, frame.control, name);
  if (!control.ok) return control;
  const result = decodeControl(spec.result, control.value.result, name);
  if (!result.ok) return result;
  const columns = checkColumns(spec.columns, frame.columns, name);
  if (!columns.ok) return columns;
  return ok({ result: result.value, columns: columns.value } as ReplyOf<N>);
}

function readUpdate<N extends SubscriptionName>(name: N, frame: Frame): Result<UpdateOf<N>> {
  const spec = SUBSCRIPTIONS[name];
  const control = decodeControl(controlSchemas.update, frame.control, name);
  if (!control.ok) return control;
  const result = decodeControl(spec.result, control.value.update, name);
  if (!result.ok) return result;
  const columns = checkColumns(spec.columns, frame.columns, name);
  if (!columns.ok) return columns;
  return ok({ result: result.value, columns: columns.value } as UpdateOf<N>);
}

function nextId(id: number): number {
  return id === 0xffff_ffff ? 1 : id + 1;
}

function cancelled() {
  return fail("CANCELLED", "the request was cancelled", "Ask again if the answer is still wanted");
}

function portClosed(): MmsbError {
  return new MmsbError(
    "PORT_CLOSED",
    "the connection to the engine ended",
    "Reconnect, or reload the window",
  );
}
