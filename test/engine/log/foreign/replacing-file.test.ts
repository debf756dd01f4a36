import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { fail, unwrap } from "../../../../engine/base/result.ts";
import { type LogFile, type LogFileSystem, nodeFileSystem } from "../../../../engine/log/file-system.ts";
import { ReplacingFile } from "../../../../engine/log/foreign/replacing-file.ts";
import { temporaryFolder } from "./naive-mmsb.ts";

const folder = temporaryFolder();
const file = path.join(folder, "file");

const noSpace = () => fail("LOG_NO_SPACE", "no space left", "Free some space");

/** The real file system, but for what is overridden. */
function failing(onFile: Partial<LogFile>, onSystem: Partial<LogFileSystem> = {}): LogFileSystem {
  return {
    ...nodeFileSystem,
    open(filePath, mode) {
      const opened = nodeFileSystem.open(filePath, mode);
      if (!opened.ok) return opened;
      const target = opened.value;
      const value = new Proxy(target, {
        get: (_, name) => {
          const member = Reflect.get(onFile, name) ?? Reflect.get(target, name, target);
          return typeof member === "function" ? member.bind(target) : member;
        },
      });
      return { ok: true, value };
    },
    ...onSystem,
  };
}

describe("a file that is replaced as a whole", () => {
  it("appears with all its bytes at once", () => {
    writeFileSync(file, "old");
    const out = unwrap(ReplacingFile.create(file, nodeFileSystem));
    const large = Uint8Array.from({ length: 700_001 }, (_, i) => i);
    out.u8(1);
    out.bytes(large);
    out.u32(0x8765_4321);
    out.repeat(9, 600_000);
    out.bytes(large, 5, 7);
    expect(out.sizeBytes).toBe(1 + 700_001 + 4 + 600_000 + 2);
    expect(readFileSync(file, "utf8")).toBe("old");
    unwrap(out.commit());
    const expected = Buffer.concat([
      Buffer.of(1),
      large,
      Buffer.of(0x21, 0x43, 0x65, 0x87),
      Buffer.alloc(600_000, 9),
      Buffer.of(5, 6),
    ]);
    expect(readFileSync(file).equals(expected)).toBe(true);
    out.abort();
    expect(existsSync(file)).toBe(true);
    expect(readdirSync(folder)).toEqual(["file"]);
  });

  it("takes over what a dead process of the same id left", () => {
    writeFileSync(`${file}.${process.pid}.partial`, "left behind");
    const out = unwrap(ReplacingFile.create(file, nodeFileSystem));
    out.u8(5);
    unwrap(out.commit());
    expect([...readFileSync(file)]).toEqual([5]);
    expect(readdirSync(folder)).toEqual(["file"]);
  });

  it.each([
    ["write", failing({ write: noSpace })],
    ["sync", failing({ sync: noSpace })],
    ["rename", failing({}, { rename: noSpace })],
  ])("leaves the old file and no other where the %s fails", (_, fileSystem) => {
    writeFileSync(file, "old");
    const out = unwrap(ReplacingFile.create(file, fileSystem));
    out.repeat(1, 2_000_000);
    out.bytes(new Uint8Array(300_000));
    expect(out.commit()).toMatchObject({ ok: false, error: { code: "LOG_NO_SPACE" } });
    expect(readFileSync(file, "utf8")).toBe("old");
    expect(readdirSync(folder)).toEqual(["file"]);
  });
});
