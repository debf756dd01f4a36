import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { toHex } from "../../engine/base/bytes.ts";
import { unwrap } from "../../engine/base/result.ts";
import { BlockType } from "../../engine/log/block-format.ts";
import { LogReader } from "../../engine/log/log-reader.ts";
import { LogWriter } from "../../engine/log/log-writer.ts";
import { RecordBatch } from "../../engine/log/record-batch.ts";
import { replayAll } from "../../engine/replay/replay-all.ts";
import { verifyRecording } from "../../engine/replay/verify.ts";
import { contentHash, writeGoldenRecordings } from "./golden-recordings.ts";
import { SimulatedDisk } from "./simulated-disk.ts";

const GOLDEN = join(import.meta.dirname, "../../assets/recordings");
const stored = new Map(
  readdirSync(GOLDEN)
    .filter((name) => /^v\d+-.*\.tlog$/.test(name))
    .sort()
    .map((name) => [name, Uint8Array.from(readFileSync(join(GOLDEN, name)))] as const),
);
const stems = [...new Set([...stored.keys()].map((name) => name.replace(/(\.\d{6})?\.tlog$/, "")))];
const membersOf = (stem: string) => [...stored.keys()].filter((name) => name.startsWith(`${stem}.`));

interface Known {
  readonly content: string;
  readonly state: string;
  readonly lastLsn: number;
  readonly committedLsn: number;
  readonly complete: boolean;
}

/** The set on a disk of its own, one file of it replaced. */
function diskWith(stem: string, changed?: string, bytes?: Uint8Array): SimulatedDisk {
  const disk = new SimulatedDisk();
  for (const name of membersOf(stem)) disk.put(`/g/${name}`, name === changed ? bytes! : stored.get(name)!);
  return disk;
}

const open = (stem: string, disk: SimulatedDisk) => LogReader.open(`/g/${stem}.tlog`, { fileSystem: disk });

interface Block {
  readonly name: string;
  readonly offset: number;
  readonly end: number;
  readonly firstLsn: number;
  readonly count: number;
  readonly isOverflow: boolean;
}

/** The blocks of a sound file, found by their lengths alone. */
function blocksOf(name: string): Block[] {
  const bytes = stored.get(name)!;
  const view = new DataView(bytes.buffer);
  const blocks: Block[] = [];
  for (let offset = 0; offset < bytes.length; ) {
    const end = offset + view.getUint32(offset + 8, true);
    const count = bytes[offset + 5] === BlockType.Records ? view.getUint32(offset + 12, true) : 0;
    const isOverflow = bytes[offset + 5] === BlockType.Overflow;
    blocks.push({
      name,
      offset,
      end,
      firstLsn: Number(view.getBigUint64(offset + 32, true)),
      count,
      isOverflow,
    });
    offset = end;
  }
  return blocks;
}

const batch = new RecordBatch();

/** Every readable row as text, by LSN. */
function rowsOf(reader: LogReader): Map<number, string> {
  const rows = new Map<number, string>();
  for (let block = 0; block < reader.blockCount; block++) {
    if (!reader.readBlock(block, batch).ok) continue;
    for (let row = 0; row < batch.count; row++) {
      const body = Buffer.from(batch.body(row).buffer, batch.body(row).byteOffset, batch.body(row).length);
      rows.set(
        batch.lsn(row),
        `${batch.kind[row]} ${batch.pageId(row)} ${batch.epoch[row]} ${batch.timestampNs(row)} ${body.toString("latin1")}`,
      );
    }
  }
  return rows;
}

/** LSNs in blocks that the damage cannot touch. */
function expectedLsns(blocks: readonly Block[], isHit: (block: Block) => boolean): number[] {
  const lsns: number[] = [];
  for (const block of blocks) {
    if (isHit(block)) continue;
    for (let i = 0; i < block.count; i++) lsns.push(block.firstLsn + i);
  }
  return lsns;
}

/** Every row as it was written; where one of its overflow blocks was hit, a gap of one record (V5). */
function expectRows(
  reader: LogReader,
  whole: Map<number, string>,
  blocks: readonly Block[],
  isHit: (block: Block) => boolean,
  place: string,
): void {
  const lsns = expectedLsns(blocks, isHit);
  const lost = new Set(
    blocks.filter((block) => block.isOverflow && isHit(block)).map((block) => block.firstLsn),
  );
  const rows = rowsOf(reader);
  if (rows.size !== lsns.length) expect([...rows.keys()], place).toEqual(lsns);
  for (const lsn of lsns) {
    const row = rows.get(lsn);
    if (lost.has(lsn)) expect(row, `${place}, LSN ${lsn}`).toMatch(/^7 0 0 /);
    else if (row !== whole.get(lsn)) expect(row, `${place}, LSN ${lsn}`).toBe(whole.get(lsn));
  }
}

describe("the golden recordings", () => {
  test("are what the writer writes, byte for byte", async () => {
    const written = await writeGoldenRecordings();
    expect([...written.keys()].sort()).toEqual([...stored.keys()]);
    for (const [name, bytes] of written)
      expect(Buffer.from(bytes).equals(stored.get(name)!), name).toBe(true);
  });

  test("open with the content and the state they were written with", () => {
    const known = JSON.parse(readFileSync(join(GOLDEN, "golden.json"), "utf8")) as Record<string, Known>;
    const found: Record<string, Known> = {};
    for (const stem of stems) {
      const reader = unwrap(open(stem, diskWith(stem)));
      const { lastLsn, committedLsn, complete } = reader;
      expect(reader.damage).toEqual([]);
      if (complete) expect(verifyRecording(reader).problems).toEqual([]);
      const replayed = unwrap(replayAll(reader));
      found[stem] = {
        content: contentHash(reader),
        state: toHex(replayed.stateHash),
        lastLsn,
        committedLsn,
        complete,
      };
      reader.close();
    }
    expect(found).toEqual(known);
  });

  test("open cut at any byte, with everything before the cut", async () => {
    for (const stem of stems) {
      const whole = rowsOf(unwrap(open(stem, diskWith(stem))));
      const blocks = membersOf(stem).flatMap(blocksOf);
      for (const name of membersOf(stem)) {
        const bytes = stored.get(name)!;
        const step = bytes.length > 8192 ? 97 : stem === "v1-session" ? 1 : 3;
        for (let length = 0; length < bytes.length; length += step) {
          const place = `${name} cut at ${length}`;
          const disk = diskWith(stem, name, bytes.subarray(0, length));
          const opened = open(stem, disk);
          const isHit = (block: Block) => block.name === name && block.end > length;
          const lsns = expectedLsns(blocks, isHit);
          if (!opened.ok) {
            expect(["LOG_EMPTY", "LOG_TRUNCATED"], place).toContain(opened.error.code);
            expect(lsns, place).toEqual([]);
            continue;
          }
          const reader = opened.value;
          expectRows(reader, whole, blocks, isHit, place);
          if (reader.complete) expect.fail(`${place} passes for complete`);
          const torn = blocks.find(
            (block) => block.name === name && block.offset < length && block.end > length,
          );
          const damage = reader.damage.find((found) => found.path === `/g/${name}`);
          if (torn !== undefined && (damage?.offset !== torn.offset || damage.error.code !== "LOG_TRUNCATED"))
            expect([damage?.offset, damage?.error.code], place).toEqual([torn.offset, "LOG_TRUNCATED"]);
          reader.close();
          if (length % 41 !== 0 || membersOf(stem).length > 1) continue;
          const writer = unwrap(
            await LogWriter.open(`/g/${stem}.tlog`, { fileSystem: disk, lock: disk.lock }),
          );
          expect(writer.lastLsn).toBe(lsns.at(-1) ?? 0);
          unwrap(await writer.close());
        }
      }
    }
  });

  test("open with any bit flipped, with everything outside the block that was hit", () => {
    for (const stem of stems) {
      const whole = rowsOf(unwrap(open(stem, diskWith(stem))));
      const blocks = membersOf(stem).flatMap(blocksOf);
      for (const name of membersOf(stem)) {
        const bytes = stored.get(name)!.slice();
        const step = bytes.length > 8192 ? 511 : stem === "v1-session" ? 1 : 11;
        for (let bit = 0; bit < bytes.length * 8; bit += step) {
          const at = bit >>> 3;
          const place = `${name}, bit ${bit}`;
          bytes[at] = bytes[at]! ^ (1 << (bit & 7));
          const reader = unwrap(open(stem, diskWith(stem, name, bytes)));
          const hit = blocks.find((block) => block.name === name && block.offset <= at && at < block.end)!;
          expectRows(reader, whole, blocks, (block) => block === hit, place);
          const damage = reader.damage[0];
          if (reader.complete || damage?.offset !== hit.offset || damage.path !== `/g/${name}`)
            expect([reader.complete, damage?.offset, damage?.path], place).toEqual([
              false,
              hit.offset,
              `/g/${name}`,
            ]);
          reader.close();
          bytes[at] = bytes[at]! ^ (1 << (bit & 7));
        }
      }
    }
  });
});
