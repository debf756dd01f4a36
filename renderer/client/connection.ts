import type { MmsbError } from "../../engine/base/errors.ts";
import type { Result } from "../../engine/base/result.ts";
import { EngineClient } from "../../engine/protocol/client.ts";
import type { Port } from "../../engine/protocol/port.ts";

export type ConnectionState =
  /** `error` is why the attempt before came to nothing; absent on the first. */
  | { readonly phase: "connecting"; readonly attempt: number; readonly error?: MmsbError }
  | { readonly phase: "ready"; readonly serverName: string }
  /** Lost; tried again after `delayMs`. */
  | {
      readonly phase: "waiting";
      readonly attempt: number;
      readonly delayMs: number;
      readonly error: MmsbError;
    }
  /** Trying again would not help: the two sides do not understand each other. */
  | { readonly phase: "refused"; readonly error: MmsbError };

export type OpenPort = () => Promise<Result<Port>>;

const FIRST_DELAY_MS = 250;
const LONGEST_DELAY_MS = 8_000;

/** Doubles from a quarter of a second to eight: a server that restarts is found at once, one that is gone costs nothing. */
export function retryDelayMs(attempt: number): number {
  return Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** Math.min(attempt, 16));
}

/** Keeps one connection to the engine and makes a new one when it ends. */
export class Connection {
  readonly #openPort: OpenPort;
  readonly #listeners = new Set<() => void>();
  #state: ConnectionState = { phase: "connecting", attempt: 0 };
  #client: EngineClient | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #disposed = false;

  constructor(openPort: OpenPort) {
    this.#openPort = openPort;
  }

  get state(): ConnectionState {
    return this.#state;
  }

  /** `undefined` while there is none. */
  get client(): EngineClient | undefined {
    return this.#client;
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  start(): void {
    void this.#attempt(0);
  }

  /** Does not wait for the present delay to pass. */
  retryNow(): void {
    if (this.#state.phase !== "waiting") return;
    clearTimeout(this.#timer);
    void this.#attempt(0, this.#state.error);
  }

  dispose(): void {
    this.#disposed = true;
    clearTimeout(this.#timer);
    this.#client?.close();
    this.#listeners.clear();
  }

  async #attempt(attempt: number, error?: MmsbError): Promise<void> {
    this.#set({ phase: "connecting", attempt, ...(error && { error }) });
    const port = await this.#openPort();
    if (this.#disposed) {
      if (port.ok) port.value.close();
      return;
    }
    if (!port.ok) {
      this.#waitAfter(attempt, port.error);
      return;
    }
    const connected = await EngineClient.connect(port.value, "MMSB Studio");
    if (this.#disposed) return;
    if (!connected.ok) {
      if (connected.error.code === "PROTOCOL_VERSION")
        this.#set({ phase: "refused", error: connected.error });
      else this.#waitAfter(attempt, connected.error);
      return;
    }
    this.#client = connected.value;
    connected.value.onClose((error) => {
      this.#client = undefined;
      if (!this.#disposed) this.#waitAfter(0, error);
    });
    this.#set({ phase: "ready", serverName: connected.value.serverName });
  }

  #waitAfter(attempt: number, error: MmsbError): void {
    const delayMs = retryDelayMs(attempt);
    this.#set({ phase: "waiting", attempt, delayMs, error });
    this.#timer = setTimeout(() => void this.#attempt(attempt + 1, error), delayMs);
  }

  #set(state: ConnectionState): void {
    this.#state = state;
    for (const listener of [...this.#listeners]) listener();
  }
}
