import { fail, ok, type Result } from "../../engine/base/result.ts";
import { FrameBatch, framesIn } from "../../engine/protocol/frame-batch.ts";
import type { Port } from "../../engine/protocol/port.ts";

/** How long a server may take to answer the first time. */
const OPEN_TIMEOUT_MS = 10_000;

/**
 * A port over a WebSocket, once it is open. Errors: `PORT_CLOSED` (nobody answers), `ACCESS_DENIED` (the server at `pageUrl` answers, and lets
 * this window not in), `UNSUPPORTED` (the browser has no WebSocket).
 */
export async function openWebSocketPort(
  url: string,
  protocols: string[],
  pageUrl: string,
): Promise<Result<Port>> {
  const socket = newSocket(url, protocols);
  if (socket === undefined) {
    return fail(
      "UNSUPPORTED",
      "this browser gives the page no WebSocket, over which the engine is reached",
      "Use another browser, or let this address have WebSockets",
    );
  }
  switch (await opening(socket)) {
    case "open":
      return ok(new WebSocketPort(socket));
    case "late":
      return fail("PORT_CLOSED", "the server did not answer in time", IS_RUNNING);
    case "closed":
      // A browser does not say why: a server that gives the page and refuses the engine has another key.
      return (await answers(pageUrl))
        ? fail(
            "ACCESS_DENIED",
            "the server runs, and does not let this window in",
            "Open the address that 'mmsb serve' printed: its key is a new one each time the server starts",
          )
        : fail("PORT_CLOSED", "the server cannot be reached", IS_RUNNING);
  }
}

const IS_RUNNING = "Check that 'mmsb serve' is running, and use the address that it printed";

function newSocket(url: string, protocols: string[]): WebSocket | undefined {
  try {
    const socket = new WebSocket(url, protocols);
    socket.binaryType = "arraybuffer";
    return socket;
  } catch {
    return undefined;
  }
}

function opening(socket: WebSocket): Promise<"open" | "closed" | "late"> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => {
      resolve("late");
      socket.close();
    }, OPEN_TIMEOUT_MS);
    socket.onopen = () => {
      clearTimeout(timer);
      resolve("open");
    };
    socket.onclose = () => {
      clearTimeout(timer);
      resolve("closed");
    };
  });
}

async function answers(pageUrl: string): Promise<boolean> {
  try {
    return (await fetch(pageUrl, { method: "HEAD", cache: "no-store" })).ok;
  } catch {
    return false;
  }
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
