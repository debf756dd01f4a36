import { readFileSync, truncateSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { unwrap } from "../../../engine/base/result.ts";
import type { RecordingInfo } from "../../../engine/protocol/requests/recordings.ts";
import { mmsbStart } from "../../../engine/session/mmsb.ts";
import { TestFolder, TestStudio } from "../../helpers/studio.ts";

const folder = new TestFolder();
let studio: TestStudio;

beforeAll(async () => {
  studio = await TestStudio.start();
});
afterAll(() => {
  studio.stop();
  folder.remove();
});

async function infoOf(path: string): Promise<RecordingInfo> {
  return (await studio.ask("recording.open", { path })).result;
}

describe("a recording is called still growing", () => {
  test("while a writer holds it, from the first answer on, and no longer", async () => {
    const path = folder.file("live.tlog");
    const session = unwrap(await mmsbStart({ path }));
    const page = unwrap(session.createPage({ sizeBytes: 64 }));
    unwrap(session.write(page, 0, Uint8Array.of(1)));
    unwrap(await session.durable());
    const first = await infoOf(path);
    expect([first.following, first.complete]).toEqual([true, false]);
    let last = first;
    const watching = studio.client.subscribe(
      "recording.changes",
      { recording: first.recording },
      { credit: 1000, onUpdate: ({ result }) => (last = result), onEnd: () => {} },
    );
    unwrap(session.write(page, 0, Uint8Array.of(2)));
    unwrap(await session.durable());
    await expect.poll(() => last.counts.deltas, { timeout: 10_000 }).toBe(2);
    expect(last.following).toBe(true);
    unwrap(await session.stop());
    await expect.poll(() => [last.following, last.complete], { timeout: 10_000 }).toEqual([false, true]);
    watching.close();
  });

  test("not where its writer closed it, however damaged it is since", async () => {
    const path = await folder.demo("life", 20);
    const bytes = readFileSync(path);
    bytes[bytes.length >> 1]! ^= 1;
    const damaged = folder.file("damaged.tlog");
    writeFileSync(damaged, bytes);
    const info = await infoOf(damaged);
    expect(info.damage.length).toBeGreaterThan(0);
    expect([info.following, info.complete]).toEqual([false, false]);
  });

  test("not where its writer is gone", async () => {
    const path = await folder.demo("life", 21);
    truncateSync(path, readFileSync(path).length - 200);
    const info = await infoOf(path);
    expect([info.following, info.complete]).toEqual([false, false]);
  });
});
