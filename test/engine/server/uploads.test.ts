import { existsSync, readFileSync } from "node:fs";
import { dirname } from "node:path";
import { afterAll, expect, test } from "vitest";
import { unwrap } from "../../../engine/base/result.ts";
import type { EngineClient } from "../../../engine/protocol/client.ts";
import { AccessPolicy } from "../../../engine/server/access-policy.ts";
import { TestFolder, TestStudio } from "../../helpers/studio.ts";

const folder = new TestFolder();
afterAll(() => folder.remove());

async function send(client: EngineClient, name: string, content: Uint8Array): Promise<string> {
  const { upload, maxChunkBytes } = unwrap(
    await client.request("upload.begin", { name, sizeBytes: content.length }),
  ).result;
  for (let offset = 0; offset < content.length; offset += maxChunkBytes) {
    const bytes = content.subarray(offset, offset + maxChunkBytes);
    unwrap(await client.request("upload.chunk", { upload, offset }, { columns: { bytes } }));
  }
  return unwrap(await client.request("upload.finish", { upload })).result.path;
}

const codeOf = async (result: Promise<{ ok: boolean; error?: { code: string } }>) =>
  (await result).error?.code ?? "";

test("a file that was sent opens on its own connection, on no other, and is gone when that ends", async () => {
  const original = await folder.demo("life", 40);
  const studio = await TestStudio.start(new AccessPolicy(), true);
  const other = await TestStudio.connect(studio.host);
  const path = await send(studio.client, "../../etc/evil name.tlog", readFileSync(original));
  expect(path).toMatch(/mmsb-upload-[^/]+\/[\w.-]+$/);
  expect(readFileSync(path).equals(readFileSync(original))).toBe(true);
  const info = await studio.open(path);
  expect(info.lastLsn).toBeGreaterThan(100);
  expect(await codeOf(other.request("recording.open", { path }))).toBe("ACCESS_DENIED");
  other.close();
  studio.stop();
  await expect.poll(() => existsSync(dirname(path))).toBe(false);
});

test("chunks out of order, too many, too long and unknown ones are refused, and the upload stands", async () => {
  const studio = await TestStudio.start(new AccessPolicy(), true);
  const { client } = studio;
  const { upload } = unwrap(await client.request("upload.begin", { name: "x.tlog", sizeBytes: 8 })).result;
  const chunk = (id: number, offset: number, length: number) =>
    codeOf(
      client.request("upload.chunk", { upload: id, offset }, { columns: { bytes: new Uint8Array(length) } }),
    );
  expect(await chunk(upload + 1, 0, 1)).toBe("ARGUMENT_INVALID");
  expect(await chunk(upload, 4, 4)).toBe("ARGUMENT_INVALID");
  expect(await chunk(upload, 0, 9)).toBe("ARGUMENT_INVALID");
  expect(await chunk(upload, 0, 4)).toBe("");
  expect(await chunk(upload, 0, 4)).toBe("ARGUMENT_INVALID");
  expect(await codeOf(client.request("upload.finish", { upload }))).toBe("ARGUMENT_INVALID");
  expect(await chunk(upload, 4, 4)).toBe("");
  const path = unwrap(await client.request("upload.finish", { upload })).result.path;
  expect(await codeOf(client.request("upload.finish", { upload }))).toBe("ARGUMENT_INVALID");
  expect(readFileSync(path)).toEqual(Buffer.alloc(8));
  expect(await codeOf(client.request("upload.begin", { name: "x", sizeBytes: 2 ** 40 }))).toBe(
    "LIMIT_EXCEEDED",
  );
  for (let i = 0; i < 3; i++) unwrap(await client.request("upload.begin", { name: "..", sizeBytes: 1 }));
  expect(await codeOf(client.request("upload.begin", { name: "x", sizeBytes: 1 }))).toBe("LIMIT_EXCEEDED");
  studio.stop();
  await expect.poll(() => existsSync(dirname(path))).toBe(false);
});

test("where a path is there for every file, none is taken", async () => {
  const studio = await TestStudio.start(new AccessPolicy({ anyPath: true }), false);
  const begun = studio.client.request("upload.begin", { name: "x.tlog", sizeBytes: 8 });
  expect(await codeOf(begun)).toBe("ACCESS_DENIED");
  studio.stop();
});
