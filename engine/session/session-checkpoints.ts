import type { Result } from "../base/result.ts";
import type { CheckpointContent } from "../log/checkpoint-format.ts";
import { StateHasher, structureHash } from "../pages/state-hash.ts";
import type { StateWriter } from "./state-writer.ts";

/** Writes a session's checkpoints, and knows what changed since the last one. */
export class SessionCheckpoints {
  count = 0;
  readonly #state: StateWriter;
  readonly #hasher: StateHasher;
  /** LSN and mark of the last one written; LSN 0 without a mark = none yet. */
  #baseLsn = 0;
  #mark: number | undefined;

  constructor(state: StateWriter) {
    this.#state = state;
    this.#hasher = new StateHasher(state.table);
  }

  stateHash(): Uint8Array {
    return this.#hasher.stateHash();
  }

  structureHash(): Uint8Array {
    const { table, edges } = this.#state;
    return structureHash(table.descriptors(), edges.sorted());
  }

  /** The state as it is. A dirty one holds the pages changed since the last checkpoint; without one it is full. */
  content(kind: "full" | "dirty"): CheckpointContent {
    const { table, edges, destroyed, reactive } = this.#state;
    const isFull = kind === "full" || this.#mark === undefined;
    const slots = isFull ? table.slotsInIdOrder() : table.dirtySince(this.#mark!);
    return {
      kind: isFull ? "full" : "dirty",
      baseLsn: isFull ? this.#state.log.lastLsn : this.#baseLsn,
      pages: Array.from(slots, (slot) => table.describe(slot)),
      destroyed: isFull ? [] : [...destroyed].sort((a, b) => (a < b ? -1 : 1)),
      edges: edges.sorted(),
      registrations: reactive.standing(),
      stateHash: this.stateHash(),
      structureHash: this.structureHash(),
      bytesOf: (index) => table.bytes(slots[index]!),
    };
  }

  /** Returns the LSN of the Checkpoint record. */
  write(kind: "full" | "dirty"): Result<number> {
    const stateLsn = this.#state.log.lastLsn;
    const content = this.content(kind);
    const written = this.#state.log.writeCheckpoint(content);
    if (!written.ok) return written;
    this.#remember(stateLsn);
    const { events } = this.#state;
    events.checkpoint(written.value, { kind: content.kind, stateLsn, baseLsn: content.baseLsn });
    events.settle();
    return written;
  }

  /** The state that another file of the recording begins with: from now on the base of dirty checkpoints. */
  snapshot(): CheckpointContent {
    const content = this.content("full");
    this.#remember(this.#state.log.lastLsn);
    return content;
  }

  #remember(lsn: number): void {
    this.#baseLsn = lsn;
    this.#mark = this.#state.table.mark();
    this.#state.destroyed.clear();
    this.count++;
  }
}
