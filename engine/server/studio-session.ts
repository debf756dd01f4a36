import { fail, ok, type Result } from "../base/result.ts";
import { LIMITS } from "../protocol/limits.ts";
import type {
  ParamsOf,
  ReplyOf,
  RequestName,
  SentColumnsOf,
  SubscriptionName,
  SubscriptionParamsOf,
} from "../protocol/requests.ts";
import type { AccessPolicy } from "./access-policy.ts";
import { loadBookmarks, saveBookmarks } from "./bookmarks-file.ts";
import { type Handler, type Handlers, handled } from "./handlers.ts";
import type { OpenedRecording } from "./recording/opened-recording.ts";
import { recordingRequests } from "./recording-requests.ts";
import type { PeerSession, ReportProgress, UpdateSink } from "./service.ts";
import { type Sliced, waitFor } from "./slice-scheduler.ts";
import { type RecordingSubscriptionName, subscribeTo } from "./subscriptions.ts";
import { Uploads } from "./uploads.ts";
import type { WindowShell } from "./window-shell.ts";

/** What a session needs of the host that all windows share. */
export interface SessionHost {
  readonly access: AccessPolicy;
  readonly uploads: boolean;
  open(path: string, progress: ReportProgress): Sliced<Result<OpenedRecording>>;
  release(opened: OpenedRecording): void;
}

interface HeldSubscription {
  /** None where it is about the shell. */
  readonly opened: OpenedRecording | undefined;
  readonly stop: () => void;
  readonly end: () => void;
}

/** What one window has open, and what it may ask. */
export class StudioSession implements PeerSession {
  readonly #host: SessionHost;
  readonly #shell: WindowShell | undefined;
  readonly #opened = new Map<number, OpenedRecording>();
  readonly #uploads = new Uploads();
  readonly #subscriptions = new Set<HeldSubscription>();
  #disposed = false;

  constructor(host: SessionHost, shell?: WindowShell) {
    this.#host = host;
    this.#shell = shell;
  }

  request<N extends RequestName>(
    name: N,
    params: ParamsOf<N>,
    sent: SentColumnsOf<N>,
    progress: ReportProgress,
  ): Sliced<Result<ReplyOf<N>>> {
    const handler = this.#handlers[name] as Handler<N>;
    return handler(params, progress, sent);
  }

  subscribe<N extends SubscriptionName>(
    name: N,
    params: SubscriptionParamsOf<N>,
    sink: UpdateSink<N>,
  ): Result<() => void> {
    if (!("recording" in params)) return this.#watchShell(sink as UpdateSink<"shell.commands">);
    const opened = this.#hold(params.recording);
    if (!opened.ok) return opened;
    const begun = subscribeTo(
      opened.value,
      name as RecordingSubscriptionName,
      params as SubscriptionParamsOf<RecordingSubscriptionName>,
      sink as UpdateSink<RecordingSubscriptionName>,
    );
    if (!begun.ok) {
      this.#host.release(opened.value);
      return begun;
    }
    return ok(this.#keep({ opened: opened.value, stop: begun.value, end: () => sink.end() }));
  }

  /** Silent where there is no shell: nothing will ever be asked. */
  #watchShell(sink: UpdateSink<"shell.commands">): Result<() => void> {
    const stop = this.#shell?.onCommands((commands) =>
      sink.update({ result: { commands: [...commands] }, columns: {} }),
    );
    return ok(this.#keep({ opened: undefined, stop: stop ?? (() => {}), end: () => sink.end() }));
  }

  #keep(subscription: HeldSubscription): () => void {
    this.#subscriptions.add(subscription);
    return () => this.#drop(subscription);
  }

  #drop(subscription: HeldSubscription): void {
    if (!this.#subscriptions.delete(subscription)) return;
    subscription.stop();
    if (subscription.opened !== undefined) this.#host.release(subscription.opened);
  }

  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    for (const subscription of [...this.#subscriptions]) this.#drop(subscription);
    for (const opened of this.#opened.values()) this.#host.release(opened);
    this.#opened.clear();
    this.#uploads.dispose();
  }

  /** A recording that this window opened. */
  #find(handle: number): Result<OpenedRecording> {
    const opened = this.#opened.get(handle);
    return opened === undefined
      ? fail("RECORDING_NOT_OPEN", `recording ${handle} is not open on this connection`, "Open it first")
      : ok(opened);
  }

  /** Kept open until it is released. */
  #hold(handle: number): Result<OpenedRecording> {
    const opened = this.#find(handle);
    if (opened.ok) opened.value.holders++;
    return opened;
  }

  readonly #handlers: Handlers = {
    ...recordingRequests({
      hold: (handle) => this.#hold(handle),
      release: (opened) => this.#host.release(opened),
    }),
    "recordings.list": handled(() => this.#list()),
    "recording.open": (params, progress) => this.#open(params.path, progress),
    "recording.close": handled((params) => this.#close(params.recording)),
    "bookmarks.load": (params) => this.#loadBookmarks(params),
    "bookmarks.save": (params) => this.#saveBookmarks(params),
    "upload.begin": (params) => this.#beginUpload(params),
    "upload.chunk": (params, _progress, sent) => this.#addUpload(params, sent.bytes),
    "upload.finish": (params) => this.#finishUpload(params),
    "shell.choose-file": () => this.#chooseFile(),
  };

  #list(): Result<ReplyOf<"recordings.list">> {
    const open = [...this.#opened.values()].map(({ handle, path, name }) => ({
      recording: handle,
      path,
      name,
    }));
    const { access, uploads } = this.#host;
    const dialogs = this.#shell !== undefined;
    return ok({
      result: { available: access.list(), open, anyPath: access.anyPath, uploads, dialogs },
      columns: {},
    });
  }

  *#open(path: string, progress: ReportProgress): Sliced<Result<ReplyOf<"recording.open">>> {
    const allowed = this.#uploads.has(path) ? ok(path) : this.#host.access.check(path);
    if (!allowed.ok) return allowed;
    const known = [...this.#opened.values()].find(
      (opened) => opened.path === allowed.value && !opened.isReplaced,
    );
    if (known !== undefined) return ok({ result: known.info(), columns: {} });
    if (this.#opened.size >= LIMITS.recordings) {
      return fail(
        "LIMIT_EXCEEDED",
        `${LIMITS.recordings} recordings are open in this window`,
        "Close one of them first",
      );
    }
    const opened = yield* this.#host.open(allowed.value, progress);
    if (!opened.ok) return opened;
    // The same window may have asked twice at once, or be gone by now.
    if (this.#disposed || this.#opened.has(opened.value.handle)) this.#host.release(opened.value);
    else {
      this.#opened.set(opened.value.handle, opened.value);
      this.#tellShell();
    }
    return ok({ result: opened.value.info(), columns: {} });
  }

  #close(handle: number): Result<ReplyOf<"recording.close">> {
    const opened = this.#find(handle);
    if (!opened.ok) return opened;
    this.#opened.delete(handle);
    for (const subscription of [...this.#subscriptions]) {
      if (subscription.opened !== opened.value) continue;
      this.#drop(subscription);
      subscription.end();
    }
    this.#host.release(opened.value);
    this.#tellShell();
    return ok({ result: {}, columns: {} });
  }

  #tellShell(): void {
    this.#shell?.recordingsChanged([...this.#opened.values()].map(({ path }) => path));
  }

  *#chooseFile(): Sliced<Result<ReplyOf<"shell.choose-file">>> {
    const shell = this.#shell;
    if (shell === undefined) {
      return fail("UNSUPPORTED", "there is no native dialog here", "Open the file by its path");
    }
    const chosen = yield* waitFor(shell.chooseFile().then((path) => ok(path ?? "")));
    return chosen.ok ? ok({ result: { path: chosen.value }, columns: {} }) : chosen;
  }

  *#loadBookmarks({ recording }: ParamsOf<"bookmarks.load">): Sliced<Result<ReplyOf<"bookmarks.load">>> {
    const opened = this.#find(recording);
    if (!opened.ok) return opened;
    const loaded = yield* waitFor(loadBookmarks(opened.value.path));
    return loaded.ok ? ok({ result: loaded.value, columns: {} }) : loaded;
  }

  *#saveBookmarks(params: ParamsOf<"bookmarks.save">): Sliced<Result<ReplyOf<"bookmarks.save">>> {
    const opened = this.#find(params.recording);
    if (!opened.ok) return opened;
    const saved = yield* waitFor(saveBookmarks(opened.value.path, params.bookmarks, params.revision));
    return saved.ok ? ok({ result: { revision: saved.value }, columns: {} }) : saved;
  }

  *#beginUpload({ name, sizeBytes }: ParamsOf<"upload.begin">): Sliced<Result<ReplyOf<"upload.begin">>> {
    if (!this.#host.uploads) {
      return fail("ACCESS_DENIED", "this server takes no files", "Open the file by its path");
    }
    const begun = yield* waitFor(this.#uploads.begin(name, sizeBytes));
    if (!begun.ok) return begun;
    return ok({ result: { upload: begun.value, maxChunkBytes: LIMITS.uploadChunkBytes }, columns: {} });
  }

  *#addUpload(
    { upload, offset }: ParamsOf<"upload.chunk">,
    bytes: Uint8Array,
  ): Sliced<Result<ReplyOf<"upload.chunk">>> {
    const added = yield* waitFor(this.#uploads.add(upload, offset, bytes));
    return added.ok ? ok({ result: { receivedBytes: added.value }, columns: {} }) : added;
  }

  *#finishUpload({ upload }: ParamsOf<"upload.finish">): Sliced<Result<ReplyOf<"upload.finish">>> {
    const finished = yield* waitFor(this.#uploads.finish(upload));
    return finished.ok ? ok({ result: { path: finished.value }, columns: {} }) : finished;
  }
}
