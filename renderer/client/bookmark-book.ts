import type { MmsbError } from "../../engine/base/errors.ts";
import { LIMITS } from "../../engine/protocol/limits.ts";
import type { Bookmark } from "../../engine/protocol/requests/recordings.ts";
import type { ExternalStore } from "../state/external-store.ts";
import type { RecordingSession } from "./recording-session.ts";

export interface BookmarkState {
  /** In LSN order. */
  readonly bookmarks: readonly Bookmark[];
  readonly loaded: boolean;
  /** False: they live only as long as the window. */
  readonly writable: boolean;
  readonly saving: boolean;
  readonly error: MmsbError | undefined;
}

const EMPTY: BookmarkState = {
  bookmarks: [],
  loaded: false,
  writable: true,
  saving: false,
  error: undefined,
};

/** More than this the engine does not take: `LIMITS.bookmarks`. */
export const MOST_BOOKMARKS = LIMITS.bookmarks;

/** How often a save is tried anew when others save at the same time. */
const MOST_MERGES = 4;

/** One change; kept until it is on disk, so that it can be applied again to what someone else saved meanwhile. */
type Change = (bookmarks: readonly Bookmark[]) => readonly Bookmark[];

/** The recording's bookmarks: shown at once, saved behind, merged with those of other windows. */
export class BookmarkBook implements ExternalStore<BookmarkState> {
  readonly #session: RecordingSession;
  readonly #listeners = new Set<() => void>();
  #state = EMPTY;
  #recording: number | undefined;
  #generation = 0;
  #revision = "";
  #unsaved: Change[] = [];
  #saving = false;

  constructor(session: RecordingSession) {
    this.#session = session;
    session.subscribe(() => {
      const { recording, generation } = session.snapshot();
      const handle = recording?.recording;
      if (handle === this.#recording && generation === this.#generation) return;
      this.#recording = handle;
      this.#generation = generation;
      this.#unsaved = [];
      this.#set(EMPTY);
      if (handle !== undefined) void this.reload();
    });
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  readonly snapshot = (): BookmarkState => this.#state;

  add(lsn: number, name: string, note = ""): Bookmark {
    const made: Bookmark = {
      id: crypto.randomUUID(),
      lsn,
      name,
      note,
      createdNs: BigInt(Date.now()) * 1_000_000n,
    };
    this.#change((all) => [...all, made]);
    return made;
  }

  update(id: string, change: Partial<Pick<Bookmark, "name" | "note" | "lsn">>): void {
    this.#change((all) => all.map((one) => (one.id === id ? { ...one, ...change } : one)));
  }

  remove(id: string): void {
    this.#change((all) => all.filter((one) => one.id !== id));
  }

  /** Puts back what was removed, as it was. */
  restore(bookmark: Bookmark): void {
    this.#change((all) => [...all.filter(({ id }) => id !== bookmark.id), bookmark]);
  }

  /** After a failure: reads what is on disk now, and saves again what is not there yet. */
  async retry(): Promise<void> {
    if ((await this.reload()) === undefined && this.#unsaved.length > 0 && !this.#saving) await this.#save();
  }

  async reload(): Promise<MmsbError | undefined> {
    const recording = this.#recording;
    const { client } = this.#session;
    if (client === undefined || recording === undefined) return undefined;
    const loaded = await client.request("bookmarks.load", { recording });
    if (recording !== this.#recording) return undefined;
    if (!loaded.ok) {
      this.#set({ ...this.#state, loaded: true, error: loaded.error });
      return loaded.error;
    }
    const { bookmarks, revision, writable } = loaded.value.result;
    this.#revision = revision;
    const merged = this.#unsaved.reduce<readonly Bookmark[]>((all, change) => change(all), bookmarks);
    this.#set({ ...this.#state, bookmarks: inOrder(merged), loaded: true, writable, error: undefined });
    return undefined;
  }

  /** What other windows saved since. Nothing while this one has something to save: that merges by itself. */
  async refresh(): Promise<void> {
    const recording = this.#recording;
    const { client } = this.#session;
    const revision = this.#revision;
    if (client === undefined || recording === undefined || !this.#state.loaded) return;
    const loaded = await client.request("bookmarks.load", { recording });
    const isLate = recording !== this.#recording || revision !== this.#revision || this.#unsaved.length > 0;
    if (!loaded.ok || isLate || loaded.value.result.revision === revision) return;
    this.#revision = loaded.value.result.revision;
    this.#set({ ...this.#state, bookmarks: inOrder(loaded.value.result.bookmarks) });
  }

  #change(change: Change): void {
    this.#unsaved.push(change);
    this.#set({ ...this.#state, bookmarks: inOrder(change(this.#state.bookmarks)) });
    if (!this.#saving) void this.#save();
  }

  async #save(): Promise<void> {
    const recording = this.#recording;
    this.#saving = true;
    this.#set({ ...this.#state, saving: true });
    let error: MmsbError | undefined;
    let merges = 0;
    while (this.#unsaved.length > 0 && error === undefined && this.#state.writable) {
      const { client } = this.#session;
      if (client === undefined || recording === undefined || recording !== this.#recording) break;
      const count = this.#unsaved.length;
      const saved = await client.request("bookmarks.save", {
        recording,
        bookmarks: [...this.#state.bookmarks],
        revision: this.#revision,
      });
      if (recording !== this.#recording) break;
      if (saved.ok) {
        this.#unsaved.splice(0, count);
        this.#revision = saved.value.result.revision;
      } else if (saved.error.code === "BOOKMARKS_CHANGED" && ++merges <= MOST_MERGES) {
        error = await this.reload();
      } else error = saved.error;
    }
    this.#saving = false;
    if (recording === this.#recording) this.#set({ ...this.#state, saving: false, error });
  }

  #set(state: BookmarkState): void {
    this.#state = state;
    for (const listener of [...this.#listeners]) listener();
  }
}

function inOrder(bookmarks: readonly Bookmark[]): readonly Bookmark[] {
  return [...bookmarks].sort((a, b) => a.lsn - b.lsn || (a.createdNs < b.createdNs ? -1 : 1));
}
