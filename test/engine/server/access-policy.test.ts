import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { AccessPolicy } from "../../../engine/server/access-policy.ts";
import { TestFolder, TestStudio } from "../../helpers/studio.ts";

const folder = new TestFolder();
const inside = folder.file("inside");
const outside = folder.file("outside");

beforeAll(() => {
  mkdirSync(join(inside, "deep"), { recursive: true });
  mkdirSync(outside);
  for (const path of [
    "inside/a.tlog",
    "inside/a.000001.tlog",
    "inside/b.000001.tlog",
    "inside/deep/c.tlog",
    "outside/secret.tlog",
    "inside-not.tlog",
  ]) {
    writeFileSync(folder.file(path), "x");
  }
  symlinkSync(join(outside, "secret.tlog"), join(inside, "link.tlog"));
  symlinkSync(outside, join(inside, "linked"));
  symlinkSync(join(inside, "deep"), join(inside, "near"));
});
afterAll(() => folder.remove());

const verdict = (policy: AccessPolicy, path: string) => {
  const checked = policy.check(path);
  return checked.ok ? checked.value : checked.error.code;
};

describe("a granted folder", () => {
  test("opens what lies in it and below, by whatever way that stays inside", () => {
    const policy = new AccessPolicy({ folders: [inside] });
    expect(verdict(policy, join(inside, "a.tlog"))).toBe(join(inside, "a.tlog"));
    expect(verdict(policy, `${inside}/deep/../deep/c.tlog`)).toBe(join(inside, "deep", "c.tlog"));
    expect(verdict(policy, join(inside, "near", "c.tlog"))).toBe(join(inside, "deep", "c.tlog"));
  });

  test.each([
    ["a path with ..", "inside/../outside/secret.tlog"],
    ["a link to a file outside", "inside/link.tlog"],
    ["a link to a folder outside", "inside/linked/secret.tlog"],
    ["a file beside it whose name begins alike", "inside-not.tlog"],
    ["a file that is not there", "inside/none.tlog"],
    ["a NUL", "inside/a.tlog\0.txt"],
    ["an encoded path", "inside/%2e%2e/outside/secret.tlog"],
  ])("does not open %s", (_what, path) => {
    expect(verdict(new AccessPolicy({ folders: [inside] }), `${folder.path}/${path}`)).toBe("ACCESS_DENIED");
  });

  test("says the same of what is forbidden and of what is not there", () => {
    const policy = new AccessPolicy({ folders: [inside] });
    const forbidden = policy.check(join(outside, "secret.tlog"));
    const absent = policy.check(join(outside, "none.tlog"));
    expect(forbidden).toEqual(absent);
  });

  test("lists its recordings, a rotated set once", () => {
    const listed = new AccessPolicy({ folders: [inside] }).list().map(({ name }) => name);
    expect(listed.sort()).toEqual(["a.tlog", "b.000001.tlog", "link.tlog"]);
  });
});

test("a granted file opens by any name for it, and nothing beside it", () => {
  const policy = new AccessPolicy({ files: [join(inside, "a.tlog")] });
  expect(verdict(policy, join(inside, "deep", "..", "a.tlog"))).toBe(join(inside, "a.tlog"));
  expect(verdict(policy, join(inside, "b.000001.tlog"))).toBe("ACCESS_DENIED");
  policy.revokeFile(join(inside, "a.tlog"));
  expect(verdict(policy, join(inside, "a.tlog"))).toBe("ACCESS_DENIED");
});

test("nothing is granted to begin with; the desktop window may open anything but a NUL", () => {
  expect(verdict(new AccessPolicy(), "/etc/hostname")).toBe("ACCESS_DENIED");
  const any = new AccessPolicy({ anyPath: true });
  expect(verdict(any, "/etc/hostname")).toBe("/etc/hostname");
  expect(verdict(any, "/etc/hostname\0")).toBe("ACCESS_DENIED");
});

test("a window is refused over the protocol what the policy refuses", async () => {
  const studio = await TestStudio.start(new AccessPolicy({ folders: [inside] }));
  const paths = [join(outside, "secret.tlog"), join(inside, "link.tlog"), "/etc/passwd", "../x", "\0"];
  for (const path of paths) {
    const opened = await studio.client.request("recording.open", { path });
    expect([path, opened.ok ? "" : opened.error.code]).toEqual([path, "ACCESS_DENIED"]);
  }
  studio.stop();
});
