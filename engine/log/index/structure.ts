import { u64FromPair } from "../../base/u64.ts";
import { F64Column, U8Column, U32Column } from "./growable.ts";
import { NONE } from "./id-slots.ts";

/** Bits of `Lifetimes.flags`. */
export const LifetimeFlag = { Metadata: 1, Schema: 2, FromCheckpoint: 4 } as const;

/**
 * Every life a page has had, from its creation to its destruction: all that "which pages are there at L" needs, without replaying.
 * Some 48 bytes a creation, always in memory. Lives of one slot are linked, newest first.
 */
export class Lifetimes {
  slot = new U32Column();
  previous = new U32Column();
  /** The page is there from this LSN on… */
  fromLsn = new F64Column();
  /** …until before this one; Infinity: to the end. */
  untilLsn = new F64Column();
  sizeBytes = new F64Column();
  epoch = new F64Column();
  type = new U32Column();
  location = new U8Column();
  flags = new U8Column();
  /** Latest property change, newest first: a row of `Versions`. */
  version = new U32Column();

  get count(): number {
    return this.slot.length;
  }

  /** Returns the new row. */
  begin(
    slot: number,
    previous: number,
    lsn: number,
    size: number,
    epoch: number,
    type: number,
    location: number,
    flags: number,
  ): number {
    this.slot.push(slot);
    this.previous.push(previous);
    this.fromLsn.push(lsn);
    this.untilLsn.push(Number.POSITIVE_INFINITY);
    this.sizeBytes.push(size);
    this.epoch.push(epoch);
    this.type.push(type);
    this.location.push(location);
    this.flags.push(flags);
    this.version.push(NONE);
    return this.slot.length - 1;
  }

  isLiveAt(life: number, lsn: number): boolean {
    return this.fromLsn.data[life]! <= lsn && lsn < this.untilLsn.data[life]!;
  }
}

export const VersionKind = { Location: 0, Schema: 1, Metadata: 2 } as const;

/** Where a schema or metadata stands: nowhere, in the record, or in the full checkpoint whose state is that after the LSN. */
export const VersionValue = { None: 0, InRecord: 1, InCheckpoint: 2 } as const;

/** Changes of a page's properties during one life, linked newest first. */
export class Versions {
  previous = new U32Column();
  lsn = new F64Column();
  kind = new U8Column();
  /** Location code; for schema and metadata a `VersionValue`. */
  value = new U8Column();

  add(previous: number, lsn: number, kind: number, value: number): number {
    this.previous.push(previous);
    this.lsn.push(lsn);
    this.kind.push(kind);
    this.value.push(value);
    return this.lsn.length - 1;
  }

  /** The change of this kind in force at `lsn`, or `NONE`. */
  find(newest: number, kind: number, lsn: number): number {
    let at = newest;
    while (at !== NONE && (this.lsn.data[at]! > lsn || this.kind.data[at] !== kind))
      at = this.previous.data[at]!;
    return at;
  }
}

/** Every edge that ever stood, with the LSNs between which it did. Some 33 bytes each, always in memory. */
export class EdgeLives {
  fromLo = new U32Column();
  fromHi = new U32Column();
  toLo = new U32Column();
  toHi = new U32Column();
  type = new U8Column();
  fromLsn = new F64Column();
  untilLsn = new F64Column();

  get count(): number {
    return this.type.length;
  }

  from(row: number): bigint {
    return u64FromPair(this.fromLo.data[row]!, this.fromHi.data[row]!);
  }

  to(row: number): bigint {
    return u64FromPair(this.toLo.data[row]!, this.toHi.data[row]!);
  }

  begin(fromLo: number, fromHi: number, toLo: number, toHi: number, type: number, lsn: number): number {
    this.fromLo.push(fromLo);
    this.fromHi.push(fromHi);
    this.toLo.push(toLo);
    this.toHi.push(toHi);
    this.type.push(type);
    this.fromLsn.push(lsn);
    this.untilLsn.push(Number.POSITIVE_INFINITY);
    return this.type.length - 1;
  }
}

/** Stretches of LSNs during which a page's bytes are not known for certain, because records of it were lost. */
export class Uncertainties {
  slot = new U32Column();
  fromLsn = new F64Column();
  untilLsn = new F64Column();

  begin(slot: number, lsn: number): number {
    this.slot.push(slot);
    this.fromLsn.push(lsn);
    this.untilLsn.push(Number.POSITIVE_INFINITY);
    return this.slot.length - 1;
  }

  /** Whether the page is uncertain at `lsn`. Linear: there are as many as there was damage. */
  has(slot: number, lsn: number): boolean {
    for (let i = 0; i < this.slot.length; i++)
      if (this.slot.data[i] === slot && this.fromLsn.data[i]! <= lsn && lsn < this.untilLsn.data[i]!)
        return true;
    return false;
  }

  /** Slots that are uncertain at `lsn`, linear too. */
  at(lsn: number): number[] {
    const slots: number[] = [];
    for (let i = 0; i < this.slot.length; i++) {
      if (this.fromLsn.data[i]! <= lsn && lsn < this.untilLsn.data[i]!) slots.push(this.slot.data[i]!);
    }
    return slots;
  }
}
