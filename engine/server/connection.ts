import { MmsbError } from "../base/errors.ts";
import type { Result } from "../base/result.ts";
import { checkColumns, decodeControl, encodeControl } from "../protocol/check.ts";
import { controlSchemas, PROTOCOL_VERSION } from "../protocol/control.ts";
import { decodeFrame, encodeFrame, type Frame, FrameKind, peekFrameId } from "../protocol/frame.ts";
import { LIMITS } from "../protocol/limits.ts";
import type { Port } from "../protocol/port.ts";
import { isRequestName, isSubscriptionName, REQUESTS, type RequestName } from "../protocol/requests.ts";
import { toWireError } from "../protocol/wire-error.ts";
import { RequestQueue } from "./request-queue.ts";
import type { PeerSession, ReportProgress } from "./service.ts";
import { internalError, type Sliced, type SliceScheduler } from "./slice-scheduler.ts";
import { OpenSubscription } from "./subscription.ts";

const FRAME_LIMITS = {
  frameBytes: LIMITS.clientFrameBytes,
  controlBytes: LIMITS.controlBytes,
  columns: LIMITS.columns,
};

const PROGRESS_EVERY_MS = 50;

export interface ConnectionOptions {
  readonly port: Port;
  readonly session: PeerSession;
  readonly scheduler: SliceScheduler;
  readonly serverName: string;
  readonly onClosed?: () => void;
}

/**
 * The answering side of one port: handshake, checks, dispatch, cancellation, credit. Whatever arrives, it answers with a typed error or
 * closes this port; nothing here throws and nothing grows without bound.
 */
export class Connection {
  readonly #port: Port;
  readonly #session: PeerSession;
  readonly #serverName: string;
  readonly #requests: RequestQueue;
  readonly #subscriptions = new Map<number, OpenSubscription>();
  readonly #onClosed: (() => void) | undefined;
  #greeted = false;
  #closed = false;

  constructor(options: ConnectionOptions) {
    this.#port = options.port;
    this.#session = options.session;
    this.#serverName = options.serverName;
    this.#onClosed = options.onClosed;
    this.#requests = new RequestQueue(options.scheduler, options.port, () =>
      this.#refuseAll(
        "LIMIT_EXCEEDED",
        "the other side no longer reads what it asked for",
        "Reload the window",
      ),
    );
    options.port.onClose(() => this.#shut());
    options.port.onMessage((message) => this.#receive(message));
  }

  get isClosed(): boolean {
    return this.#closed;
  }

  close(): void {
    if (this.#closed) return;
    this.#shut();
    this.#port.close();
  }

  #shut(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#requests.dispose();
    for (const subscription of this.#subscriptions.values()) subscription.stop();
    this.#subscriptions.clear();
    this.#session.dispose();
    this.#onClosed?.();
  }

  #receive(message: Uint8Array): void {
    if (this.#closed) return;
    try {
      const frame = decodeFrame(message, FRAME_LIMITS);
      if (frame.ok) this.#dispatch(frame.value);
      else this.#refuse(peekFrameId(message), frame.error);
    } catch (cause) {
      this.#refuse(peekFrameId(message), internalError(cause));
    }
  }

  #dispatch(frame: Frame): void {
    if (frame.kind === FrameKind.Hello) {
      this.#greet(frame);
      return;
    }
    if (!this.#greeted) {
      this.#refuseAll(
        "PROTOCOL_MESSAGE",
        "the first message must be a Hello",
        "Connect with the protocol's client",
      );
      return;
    }
    switch (frame.kind) {
      case FrameKind.Request:
        this.#request(frame);
        break;
      case FrameKind.Subscribe:
        this.#subscribe(frame);
        break;
      case FrameKind.Cancel:
        this.#cancel(frame.id);
        break;
      case FrameKind.Credit:
        this.#credit(frame);
        break;
      default:
        this.#refuse(
          frame.id,
          new MmsbError(
            "PROTOCOL_MESSAGE",
            `frame kind ${frame.kind} is not one that a client sends`,
            "Update the older side",
          ),
        );
    }
  }

  #greet(frame: Frame): void {
    const hello = decodeControl(controlSchemas.hello, frame.control, "hello");
    if (!hello.ok || this.#greeted || frame.id !== 0) {
      this.#refuseAll(
        "PROTOCOL_MESSAGE",
        "the Hello is malformed or not the first message",
        "Connect with the protocol's client",
      );
    } else if (!hello.value.versions.includes(PROTOCOL_VERSION)) {
      this.#refuseAll(
        "PROTOCOL_VERSION",
        `the window speaks protocol ${hello.value.versions.join(", ")}, the engine ${PROTOCOL_VERSION}`,
        "Reload the window, or update the older side",
      );
    } else {
      this.#greeted = true;
      this.#port.send(
        encodeFrame(FrameKind.Welcome, 0, { version: PROTOCOL_VERSION, server: this.#serverName }),
      );
    }
  }

  /** Ends the connection with a reason. */
  #refuseAll(
    code: "PROTOCOL_MESSAGE" | "PROTOCOL_VERSION" | "LIMIT_EXCEEDED",
    message: string,
    remedy: string,
  ): void {
    this.#fail(0, new MmsbError(code, message, remedy));
    this.close();
  }

  /** Refuses one message. One that belongs to nothing, or comes before the handshake, ends the connection. */
  #refuse(id: number, error: MmsbError): void {
    if (this.#closed) return;
    // A request or subscription that is under way keeps its id: its own answer must stay the only one.
    const known = id !== 0 && (this.#requests.has(id) || this.#subscriptions.has(id));
    if (id !== 0 && this.#greeted && !known) {
      this.#fail(id, error);
      return;
    }
    this.#fail(0, error);
    this.close();
  }

  #fail(id: number, error: MmsbError): void {
    const control = encodeControl(controlSchemas.failed, toWireError(error), "failed");
    const bare = {
      code: "INTERNAL",
      message: "an error could not be told",
      remedy: "Please report it",
      place: {},
    };
    this.#port.send(encodeFrame(FrameKind.Failed, id, control.ok ? control.value : bare));
  }

  /** Whether a new request or subscription may take this id; if not, it has been refused. */
  #mayBegin(id: number): boolean {
    if (id === 0 || this.#requests.has(id) || this.#subscriptions.has(id)) {
      this.#refuseAll("PROTOCOL_MESSAGE", `id ${id} is not free`, "Use an id that is not waited for");
      return false;
    }
    return true;
  }

  #request(frame: Frame): void {
    const { id } = frame;
    if (!this.#mayBegin(id)) return;
    const control = decodeControl(controlSchemas.request, frame.control, "request");
    if (!control.ok) {
      this.#fail(id, control.error);
      return;
    }
    const { name, params } = control.value;
    if (!isRequestName(name)) {
      this.#fail(id, unknownName(name));
      return;
    }
    const checked = decodeControl(REQUESTS[name].params, params, name);
    const sent = checkColumns(REQUESTS[name].sends, frame.columns, name);
    if (!checked.ok || !sent.ok) {
      this.#fail(id, (checked.ok ? (sent as { error: MmsbError }) : checked).error);
      return;
    }
    const steps = this.#session.request(
      name,
      checked.value as never,
      sent.value as never,
      this.#progressOf(id),
    );
    const accepted = this.#requests.add(id, this.#encoded(name, id, steps), (result) => {
      if (this.#closed) return;
      if (result.ok) this.#port.send(result.value);
      else this.#fail(id, result.error);
    });
    if (!accepted) {
      this.#fail(
        id,
        new MmsbError(
          "LIMIT_EXCEEDED",
          `${LIMITS.inFlight} requests are waiting already`,
          "Wait for answers before asking more",
        ),
      );
    }
  }

  /** The request, and then its answer as a frame. */
  *#encoded<N extends RequestName>(
    name: N,
    id: number,
    steps: ReturnType<PeerSession["request"]>,
  ): Sliced<Result<Uint8Array>> {
    const reply = yield* steps;
    if (!reply.ok) return reply;
    const result = encodeControl(REQUESTS[name].result, reply.value.result as never, name);
    if (!result.ok) return { ok: false, error: internalError(result.error.message) };
    return {
      ok: true,
      value: encodeFrame(FrameKind.Reply, id, { result: result.value }, reply.value.columns as never),
    };
  }

  #progressOf(id: number): ReportProgress {
    let last = Number.NEGATIVE_INFINITY;
    let lastPhase = "";
    return (phase, done, total) => {
      const now = performance.now();
      if (this.#closed || !this.#requests.has(id) || (phase === lastPhase && now - last < PROGRESS_EVERY_MS))
        return;
      last = now;
      lastPhase = phase;
      this.#port.send(encodeFrame(FrameKind.Progress, id, { phase, done, total }));
    };
  }

  #subscribe(frame: Frame): void {
    const { id } = frame;
    if (!this.#mayBegin(id)) return;
    const control = decodeControl(controlSchemas.subscribe, frame.control, "subscribe");
    if (!control.ok) {
      this.#fail(id, control.error);
      return;
    }
    const { name, params, credit } = control.value;
    if (!isSubscriptionName(name)) {
      this.#fail(id, unknownName(name));
      return;
    }
    if (this.#subscriptions.size >= LIMITS.subscriptions) {
      this.#fail(
        id,
        new MmsbError(
          "LIMIT_EXCEEDED",
          `${LIMITS.subscriptions} subscriptions are open already`,
          "Close one first",
        ),
      );
      return;
    }
    const opened = OpenSubscription.begin(this.#session, name, params, credit, {
      update: (control, columns) => this.#port.send(encodeFrame(FrameKind.Update, id, control, columns)),
      end: (error) => {
        this.#subscriptions.delete(id);
        if (this.#closed) return;
        if (error === undefined) this.#port.send(encodeFrame(FrameKind.End, id, {}));
        else this.#fail(id, error);
      },
    });
    if (opened.ok) {
      if (!opened.value.hasEnded) this.#subscriptions.set(id, opened.value);
    } else this.#fail(id, opened.error);
  }

  #cancel(id: number): void {
    const subscription = this.#subscriptions.get(id);
    if (subscription === undefined) {
      this.#requests.cancel(id);
      return;
    }
    subscription.cancel();
  }

  #credit(frame: Frame): void {
    const control = decodeControl(controlSchemas.credit, frame.control, "credit");
    if (control.ok) this.#subscriptions.get(frame.id)?.grant(control.value.more);
    else this.#refuseAll("PROTOCOL_MESSAGE", control.error.message, control.error.remedy);
  }
}

function unknownName(name: string): MmsbError {
  return new MmsbError(
    "PROTOCOL_UNKNOWN_REQUEST",
    `there is no request '${name.slice(0, 64)}'`,
    "Update the older side; the protocol's README lists the requests",
  );
}
