import type { RawData, WebSocket } from "ws";
import { FrameBatch, framesIn } from "../../protocol/frame-batch.ts";
import type { Port } from "../../protocol/port.ts";
import { RateLimit } from "./rate-limit.ts";

/** A window that scrubs asks some hundred things a second; this is for one that has gone mad. */
const MESSAGES_PER_SECOND = 4000;
const MESSAGES_AT_ONCE = 8000;
/** Uploads come in chunks of half a MiB. */
const BYTES_PER_SECOND = 256 << 20;
const BYTES_AT_ONCE = 256 << 20;

const CLOSE_UNSUPPORTED = 1003;
const CLOSE_POLICY = 1008;

/** A WebSocket as a port: binary messages only, and not more of them than a person could cause. */
export class WebSocketPort implements Port {
  readonly #socket: WebSocket;
  readonly #messages = new RateLimit(MESSAGES_PER_SECOND, MESSAGES_AT_ONCE);
  readonly #bytes = new RateLimit(BYTES_PER_SECOND, BYTES_AT_ONCE);
  readonly #batch = new FrameBatch((message) => this.#write(message));

  constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.binaryType = "nodebuffer";
    // An error is always followed by the end of the connection.
    socket.on("error", () => undefined);
  }

  get bufferedBytes(): number {
    return this.#socket.bufferedAmount + this.#batch.bytes;
  }

  send(message: Uint8Array): void {
    this.#batch.push(message);
  }

  #write(message: Uint8Array): void {
    if (this.#socket.readyState !== this.#socket.OPEN) return;
    this.#socket.send(message, { binary: true }, () => undefined);
  }

  onMessage(listener: (message: Uint8Array) => void): void {
    this.#socket.on("message", (data: RawData, isBinary: boolean) => {
      const message = data as Buffer;
      if (!isBinary) this.#socket.close(CLOSE_UNSUPPORTED, "binary messages only");
      else if (!this.#bytes.take(message.length)) this.#flooded();
      else this.#read(message, listener);
    });
  }

  /** Each frame counts, also where several came in one message. */
  #read(message: Uint8Array, listener: (message: Uint8Array) => void): void {
    for (const frame of framesIn(message)) {
      if (!this.#messages.take()) {
        this.#flooded();
        return;
      }
      listener(frame);
    }
  }

  /** Nothing of what is still on its way is read. */
  #flooded(): void {
    this.#socket.removeAllListeners("message");
    this.#socket.close(CLOSE_POLICY, "too many messages");
    this.#socket.terminate();
  }

  onClose(listener: () => void): void {
    this.#socket.once("close", listener);
  }

  close(): void {
    this.#batch.flush();
    this.#socket.close();
  }
}
