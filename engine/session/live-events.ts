import { assert } from "../base/assert.ts";
import { EMPTY_BYTES } from "../base/bytes.ts";
import { highOf, lowOf } from "../base/u64.ts";
import { EventHub, type EventHubOptions } from "../events/event-hub.ts";
import type { EventFields } from "../events/event-types.ts";
import type { RecordFields } from "../log/log-options.ts";
import type { LogWriter } from "../log/log-writer.ts";
import { RecordKind } from "../log/record-kinds.ts";
import { EventNarrator } from "./event-narrator.ts";

/**
 * Tells a session's events as its records are written. They wait until the session is at rest, that is outside of every transaction: so a handler sees whole
 * transactions only, and may write itself.
 */
export class LiveEvents {
  readonly hub: EventHub;
  readonly #log: LogWriter;
  readonly #narrator: EventNarrator;

  constructor(log: LogWriter, options: EventHubOptions) {
    this.#log = log;
    this.hub = new EventHub(options);
    this.#narrator = new EventNarrator(this.hub);
  }

  /** After a record of any kind but delta was appended as `lsn`, and before another one is. */
  record(kind: number, lsn: number, fields: RecordFields): void {
    const { pageId = 0n, epoch = 0, source = "", cause = 0, body = EMPTY_BYTES } = fields;
    if (!this.hub.isActive) {
      this.#narrator.follow(kind, lsn, body);
      return;
    }
    const { lo: timeLo, hi: timeHi } = this.#log.time;
    const page = { pageLo: lowOf(pageId), pageHi: highOf(pageId) };
    const told = this.#narrator.record({ kind, lsn, timeLo, timeHi, ...page, epoch, source, cause, body });
    assert(told.ok, "what was written can be read");
  }

  /** After a checkpoint's record was appended as `lsn`. */
  checkpoint(lsn: number, fields: EventFields["checkpoint"]): void {
    const { lo: timeLo, hi: timeHi } = this.#log.time;
    const page = { pageLo: 0, pageHi: 0, epoch: 0 };
    const head = { lsn, timeLo, timeHi, ...page, source: "", cause: 0, body: EMPTY_BYTES };
    this.#narrator.told({ kind: RecordKind.Checkpoint, ...head }, "checkpoint", fields);
  }

  /** After a delta was appended as `lsn`. Ask `hub.wantsDeltas` first. */
  delta(
    lsn: number,
    pageLo: number,
    pageHi: number,
    epoch: number,
    source: string,
    cause: number,
    flags: number,
    runOffset: Uint32Array,
    runLength: Uint32Array,
    from: number,
    to: number,
  ): void {
    let sizeBytes = 0;
    for (let run = from; run < to; run++) sizeBytes += runLength[run]!;
    const start = from < to ? runOffset[from]! : 0;
    const end = from < to ? runOffset[to - 1]! + runLength[to - 1]! : 0;
    const { lo, hi } = this.#log.time;
    this.#narrator.delta(
      lsn,
      lo,
      hi,
      pageLo,
      pageHi,
      epoch,
      source,
      cause,
      flags,
      sizeBytes,
      to - from,
      start,
      end,
    );
  }

  /** Hands out what waits, if the session is at rest. */
  settle(): void {
    if (this.hub.isWaiting && this.#log.openTransactionLsn === 0) this.hub.deliver();
  }
}
