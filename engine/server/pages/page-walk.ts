import { fail, ok, type Result } from "../../base/result.ts";
import { decodeDeltaBody } from "../../deltas/delta-body.ts";
import { RunList } from "../../deltas/run-list.ts";
import { DeltaBodies } from "../../log/index/delta-bodies.ts";
import { PageDeltas } from "../../log/index/page-deltas.ts";
import type { Recording } from "../../replay/recording.ts";

/**
 * The deltas of one page, backward from an LSN to the beginning of its life, with their runs and bytes. In proportion to that page's own
 * deltas. A step decodes one delta; a recording that grows in between does not disturb it.
 */
export class PageWalk {
  readonly runs = new RunList();
  /** The delta stood at: `bytes[payloadAt..]` holds the bytes of `runs`. Valid until the next step. */
  bytes: Uint8Array = new Uint8Array(0);
  payloadAt = 0;
  lsn = 0;
  epoch = 0;
  readonly #recording: Recording;
  readonly #slot: number;
  readonly #beginLsn: number;
  #place: PageDeltas;
  #bodies: DeltaBodies;
  #generation: number;
  #pieceFrom = 0;
  #pieceTo = 0;
  #nextLsn: number;
  #started = false;

  constructor(recording: Recording, slot: number, life: number, lsn: number) {
    this.#recording = recording;
    this.#slot = slot;
    this.#beginLsn = recording.index.tables.lives.fromLsn.data[life]!;
    this.#place = new PageDeltas(recording.index, slot);
    this.#bodies = new DeltaBodies(recording.index);
    this.#generation = recording.generation;
    this.#nextLsn = lsn;
  }

  /** To the next older delta; false where there is none in this life of the page. */
  previous(): Result<boolean> {
    const moved = this.#move();
    if (!moved.ok) return moved;
    const place = this.#place;
    if (!moved.value || place.lsn <= this.#beginLsn) return ok(false);
    const { columns } = place;
    if (place.at < this.#pieceFrom || place.at >= this.#pieceTo) {
      const loaded = this.#bodies.loadBefore(
        place.run,
        columns!,
        columns!.rowDelta[place.row]!,
        place.at + 1,
      );
      if (!loaded.ok) return loaded;
      this.#pieceFrom = loaded.value;
      this.#pieceTo = loaded.value + this.#bodies.count;
    }
    const i = place.at - this.#pieceFrom;
    this.bytes = this.#bodies.bytes;
    this.payloadAt = decodeDeltaBody(this.bytes, this.#bodies.start(i), this.#bodies.start(i + 1), this.runs);
    if (this.payloadAt < 0) {
      return fail("LOG_RECORD_CORRUPT", "a delta's body is malformed", "Run 'mmsb verify' on the recording", {
        lsn: place.lsn,
      });
    }
    this.lsn = place.lsn;
    this.epoch = place.epoch;
    this.#nextLsn = place.lsn - 1;
    return ok(true);
  }

  #move(): Result<boolean> {
    if (this.#started && this.#generation === this.#recording.generation) {
      const { run } = this.#place;
      const moved = this.#place.previous();
      if (this.#place.run !== run) this.#pieceTo = this.#pieceFrom;
      return moved;
    }
    this.#started = true;
    if (this.#generation !== this.#recording.generation) {
      this.#generation = this.#recording.generation;
      this.#place = new PageDeltas(this.#recording.index, this.#slot);
      this.#bodies = new DeltaBodies(this.#recording.index);
    }
    this.#pieceTo = this.#pieceFrom;
    return this.#place.seek(this.#nextLsn);
  }
}
