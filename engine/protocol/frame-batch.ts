import { frameBytes } from "./frame.ts";

/** A carrier's message is not made longer than this by putting frames together: to copy more costs more than a message of its own. */
const BATCH_BYTES = 65_536;

/**
 * Puts frames that are sent in one go into one message of a carrier where each message costs much (a WebSocket): one behind the other, in
 * order. They leave with the end of the running piece of code, so nothing waits for anything.
 */
export class FrameBatch {
  readonly #send: (message: Uint8Array) => void;
  #frames: Uint8Array[] = [];
  #bytes = 0;

  constructor(send: (message: Uint8Array) => void) {
    this.#send = send;
  }

  /** Bytes that have not left yet. */
  get bytes(): number {
    return this.#bytes;
  }

  push(frame: Uint8Array): void {
    if (this.#bytes + frame.length > BATCH_BYTES) this.flush();
    if (this.#frames.length === 0) void Promise.resolve().then(() => this.flush());
    this.#frames.push(frame);
    this.#bytes += frame.length;
  }

  flush(): void {
    const frames = this.#frames;
    if (frames.length === 0) return;
    const message = frames.length === 1 ? frames[0]! : new Uint8Array(this.#bytes);
    this.#frames = [];
    this.#bytes = 0;
    if (frames.length > 1) {
      let at = 0;
      for (const frame of frames) {
        message.set(frame, at);
        at += frame.length;
      }
    }
    this.#send(message);
  }
}

/** The frames of such a message. What is no whole frame stays in one piece with all behind it: `decodeFrame` says what is wrong with it. */
export function* framesIn(message: Uint8Array): Generator<Uint8Array, void> {
  let at = 0;
  for (;;) {
    const length = frameBytes(message, at);
    if (length === undefined || length >= message.length - at) break;
    yield message.subarray(at, at + length);
    at += length;
  }
  yield message.subarray(at);
}
