import type { PageTable } from "../pages/page-table.ts";

/** One arena's bytes as elements of each width. Pages begin at multiples of 64 bytes, so every element of a page is one of a view's. */
export interface ArenaView {
  readonly bytes: Uint8Array;
  readonly i8: Int8Array;
  readonly u16: Uint16Array;
  readonly i16: Int16Array;
  readonly u32: Uint32Array;
  readonly i32: Int32Array;
  readonly f32: Float32Array;
  readonly f64: Float64Array;
}

/** Views of all arenas, by arena number; {@link refresh} takes in those that came, went or were replaced since. */
export class ArenaViews {
  readonly all: ArenaView[] = [];
  /** The numbers again: the accesses that are hottest go through one array less. */
  readonly f64: Float64Array[] = [];

  refresh(arenas: readonly Uint8Array[]): void {
    for (let arena = 0; arena < arenas.length; arena++) {
      const bytes = arenas[arena]!;
      if (this.all[arena]?.bytes === bytes) continue;
      const { buffer, byteOffset, byteLength } = bytes;
      const view: ArenaView = {
        bytes,
        i8: new Int8Array(buffer, byteOffset, byteLength),
        u16: new Uint16Array(buffer, byteOffset, byteLength >>> 1),
        i16: new Int16Array(buffer, byteOffset, byteLength >>> 1),
        u32: new Uint32Array(buffer, byteOffset, byteLength >>> 2),
        i32: new Int32Array(buffer, byteOffset, byteLength >>> 2),
        f32: new Float32Array(buffer, byteOffset, byteLength >>> 2),
        f64: new Float64Array(buffer, byteOffset, byteLength >>> 3),
      };
      this.all[arena] = view;
      this.f64[arena] = view.f64;
    }
  }

  of(table: Pick<PageTable, "arena">, slot: number): ArenaView {
    return this.all[table.arena[slot]!]!;
  }
}
