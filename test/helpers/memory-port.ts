import type { Port } from "../../engine/protocol/port.ts";

/** Two ends in one process: messages are copied and arrive in a later microtask, as they would from elsewhere. */
export function memoryPorts(): readonly [MemoryPort, MemoryPort] {
  const left = new MemoryPort();
  const right = new MemoryPort();
  left.peer = right;
  right.peer = left;
  return [left, right];
}

export class MemoryPort implements Port {
  peer!: MemoryPort;
  bufferedBytes = 0;
  /** While true what is sent to this end waits with its sender, as behind a reader that is busy elsewhere. */
  #paused = false;
  #closed = false;
  #waiting: Uint8Array[] = [];
  #onMessage: ((message: Uint8Array) => void) | undefined;
  #onClose: (() => void) | undefined;

  get isClosed(): boolean {
    return this.#closed;
  }

  send(message: Uint8Array): void {
    if (this.#closed) return;
    const copy = message.slice();
    this.bufferedBytes += copy.length;
    void Promise.resolve().then(() => this.peer.#arrive(copy));
  }

  onMessage(listener: (message: Uint8Array) => void): void {
    this.#onMessage = listener;
    this.#deliver();
  }

  onClose(listener: () => void): void {
    this.#onClose = listener;
  }

  /** Stops taking what the other end sends. */
  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.#deliver();
  }

  close(): void {
    if (this.#closed) return;
    this.#shut();
    void Promise.resolve().then(() => this.peer.#shut());
  }

  #arrive(message: Uint8Array): void {
    if (this.#closed) return;
    this.#waiting.push(message);
    this.#deliver();
  }

  #deliver(): void {
    while (!this.#paused && this.#onMessage !== undefined && this.#waiting.length > 0) {
      const message = this.#waiting.shift()!;
      this.peer.bufferedBytes -= message.length;
      this.#onMessage(message);
    }
  }

  #shut(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#onClose?.();
  }
}
