import { GrowableF64 } from "./growable-f64.ts";

/** One complete checkpoint stream: where each of its chunks stands. */
export interface CheckpointChunks {
  readonly segments: number[];
  readonly offsets: number[];
}

/** Where every block of a recording stands: one row a records block (or overflow block), as columns. ~40 bytes for each 64 KiB of log. */
export class BlockDirectory {
  segment = new GrowableF64();
  offset = new GrowableF64();
  lengthBytes = new GrowableF64();
  firstLsn = new GrowableF64();
  recordCount = new GrowableF64();

  overflowSequence = new GrowableF64();
  overflowSegment = new GrowableF64();
  overflowOffset = new GrowableF64();

  get count(): number {
    return this.offset.length;
  }

  add(segment: number, offset: number, lengthBytes: number, firstLsn: number, recordCount: number): void {
    this.segment.push(segment);
    this.offset.push(offset);
    this.lengthBytes.push(lengthBytes);
    this.firstLsn.push(firstLsn);
    this.recordCount.push(recordCount);
  }

  addOverflow(sequence: number, segment: number, offset: number): void {
    this.overflowSequence.push(sequence);
    this.overflowSegment.push(segment);
    this.overflowOffset.push(offset);
  }

  /** The block that holds `lsn`, or -1. */
  find(lsn: number): number {
    const block = this.firstLsn.lastAtMost(lsn);
    return block >= 0 && lsn < this.firstLsn.at(block) + this.recordCount.at(block) ? block : -1;
  }

  findOverflow(sequence: number): number {
    const row = this.overflowSequence.lastAtMost(sequence);
    return row >= 0 && this.overflowSequence.at(row) === sequence ? row : -1;
  }
}
