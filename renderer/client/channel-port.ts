import type { Port } from "../../engine/protocol/port.ts";

/** A port over a browser `MessagePort`: what the desktop shell hands to the page. */
export class ChannelPort implements Port {
  /** A `MessagePort` does not say how much waits in it. */
  readonly bufferedBytes = 0;
  readonly #channel: MessagePort;
  #onMessage: ((message: Uint8Array) => void) | undefined;
  #onClose: (() => void) | undefined;
  #closed = false;

  constructor(channel: MessagePort) {
    this.#channel = channel;
    channel.onmessage = (event: MessageEvent<unknown>) => {
      const message = bytesOf(event.data);
      if (message !== undefined) this.#onMessage?.(message);
    };
    // Chromium tells a port when its other end is gone; the DOM typings do not know the event yet.
    channel.addEventListener("close", () => this.#shut());
  }

  send(message: Uint8Array): void {
    if (!this.#closed) this.#channel.postMessage(message);
  }

  /** Messages wait in the channel until someone listens. */
  onMessage(listener: (message: Uint8Array) => void): void {
    this.#onMessage = listener;
    this.#channel.start();
  }

  onClose(listener: () => void): void {
    this.#onClose = listener;
    if (this.#closed) listener();
  }

  close(): void {
    this.#channel.close();
    this.#shut();
  }

  #shut(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#onClose?.();
  }
}

function bytesOf(data: unknown): Uint8Array | undefined {
  if (data instanceof Uint8Array) return data;
  return data instanceof ArrayBuffer ? new Uint8Array(data) : undefined;
}
