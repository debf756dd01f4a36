import { MmsbError } from "../../engine/base/errors.ts";
import type { EngineClient, Subscription } from "../../engine/protocol/client.ts";
import type { Progress } from "../../engine/protocol/control.ts";
import type { RecordingInfo } from "../../engine/protocol/requests/recordings.ts";
import type { ReplyOf } from "../../engine/protocol/requests.ts";
import { useCursor } from "../state/cursor-store.ts";
import type { ExternalStore } from "../state/external-store.ts";
import type { Connection, ConnectionState } from "./connection.ts";
import { rememberOpenPath } from "./door-keys.ts";

export type Listing = ReplyOf<"recordings.list">["result"];

export interface Opening {
  readonly name: string;
  readonly progress: Progress | undefined;
}

export interface SessionState {
  readonly connection: ConnectionState;
  /** What the engine offers to open; `undefined` until it said. */
  readonly listing: Listing | undefined;
  readonly recording: RecordingInfo | undefined;
  /** Rises with every opening, also after a reconnect: answers from before do not count any more. */
  readonly generation: number;
  readonly opening: Opening | undefined;
  /** Why the last attempt to open failed. */
  readonly openError: MmsbError | undefined;
}

/** Updates of a growing recording that may be on their way: more than a few would only be old. */
const CHANGES_CREDIT = 4;

/** The one recording that the window shows, over whatever connection there is; it is opened again after a reconnect. */
export class RecordingSession implements ExternalStore<SessionState> {
  readonly #connection: Connection;
  readonly #listeners = new Set<() => void>();
  #state: SessionState;
  #path: string | undefined;
  #changes: Pick<Subscription, "close"> | undefined;
  #abort: AbortController | undefined;

  constructor(connection: Connection, firstPath = "") {
    this.#connection = connection;
    this.#path = firstPath === "" ? undefined : firstPath;
    this.#state = {
      connection: connection.state,
      listing: undefined,
      recording: undefined,
      generation: 0,
      opening: undefined,
      openError: undefined,
    };
    connection.onChange(() => this.#connectionChanged());
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  readonly snapshot = (): SessionState => this.#state;

  get client(): EngineClient | undefined {
    return this.#connection.client;
  }

  retryConnection(): void {
    this.#connection.retryNow();
  }

  /** Opens a file that the engine can reach; what was open before is let go. */
  async open(path: string): Promise<void> {
    const client = this.client;
    if (client === undefined) return;
    this.#abort?.abort();
    const abort = new AbortController();
    this.#abort = abort;
    const name = path.split(/[/\\]/).at(-1) ?? path;
    this.#set({ opening: { name, progress: undefined }, openError: undefined });
    const opened = await client.request(
      "recording.open",
      { path },
      {
        signal: abort.signal,
        onProgress: (progress) => {
          if (this.#abort === abort) this.#set({ opening: { name, progress } });
        },
      },
    );
    if (this.#abort !== abort) return;
    this.#abort = undefined;
    if (!opened.ok) {
      const openError = opened.error.code === "CANCELLED" ? undefined : opened.error;
      this.#set({ opening: undefined, openError });
      return;
    }
    const before = this.#state.recording;
    const after = opened.value.result;
    if (before !== undefined && before.recording !== after.recording) {
      void client.request("recording.close", { recording: before.recording });
    }
    this.#path = path;
    rememberOpenPath(path);
    this.#set({ opening: undefined, recording: after, generation: this.#state.generation + 1 });
    this.#watch(client, after);
  }

  /** A person has read why the last attempt to open failed. */
  forgetOpenError(): void {
    if (this.#state.openError !== undefined) this.#set({ openError: undefined });
  }

  cancelOpening(): void {
    this.#abort?.abort();
  }

  close(): void {
    const { recording } = this.#state;
    this.#changes?.close();
    this.#changes = undefined;
    this.#path = undefined;
    rememberOpenPath(undefined);
    if (recording !== undefined)
      void this.client?.request("recording.close", { recording: recording.recording });
    this.#set({ recording: undefined, openError: undefined });
    void this.refreshListing();
  }

  /** Sends a file that only the page has (drag and drop in a browser), then opens it. */
  async upload(file: File): Promise<void> {
    const client = this.client;
    if (client === undefined) return;
    this.#abort?.abort();
    const abort = new AbortController();
    this.#abort = abort;
    this.#set({ opening: { name: file.name, progress: undefined }, openError: undefined });
    const path = await this.#send(client, file, abort.signal);
    if (this.#abort !== abort) return;
    this.#abort = undefined;
    if (path instanceof MmsbError) {
      this.#set({ opening: undefined, openError: path.code === "CANCELLED" ? undefined : path });
    } else await this.open(path);
  }

  async #send(client: EngineClient, file: File, signal: AbortSignal): Promise<string | MmsbError> {
    const begun = await client.request("upload.begin", { name: file.name, sizeBytes: file.size }, { signal });
    if (!begun.ok) return begun.error;
    const { upload, maxChunkBytes } = begun.value.result;
    for (let offset = 0; offset < file.size; offset += maxChunkBytes) {
      const bytes = new Uint8Array(await file.slice(offset, offset + maxChunkBytes).arrayBuffer());
      const sent = await client.request("upload.chunk", { upload, offset }, { signal, columns: { bytes } });
      if (!sent.ok) return sent.error;
      const progress = { phase: "upload", done: offset + bytes.length, total: file.size };
      this.#set({ opening: { name: file.name, progress } });
    }
    const finished = await client.request("upload.finish", { upload }, { signal });
    return finished.ok ? finished.value.result.path : finished.error;
  }

  async refreshListing(): Promise<void> {
    const listed = await this.client?.request("recordings.list", {});
    if (listed?.ok === true) this.#set({ listing: listed.value.result });
  }

  #connectionChanged(): void {
    const connection = this.#connection.state;
    this.#set({ connection });
    if (connection.phase !== "ready") return;
    this.#changes?.close();
    this.#changes = undefined;
    void this.#resume();
  }

  /** Opens what was asked for or open before; else what there is only one of. */
  async #resume(): Promise<void> {
    await this.refreshListing();
    const { listing, openError } = this.#state;
    const only = listing?.available.length === 1 ? listing.available[0]?.path : undefined;
    const path = this.#path ?? (openError === undefined ? only : undefined);
    if (path !== undefined) await this.open(path);
  }

  /** While a hand drags the cursor, what changed waits for it to let go: each change has all panels ask and draw anew. */
  #watch(client: EngineClient, recording: RecordingInfo): void {
    this.#changes?.close();
    let latest: RecordingInfo | undefined;
    const show = () => {
      if (latest !== undefined && this.#state.recording?.recording === latest.recording)
        this.#set({ recording: latest });
      latest = undefined;
    };
    const subscription = client.subscribe(
      "recording.changes",
      { recording: recording.recording },
      {
        credit: CHANGES_CREDIT,
        onUpdate: ({ result }) => {
          subscription.grant(1);
          latest = result;
          if (!useCursor.getState().scrubbing) show();
        },
      },
    );
    const stop = useCursor.subscribe((now) => {
      if (!now.scrubbing) show();
    });
    this.#changes = {
      close: () => {
        stop();
        subscription.close();
      },
    };
  }

  #set(change: Partial<SessionState>): void {
    this.#state = { ...this.#state, ...change };
    for (const listener of [...this.#listeners]) listener();
  }
}
