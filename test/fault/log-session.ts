import { ManualClock } from "../../engine/base/clock.ts";
import type { Prng } from "../../engine/base/prng.ts";
import type { Result } from "../../engine/base/result.ts";
import type { LogReader } from "../../engine/log/log-reader.ts";
import { LogWriter, type LogWriterOptions } from "../../engine/log/log-writer.ts";
import { RecordBatch } from "../../engine/log/record-batch.ts";
import { RecordKind } from "../../engine/log/record-kinds.ts";
import type { SimulatedDisk } from "./simulated-disk.ts";
import { stateContent } from "./writer-content.ts";

export const RECORDING = "/simulated/x.tlog";
const UUID = Uint8Array.from({ length: 16 }, (_, i) => 200 - i);

/** What a record was given, as one text: easy to compare and to print. */
function fingerprint(kind: number, pageId: bigint, epoch: number, source: string, body: Uint8Array): string {
  return `${kind} ${pageId} ${epoch} ${source} ${Buffer.from(body).toString("hex")}`;
}

/** Everything a session did, kept outside the disk: what the recording is measured against after a crash. */
export class Journal {
  /** Record of LSN i at index i. */
  records: string[] = [""];
  /** Transactions as [begin, end]; end is Infinity while it is open. */
  transactions: [number, number][] = [];
  /** Highest LSN that a successful sync has covered, and the highest commit among those. */
  acknowledged = 0;
  created = false;

  /** Forgets what did not reach the medium: those LSNs will be given again. */
  cutTo(lsn: number): void {
    this.records.length = lsn + 1;
    this.transactions = this.transactions.filter(([begin]) => begin <= lsn);
    const last = this.transactions.at(-1);
    if (last !== undefined && last[1] > lsn) last[1] = Number.POSITIVE_INFINITY;
    this.acknowledged = lsn;
  }

  /** The state may stand at this LSN without showing half a transaction. */
  isWhole(lsn: number): boolean {
    return this.transactions.every(([begin, end]) => lsn < begin || lsn >= end);
  }
}

export interface Shape {
  readonly rotateBytes?: number;
  readonly keepSegments?: number;
  readonly genesis?: boolean;
  /** Writes go through a queue. */
  readonly queues?: boolean;
  /** Largest body; above 16 KiB they stand in overflow blocks. */
  readonly bodyBytes: number;
}

export function writerOptions(disk: SimulatedDisk, shape: Shape): LogWriterOptions {
  const { rotateBytes, keepSegments, genesis } = shape;
  return {
    uuid: UUID,
    clock: new ManualClock(1_000n, 10n),
    durability: "commit",
    intervalMs: 1_000_000,
    fileSystem: disk,
    lock: disk.lock,
    snapshot: () => stateContent(7),
    ...(rotateBytes === undefined ? {} : { rotateBytes }),
    ...(keepSegments === undefined ? {} : { keepSegments }),
    ...(genesis === true ? { genesis: stateContent(3) } : {}),
  };
}

/** One process's life with the recording: opens (or makes) it, writes, acknowledges. Ends early where the writer says no. */
export class LogSession {
  readonly #disk: SimulatedDisk;
  readonly #journal: Journal;
  readonly #prng: Prng;
  readonly #shape: Shape;
  writer: LogWriter | undefined;

  constructor(disk: SimulatedDisk, journal: Journal, prng: Prng, shape: Shape) {
    this.#disk = disk;
    this.#journal = journal;
    this.#prng = prng;
    this.#shape = shape;
  }

  async start(): Promise<Result<LogWriter>> {
    const options = writerOptions(this.#disk, this.#shape);
    const opened = this.#journal.created
      ? await LogWriter.open(RECORDING, options)
      : await LogWriter.create(RECORDING, options);
    if (!opened.ok) return opened;
    this.writer = opened.value;
    this.#journal.created = true;
    return opened;
  }

  /** Transactions until the writer fails; the last one may stay open. Returns whether all went well. */
  async work(transactions: number): Promise<boolean> {
    const writer = this.writer!;
    const prng = this.#prng;
    if (writer.openTransactionLsn !== 0 && !this.#end(RecordKind.TransactionAbort)) return false;
    for (let i = 0; i < transactions; i++) {
      if (!this.#begin()) return false;
      const records = prng.between(0, 6);
      for (let k = 0; k < records; k++) {
        if (!this.#append()) return false;
        // Syncing inside a transaction is allowed: what it covers is safe, yet not part of the state.
        if (prng.chance(0.05) && !(await this.#acknowledge())) return false;
      }
      if (!this.#end(prng.chance(0.1) ? RecordKind.TransactionAbort : RecordKind.TransactionCommit))
        return false;
      if (prng.chance(0.1)) {
        this.#journal.records[writer.lastLsn + 1] = "checkpoint";
        if (!writer.writeCheckpoint(stateContent(prng.below(999))).ok) return false;
      }
      if (prng.chance(0.7) && !(await this.#acknowledge())) return false;
      else if (prng.chance(0.3) && !writer.flush().ok) return false;
    }
    return true;
  }

  async #acknowledge(): Promise<boolean> {
    const writer = this.writer!;
    const lsn = writer.lastLsn;
    const done = this.#prng.chance(0.5) ? writer.sync() : await writer.durable();
    if (done.ok) this.#journal.acknowledged = Math.max(this.#journal.acknowledged, lsn);
    return done.ok;
  }

  #begin(): boolean {
    const lsn = this.writer!.lastLsn + 1;
    this.#journal.records[lsn] = fingerprint(RecordKind.TransactionBegin, 0n, 0, "s", new Uint8Array(0));
    this.#journal.transactions.push([lsn, Number.POSITIVE_INFINITY]);
    return this.writer!.begin("s") === lsn;
  }

  #end(kind: RecordKind): boolean {
    const writer = this.writer!;
    const lsn = writer.lastLsn + 1;
    const body = new Uint8Array(8);
    new DataView(body.buffer).setBigUint64(0, BigInt(writer.openTransactionLsn), true);
    this.#journal.records[lsn] = fingerprint(kind, 0n, 0, "s", body);
    this.#journal.transactions.at(-1)![1] = lsn;
    return (kind === RecordKind.TransactionCommit ? writer.commit("s") : writer.abort("s")) === lsn;
  }

  #append(): boolean {
    const prng = this.#prng;
    const writer = this.writer!;
    const lsn = writer.lastLsn + 1;
    const bodyBytes = prng.chance(0.08) ? prng.below(this.#shape.bodyBytes + 1) : prng.below(80);
    const body = new Uint8Array(bodyBytes);
    prng.fill(body);
    const fields = {
      pageId: BigInt(prng.below(9)),
      epoch: prng.below(99),
      source: `s${prng.below(4)}`,
      body,
    };
    this.#journal.records[lsn] = fingerprint(
      RecordKind.Event,
      fields.pageId,
      fields.epoch,
      fields.source,
      body,
    );
    return writer.append(RecordKind.Event, fields) === lsn;
  }
}

const batch = new RecordBatch();

/** Readable records by LSN; those whose body is lost (a gap stands for them) are left out, and so are blocks that cannot be read. */
export function readable(reader: LogReader): Map<number, string> {
  const found = new Map<number, string>();
  for (let block = 0; block < reader.blockCount; block++) {
    if (!reader.readBlock(block, batch).ok) continue;
    for (let row = 0; row < batch.count; row++) {
      const kind = batch.kind[row]!;
      if (kind === RecordKind.Gap) continue;
      const text =
        kind === RecordKind.Checkpoint
          ? "checkpoint"
          : fingerprint(kind, batch.pageId(row), batch.epoch[row]!, batch.sourceText(row), batch.body(row));
      found.set(batch.lsn(row), text);
    }
  }
  return found;
}
