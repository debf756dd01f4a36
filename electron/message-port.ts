import type { MessagePortMain } from "electron";
import type { Port } from "../engine/protocol/port.ts";

/** A port to the page. Electron does not say how much waits in it. */
export class DesktopPort implements Port {
  readonly bufferedBytes = 0;
  readonly #channel: MessagePortMain;
  #onClose: (() => void) | undefined;
  #closed = false;

  constructor(channel: MessagePortMain) {
    this.#channel = channel;
    channel.once("close", () => this.#shut());
  }

  send(message: Uint8Array): void {
    if (!this.#closed) this.#channel.postMessage(message);
  }

  /** Messages wait in the channel until someone listens. */
  onMessage(listener: (message: Uint8Array) => void): void {
    this.#channel.on("message", ({ data }) => {
      // What is not bytes is no message of the protocol; an empty one is refused there.
      listener(data instanceof Uint8Array ? data : new Uint8Array(0));
    });
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
