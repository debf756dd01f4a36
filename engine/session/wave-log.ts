import { accel } from "../accel/index.ts";
import { ByteWriter, EMPTY_BYTES } from "../base/bytes.ts";
import { EVENT_CODE, type EventFields, type WaveEnd, type WaveTrigger } from "../events/event-types.ts";
import { type IdColumn, NO_IDS } from "../events/id-column.ts";
import { writePayload } from "../events/payload-codec.ts";
import type { LevelColumns, WaveRecord, WaveSink } from "../graph/wave-sink.ts";
import { encodeFailure } from "../log/record-bodies.ts";
import { RecordFlag, RecordKind } from "../log/record-kinds.ts";
import type { PageTable } from "../pages/page-table.ts";
import type { Origin, StateWriter } from "./state-writer.ts";

const SOURCE = "mmsb.wave";
/** Most waves' events have fewer; V8 keeps so few in its heap. */
const BODY_BYTES = 64;
const NO_LEVELS: LevelColumns = {
  count: 0,
  level: new Uint32Array(0),
  members: new Uint32Array(0),
  cutOff: new Uint32Array(0),
  blocked: new Uint32Array(0),
};

/**
 * Writes waves into the log: the wave-start event, the members (deltas, and failures among them) with consecutive LSNs, the wave-end event with what was cut
 * off and blocked, and then the edges that changed. The wave-start is the cause of all.
 */
export class WaveLog implements WaveSink {
  /** What makes the next wave run. */
  trigger: WaveTrigger = "transaction";
  #state!: StateWriter;
  #epochs = new Float64Array(0);
  #namesKept: readonly string[] = [];
  #namesVersion = -1;

  /** The writer needs the graph, and the graph this. */
  attach(state: StateWriter): void {
    this.#state = state;
  }

  begin(roots: number): number {
    const cause = this.#state.log.lastLsn;
    const body = bodyOf("wave-start", { trigger: this.trigger, roots });
    const told = this.#state.tellBody(body, 0n, origin(cause));
    return told.ok ? told.value : 0;
  }

  end(wave: WaveRecord): boolean {
    const { rows, failures, startLsn } = wave;
    const { deltas } = rows;
    const names = this.#names();
    const epochs = this.#raise(deltas.slot, deltas.count);
    let from = 0;
    for (const { slot, error, beforeRow } of failures) {
      if (!this.#state.waveDeltas(rows, from, beforeRow, names, epochs, this.trigger !== "transaction"))
        return this.#lower(wave);
      from = beforeRow;
      const logged = this.#state.append(RecordKind.Failure, {
        pageId: this.#state.table.idOf(slot),
        epoch: this.#state.table.epoch[slot]!,
        source: this.#state.reactive.registry.recomputeOf(slot)?.name ?? "",
        cause: startLsn,
        body: encodeFailure({ code: error.code, message: error.message }),
      });
      if (!logged.ok) return this.#lower(wave);
    }
    if (!this.#state.waveDeltas(rows, from, deltas.count, names, epochs, this.trigger !== "transaction"))
      return this.#lower(wave);
    const { table } = this.#state;
    const cutOff = idColumn(table, wave.cutOff);
    const blocked = idColumn(table, wave.blocked);
    if (!this.#tellEnd(startLsn, { outcome: "complete", levels: wave.levels, cutOff, blocked }))
      return this.#lower(wave);
    for (const { from: source, to, added } of wave.edges) {
      const edge = { from: table.idOf(source), to: table.idOf(to), type: "data" as const };
      const logged = this.#state.logEdge(edge, added, origin(startLsn));
      if (!logged.ok) return this.#lower(wave);
    }
    return true;
  }

  stopped(startLsn: number, outcome: "cancelled" | "budget"): void {
    this.#tellEnd(startLsn, { outcome, levels: NO_LEVELS, cutOff: NO_IDS, blocked: NO_IDS });
  }

  #tellEnd(cause: number, end: WaveEnd): boolean {
    return this.#state.tellBody(bodyOf("wave-end", end), 0n, origin(cause)).ok;
  }

  /** Of recomputes, by number. */
  #names(): readonly string[] {
    const { all, version } = this.#state.reactive.registry;
    if (this.#namesVersion !== version) {
      this.#namesVersion = version;
      this.#namesKept = all.map((recompute) => recompute?.name ?? "");
    }
    return this.#namesKept;
  }

  /** The epochs after the rows; a page stands in a wave once. */
  #raise(slot: Uint32Array, count: number): Float64Array {
    if (this.#epochs.length < count) this.#epochs = new Float64Array(Math.max(count, 1024));
    const { epoch, changed, stamp } = this.#state.table;
    const epochs = this.#epochs;
    accel.raiseEpochs(slot, count, epoch, changed, stamp, epochs);
    return epochs;
  }

  /** The log has failed: the session is read-only from now on, and shows what was before the wave. */
  #lower({ rows }: WaveRecord): false {
    const { epoch } = this.#state.table;
    for (let row = 0; row < rows.count; row++) epoch[rows.deltas.slot[row]!]!--;
    return false;
  }
}

function origin(cause: number): Origin {
  return { source: SOURCE, cause, flags: RecordFlag.Derived, metadata: EMPTY_BYTES };
}

/** The body of an event's record, without its payload on the way. */
function bodyOf<T extends "wave-start" | "wave-end">(type: T, fields: EventFields[T]): Uint8Array {
  const out = new ByteWriter(BODY_BYTES).varint(EVENT_CODE[type]);
  writePayload(out, type, fields);
  return out.finish();
}

function idColumn({ idLo, idHi }: PageTable, slots: Uint32Array): IdColumn {
  if (slots.length === 0) return NO_IDS;
  return { count: slots.length, lo: slots.map((slot) => idLo[slot]!), hi: slots.map((slot) => idHi[slot]!) };
}
