import { copyFileSync, existsSync, renameSync, writeFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { EngineClient } from "../../../engine/protocol/client.ts";
import { recordDeltas } from "../../bench/log.ts";
import { TestFolder, TestStudio } from "../../helpers/studio.ts";

let folder: TestFolder;
let studio: TestStudio;
beforeEach(async () => {
  folder = new TestFolder();
  studio = await TestStudio.start();
});
afterEach(() => {
  studio.stop();
  folder.remove();
});

/** One that takes long enough to open that something can happen meanwhile: its index has to be built. */
async function large(): Promise<string> {
  const path = folder.file("large.tlog");
  await recordDeltas(path, 100_000, 500);
  return path;
}

/** Asks for the recording; with `givesUp` only until it hears that it is under way. */
function asks(client: EngineClient, path: string, givesUp = false) {
  const aborting = new AbortController();
  const phases: string[] = [];
  const onProgress = ({ phase }: { readonly phase: string }) => {
    phases.push(phase);
    if (givesUp) aborting.abort();
  };
  return {
    answer: client.request("recording.open", { path }, { signal: aborting.signal, onProgress }),
    phases,
  };
}

const opened = () => expect.poll(() => studio.host.recordingCount, { timeout: 10_000 });

describe("a recording that a server was started for", () => {
  test("is open before a window asks, and closed when that window lets go of it", async () => {
    const path = await folder.demo("life", 6);
    studio.host.prepare(path);
    await opened().toBe(1);
    const { recording } = (await studio.ask("recording.open", { path })).result;
    expect(studio.host.recordingCount).toBe(1);
    await studio.ask("recording.close", { recording });
    expect(studio.host.recordingCount).toBe(0);
  });

  test("is opened once, also where a window asks meanwhile, which hears how far it is", async () => {
    const path = await large();
    studio.host.prepare(path);
    const { answer, phases } = asks(studio.client, path);
    expect((await answer).ok).toBe(true);
    expect(phases[0]).toMatch(/open|index/);
    expect(studio.host.recordingCount).toBe(1);
  });

  test("is given up when the window that waits for it gives up", async () => {
    const path = await large();
    studio.host.prepare(path);
    const given = await asks(studio.client, path, true).answer;
    expect(given.ok ? "" : given.error.code).toBe("CANCELLED");
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(studio.host.recordingCount).toBe(0);
    expect(existsSync(`${path}.idx`)).toBe(false);
  });

  test("is let go of where another file bears its name by the time it is asked for", async () => {
    const [path, other] = [await folder.demo("life", 6), await folder.demo("mlp", 6)];
    const copy = folder.file("copy.tlog");
    copyFileSync(other, copy);
    studio.host.prepare(path);
    await opened().toBe(1);
    renameSync(copy, path);
    const { uuid } = (await studio.ask("recording.open", { path })).result;
    expect(uuid).toBe((await studio.ask("recording.open", { path: other })).result.uuid);
    expect(studio.host.recordingCount).toBe(2);
  });

  test("may turn out to be none: a window that asks is told why", async () => {
    const path = folder.file("none.tlog");
    writeFileSync(path, "no log");
    studio.host.prepare(path);
    const { answer } = asks(studio.client, path);
    const refused = await answer;
    expect(refused.ok ? "" : refused.error.code).toMatch(/^LOG_/);
    await opened().toBe(0);
  });
});

describe("two windows that ask for the same recording at once", () => {
  test("share it, and the one that stays has it where the other gives up", async () => {
    const path = await large();
    const second = await TestStudio.connect(studio.host);
    const [first, last] = await Promise.all([
      asks(studio.client, path, true).answer,
      asks(second, path).answer,
    ]);
    expect(first.ok ? "" : first.error.code).toBe("CANCELLED");
    expect(last.ok).toBe(true);
    expect(studio.host.recordingCount).toBe(1);
    second.close();
    await opened().toBe(0);
  });
});
