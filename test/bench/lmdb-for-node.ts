/** lmdb's binding for Node. */
export class LmdbForNode {
  readonly #lmdb: typeof import("lmdb");

  private constructor(lmdb: typeof import("lmdb")) {
    this.#lmdb = lmdb;
  }

  /** `undefined` where its addon does not load. */
  static async load(): Promise<LmdbForNode | undefined> {
    try {
      return new LmdbForNode(await import("lmdb"));
    } catch {
      return undefined;
    }
  }

  /**
   * Seconds for so many records with this body, so many of them a commit, in its fastest way: transactions (0 in flight: they are not synced), or batches that a thread of its
   * own commits and syncs.
   */
  async append(
    path: string,
    records: number,
    body: Uint8Array,
    commitRecords: number,
    inFlight: number,
  ): Promise<number> {
    const store = this.#lmdb.open<Uint8Array, number>({
      path,
      noSubdir: true,
      encoding: "binary",
      keyEncoding: "uint32",
      mapSize: 2 ** 32,
      noSync: inFlight === 0,
    });
    const waiting: Promise<unknown>[] = [];
    const start = process.hrtime.bigint();
    for (let key = 0; key < records; ) {
      const end = key + commitRecords;
      if (inFlight === 0) {
        store.transactionSync(() => {
          for (; key < end; key++) store.putSync(key, body, { append: true });
        });
        continue;
      }
      void store.batch(() => {
        for (; key < end; key++) store.put(key, body);
      });
      waiting.push(store.flushed);
      if (waiting.length === inFlight) await waiting.shift();
    }
    await Promise.all(waiting);
    const seconds = Number(process.hrtime.bigint() - start) / 1e9;
    await store.close();
    return seconds;
  }
}
