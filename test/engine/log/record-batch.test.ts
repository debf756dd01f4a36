import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { unwrap } from "../../../engine/base/result.ts";
import { exportMmsbLog1 } from "../../../engine/log/foreign/export-mmsblog1.ts";
import { MmsbLog1Source } from "../../../engine/log/foreign/mmsblog1-source.ts";
import { BlockCache } from "../../../engine/log/index/block-cache.ts";
import { LogReader } from "../../../engine/log/log-reader.ts";
import { RecordBatch } from "../../../engine/log/record-batch.ts";
import { mmsbStart, mmsbStop } from "../../../engine/session/mmsb.ts";

const folder = mkdtempSync(join(tmpdir(), "mmsb-batch-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

beforeAll(async () => {
  const session = unwrap(await mmsbStart({ path: join(folder, "x.tlog"), durability: "none" }));
  const page = unwrap(session.createPage({ sizeBytes: 4096, type: "bytes" }));
  for (let i = 0; i < 1000; i++)
    unwrap(
      session.write(page, i, new Uint8Array(300).fill(i), { source: `writer ${i % 7}`, metadata: { i } }),
    );
  unwrap(await mmsbStop(session));
  const reader = unwrap(LogReader.open(join(folder, "x.tlog")));
  unwrap(exportMmsbLog1(reader, join(folder, "x.mmsblog1")));
  reader.close();
});

function content(batch: RecordBatch): string[] {
  return Array.from({ length: batch.count }, (_, row) => {
    const bytes = Buffer.concat([batch.body(row), batch.metadata(row)]).toString("hex");
    return `${batch.lsn(row)} ${batch.kind[row]} ${batch.sourceText(row)} ${bytes}`;
  });
}

it.each([
  ["of our own", () => unwrap(LogReader.open(join(folder, "x.tlog")))],
  ["of the older MMSB", () => unwrap(MmsbLog1Source.open(join(folder, "x.mmsblog1")))],
] as const)("keeps a batch of a recording %s whole while others are read from the same source", (_, open) => {
  const source = open();
  expect(source.blockCount).toBeGreaterThan(3);
  const cache = new BlockCache(source, 1 << 30);
  const batches = Array.from({ length: source.blockCount }, (_block, block) => {
    const batch = new RecordBatch();
    unwrap(source.readBlock(block, batch));
    const kept = unwrap(cache.block(block));
    return { batch, kept, content: content(batch) };
  });
  for (const { batch, kept, content: before } of batches) {
    expect(content(batch)).toEqual(before);
    expect(content(kept)).toEqual(before);
  }
  // what the cache keeps is as large as its bodies, not as its blocks
  expect(batches.every(({ kept }) => kept.room === undefined)).toBe(true);
  source.close();
});
