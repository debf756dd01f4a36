import { MmsbError } from "../../engine/base/errors.ts";
import { err, type Result } from "../../engine/base/result.ts";
import type { Progress } from "../../engine/protocol/control.ts";
import type { RecordingInfo } from "../../engine/protocol/requests/recordings.ts";
import type { ParamsOf, ReplyOf, RequestName } from "../../engine/protocol/requests.ts";
import { onCursorRest } from "../state/cursor-rest.ts";
import { useCursor } from "../state/cursor-store.ts";
import { useDeltaFilter, useEventFilter } from "../state/filter-store.ts";
import { showNotice } from "../state/notice-store.ts";
import { useSelection } from "../state/selection-store.ts";
import { useTimeline } from "../state/timeline-store.ts";
import { BookmarkBook } from "./bookmark-book.ts";
import { Connection, type OpenPort } from "./connection.ts";
import { clampLsn, Navigator } from "./navigator.ts";
import { QueryCache } from "./query-cache.ts";
import { RecordingSession } from "./recording-session.ts";

/**
 * Answers kept for the panels. A page view is some 8 KiB with ages, a timeline view 200 KiB: 64 MiB hold hundreds of steps back and
 * stay far below the page's 500 MiB.
 */
const CACHE_BYTES = 64 * 1024 * 1024;

/** What all parts of the window share: one connection, one recording, one cursor, one cache. */
export class Studio {
  readonly connection: Connection;
  readonly session: RecordingSession;
  readonly navigator: Navigator;
  readonly bookmarks: BookmarkBook;
  readonly cache = new QueryCache<unknown>(CACHE_BYTES, weighReply);
  #shownIdentity: string | undefined;
  #shownGeneration = 0;

  /** `firstPath` is opened once there is a connection; empty = the only one that there is, or none. */
  constructor(openPort: OpenPort, firstPath = "") {
    this.connection = new Connection(openPort);
    this.session = new RecordingSession(this.connection, firstPath);
    this.navigator = new Navigator(this.session, (error) =>
      showNotice({ tone: "danger", text: error.describe() }),
    );
    this.bookmarks = new BookmarkBook(this.session);
    this.session.subscribe(() => this.#recordingChanged());
  }

  start(): void {
    this.connection.start();
  }

  async request<N extends RequestName>(
    name: N,
    params: ParamsOf<N>,
    signal?: AbortSignal,
    onProgress?: (progress: Progress) => void,
  ): Promise<Result<ReplyOf<N>>> {
    const { client } = this.session;
    if (client === undefined) {
      return err(
        new MmsbError("PORT_CLOSED", "the engine is not connected", "Wait for the connection to come back"),
      );
    }
    return client.request(name, params, { ...(signal && { signal }), ...(onProgress && { onProgress }) });
  }

  /** Another recording begins with a fresh view, or with the one it was left with. */
  #recordingChanged(): void {
    const { recording, generation } = this.session.snapshot();
    if (generation !== this.#shownGeneration) {
      this.#shownGeneration = generation;
      this.cache.clear();
      this.navigator.pause();
    }
    if (recording === undefined || identityOf(recording) === this.#shownIdentity) return;
    this.#shownIdentity = identityOf(recording);
    useSelection.getState().clear();
    useTimeline.setState({ view: undefined, area: undefined });
    useDeltaFilter.setState({ query: "", value: "" });
    useEventFilter.setState({ query: "" });
    useCursor.getState().setLsn(rememberedLsn(recording));
  }
}

/** Copies of a recording carry the same UUID, and so do those that were made with the same seed. */
function identityOf({ uuid, path }: RecordingInfo): string {
  return `${uuid} ${path}`;
}

const PLACE_KEY = "mmsb.place";
const PLACE_RESTS_MS = 250;

/** Keeps the cursor over a reload of the window, as soon as it rests. Returns how to stop. */
export function keepPlace(recording: RecordingInfo): () => void {
  const keep = () =>
    sessionStorage.setItem(PLACE_KEY, `${useCursor.getState().lsn} ${identityOf(recording)}`);
  const stop = onCursorRest(PLACE_RESTS_MS, keep);
  window.addEventListener("pagehide", keep);
  return () => {
    stop();
    keep();
    window.removeEventListener("pagehide", keep);
  };
}

function rememberedLsn(recording: RecordingInfo): number {
  const [lsn = "", ...identity] = (sessionStorage.getItem(PLACE_KEY) ?? "").split(" ");
  const isThis = identity.join(" ") === identityOf(recording);
  return clampLsn(isThis ? Number(lsn) || 0 : recording.committedLsn, recording);
}

function weighReply(value: unknown): number {
  const columns = (value as { columns?: Readonly<Record<string, ArrayBufferView>> }).columns ?? {};
  let bytes = 2048;
  for (const column of Object.values(columns)) bytes += column.byteLength;
  return bytes;
}
