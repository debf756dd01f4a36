import type { Port } from "./port.ts";

/** Two ends in one process: messages are copied and arrive in a later microtask, as they would from elsewhere. */
export function memoryPorts(): readonly [Port, Port] {
  const left = new MemoryPort();
  const right = new MemoryPort();
  left.peer = right;
  right.peer = left;
  return [left, right];
}

class MemoryPort implements Port {
  peer!: MemoryPort;
  bufferedBytes = 0;
  #closed = false;
  #waiting: Uint8Array[] = [];
  #onMessage: ((message: Uint8Array) => void) | undefined;
  #onClose: (() => void) | undefined;

  send(message: Uint8Array): void {
    if (this.#closed) return;
    const copy = message.slice();
    this.bufferedBytes += copy.length;
    void Promise.resolve().then(() => {
      this.bufferedBytes -= copy.length;
      this.peer.#deliver(copy);
    });
  }

  onMessage(listener: (message: Uint8Array) => void): void {
    this.#onMessage = listener;
    for (const message of this.#waiting.splice(0)) listener(message);
  }

  onClose(listener: () => void): void {
    this.#onClose = listener;
  }

  close(): void {
    if (this.#closed) return;
    this.#shut();
    void Promise.resolve().then(() => this.peer.#shut());
  }

  #deliver(message: Uint8Array): void {
    if (this.#closed) return;
    if (this.#onMessage === undefined) this.#waiting.push(message);
    else this.#onMessage(message);
  }

  #shut(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#onClose?.();
  }
}
