import { assert } from "../base/assert.ts";
import { SharedColumn } from "./shared-column.ts";

const FIRST_CAPACITY = 1024;

/** Values of the `state` column. */
export const PageState = { Free: 0, Live: 1 } as const;

/**
 * Everything that the table knows of a page in numbers, one row a slot. The fields are views of memory that grows in place
 * (`shared-column.ts`): one kept across a growth is shorter, never wrong. `version` rises with each growth.
 */
export class PageColumns {
  readonly maxCapacity: number;
  capacity: number;
  version = 0;
  idLo!: Uint32Array;
  idHi!: Uint32Array;
  /** Bytes of the page; 0 where the slot is free, so that a batch write to it goes nowhere. */
  size!: Uint32Array;
  epoch!: Float64Array;
  /** `LOCATION_CODE` of the page. */
  location!: Uint8Array;
  typeIndex!: Uint32Array;
  /** Odd while a page lives in the slot, even while it is free: (slot, generation) names one page for ever. */
  generation!: Uint32Array;
  arena!: Uint16Array;
  /** Bytes from the start of the arena. */
  arenaOffset!: Uint32Array;
  state!: Uint8Array;
  /** The table's stamp when the page last changed (see `PageTable.mark`). */
  changed!: Uint32Array;

  readonly #idLo: SharedColumn<Uint32Array>;
  readonly #idHi: SharedColumn<Uint32Array>;
  readonly #size: SharedColumn<Uint32Array>;
  readonly #epoch: SharedColumn<Float64Array>;
  readonly #location: SharedColumn<Uint8Array>;
  readonly #typeIndex: SharedColumn<Uint32Array>;
  readonly #generation: SharedColumn<Uint32Array>;
  readonly #arena: SharedColumn<Uint16Array>;
  readonly #arenaOffset: SharedColumn<Uint32Array>;
  readonly #state: SharedColumn<Uint8Array>;
  readonly #changed: SharedColumn<Uint32Array>;

  constructor(maxCapacity: number) {
    this.maxCapacity = maxCapacity;
    this.capacity = Math.min(FIRST_CAPACITY, maxCapacity);
    const u32 = () => new SharedColumn<Uint32Array>(Uint32Array, this.capacity, maxCapacity);
    const u8 = () => new SharedColumn<Uint8Array>(Uint8Array, this.capacity, maxCapacity);
    this.#idLo = u32();
    this.#idHi = u32();
    this.#size = u32();
    this.#epoch = new SharedColumn<Float64Array>(Float64Array, this.capacity, maxCapacity);
    this.#location = u8();
    this.#typeIndex = u32();
    this.#generation = u32();
    this.#arena = new SharedColumn<Uint16Array>(Uint16Array, this.capacity, maxCapacity);
    this.#arenaOffset = u32();
    this.#state = u8();
    this.#changed = u32();
    this.#refresh();
  }

  /** Doubles the number of rows, up to `maxCapacity`. */
  grow(): void {
    assert(this.capacity < this.maxCapacity, "there is room to grow");
    this.capacity = Math.min(this.capacity * 2, this.maxCapacity);
    for (const column of this.#all()) column.grow(this.capacity);
    this.version++;
    this.#refresh();
  }

  #all() {
    return [
      this.#idLo,
      this.#idHi,
      this.#size,
      this.#epoch,
      this.#location,
      this.#typeIndex,
      this.#generation,
      this.#arena,
      this.#arenaOffset,
      this.#state,
      this.#changed,
    ];
  }

  #refresh(): void {
    this.idLo = this.#idLo.rows;
    this.idHi = this.#idHi.rows;
    this.size = this.#size.rows;
    this.epoch = this.#epoch.rows;
    this.location = this.#location.rows;
    this.typeIndex = this.#typeIndex.rows;
    this.generation = this.#generation.rows;
    this.arena = this.#arena.rows;
    this.arenaOffset = this.#arenaOffset.rows;
    this.state = this.#state.rows;
    this.changed = this.#changed.rows;
  }
}
