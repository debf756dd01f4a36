import { readFileSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { unwrap } from "../../../engine/base/result.ts";
import { LogReader } from "../../../engine/log/log-reader.ts";
import { replayAll } from "../../../engine/replay/replay-all.ts";
import { TestFolder, TestStudio } from "../../helpers/studio.ts";

test("a page whose records were lost is called uncertain, as replay without an index calls it", async () => {
  const folder = new TestFolder();
  const studio = await TestStudio.start();
  try {
    const bytes = readFileSync(await folder.demo("life", 60));
    bytes[bytes.length >> 2]! ^= 1;
    const path = folder.file("damaged.tlog");
    writeFileSync(path, bytes);
    const { recording, lastLsn } = await studio.open(path);
    const source = unwrap(LogReader.open(path));
    const { fromLsn, toLsn } = source.gaps[0]!;
    const pages = Array.from({ length: 18 }, (_, at) => BigInt(at + 1));
    const said = async (lsn: number) => {
      const found: bigint[] = [];
      for (const page of pages) {
        const asked = { recording, page, lsn, offset: 0, length: 1, ages: false } as const;
        if ((await studio.ask("page.view", asked)).result.uncertain) found.push(page);
      }
      return found;
    };
    expect(await said(fromLsn - 1)).toEqual([]);
    // By then every page was written again: only now can replay know that something is missing.
    const after = toLsn + 60;
    expect(await said(after)).toEqual(pages);
    for (const lsn of [after, lastLsn])
      expect([lsn, await said(lsn)]).toEqual([lsn, unwrap(replayAll(source, { at: lsn })).uncertain]);
    source.close();
  } finally {
    studio.stop();
    folder.remove();
  }
}, 30_000);
