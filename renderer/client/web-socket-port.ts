import { fail, ok, type Result } from "../../engine/base/result.ts";
import { FrameBatch, framesIn } from "../../engine/protocol/frame-batch.ts";
import type { Port } from "../../engine/protocol/port.ts";

/** How long a server may take to answer the first time. */
const OPEN_TIMEOUT_MS = 10_000;

/** A port over a WebSocket, once it is open. Fails with `PORT_CLOSED` where nobody answers or the server refuses. */
export function openWebSocketPort(url: string, protocols: string[]): Promise<Result<Port>> {
  return new Promise((resolve) => {
    const socket = new WebSocket(url, protocols);
    socket.binaryType = "arraybuffer";
    const refuse = (reason: string) =>
      resolve(
        fail(
          "PORT_CLOSED",
          reason,
          "Check that `mmsb serve` is running, and use the address that it printed",
        ),
      );
    const timer = setTimeout(() => {
      refuse("the server did not answer in time");
      socket.close();
    }, OPEN_TIMEOUT_MS);
    socket.onopen = () => {
      clearTimeout(timer);
      resolve(ok(new WebSocketPort(socket)));
    };
    socket.onclose = () => {
      clearTimeout(timer);
      refuse("the server cannot be reached or refused the connection");
    };
  });
}

class WebSocketPort implements Port {
  readonly #socket: WebSocket;
  readonly #batch = new FrameBatch((message) => this.#socket.send(message as Uint8Array<ArrayBuffer>));
  #onMessage: ((message: Uint8Array) => void) | undefined;
  #onClose: (() => void) | undefined;
  #closed = false;

  constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.onmessage = (event: MessageEvent<unknown>) => {
      if (!(event.data instanceof ArrayBuffer)) return;
      for (const frame of framesIn(new Uint8Array(event.data))) this.#onMessage?.(frame);
    };
    socket.onclose = () => this.#shut();
    socket.onerror = null;
  }

  get bufferedBytes(): number {
    return this.#socket.bufferedAmount + this.#batch.bytes;
  }

  send(message: Uint8Array): void {
    if (!this.#closed) this.#batch.push(message);
  }

  onMessage(listener: (message: Uint8Array) => void): void {
    this.#onMessage = listener;
  }

  onClose(listener: () => void): void {
    this.#onClose = listener;
    if (this.#closed) listener();
  }

  close(): void {
    this.#batch.flush();
    this.#socket.close();
    this.#shut();
  }

  #shut(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#onClose?.();
  }
}
