import { describe, expect, it } from "vitest";
import { MmsbError } from "../../../engine/base/errors.ts";
import { err, type Result, unwrap } from "../../../engine/base/result.ts";
import { Field, HEADER_WORDS, SLOT_WORDS, SlotState, Word } from "../../../engine/pages/shared-layout.ts";
import { type SharedPage, SharedPages } from "../../../engine/pages/shared-pages.ts";
import { checkSharedPages } from "../../helpers/check-shared-pages.ts";

const KIB = 1024;

function make(arenaBytes = 64 * KIB, maxPages = 100): SharedPages {
  return unwrap(SharedPages.create({ arenaBytes, maxPages }));
}

function code(result: Result<unknown>): string {
  return result.ok ? "ok" : result.error.code;
}

function bytesOf(pages: SharedPages, page: SharedPage): Uint8Array {
  const bytes = new Uint8Array(unwrap(pages.sizeOf(page)));
  unwrap(pages.read(page, bytes));
  return bytes;
}

describe("shared pages", () => {
  it("are zero when they are new, whoever had their memory before", () => {
    const pages = make();
    const first = unwrap(pages.allocate(1000));
    unwrap(pages.write(first, 0, new Uint8Array(1000).fill(7)));
    unwrap(pages.free(first));
    const second = unwrap(pages.allocate(990));
    expect(second.slot).toBe(first.slot);
    expect(bytesOf(pages, second).every((byte) => byte === 0)).toBe(true);
    expect(second.id).toBe(first.id + 1n);
  });

  it("are seen by every thread that attaches, and refuse memory that is none of theirs", () => {
    const pages = make();
    const page = unwrap(pages.allocate(5));
    const other = unwrap(SharedPages.attach(pages.memory, 9));
    unwrap(other.write(page, 1, Uint8Array.of(1, 2)));
    expect([...bytesOf(pages, page)]).toEqual([0, 1, 2, 0, 0]);
    expect(other.idOf(page.slot)).toBe(page.id);
    expect(code(SharedPages.attach(new SharedArrayBuffer(4096), 0))).toBe("ARGUMENT_INVALID");
    expect(code(SharedPages.attach(pages.memory, 64))).toBe("ARGUMENT_INVALID");
    expect(code(SharedPages.create({ arenaBytes: 0, maxPages: 1 }))).toBe("ARGUMENT_INVALID");
    expect(code(SharedPages.create({ arenaBytes: 64, maxPages: 0 }))).toBe("ARGUMENT_INVALID");
  });

  it("say who holds what when memory is out, and lose nothing by it", () => {
    const pages = make(64 * KIB);
    const other = unwrap(SharedPages.attach(pages.memory, 5));
    unwrap(pages.allocate(16 * KIB));
    unwrap(other.allocate(24 * KIB));
    unwrap(other.allocate(16 * KIB));
    const refused = pages.allocate(16 * KIB);
    expect(code(refused)).toBe("PAGE_OUT_OF_MEMORY");
    expect(!refused.ok && refused.error.message).toBe(
      "no room for a page of 16384 bytes in an arena of 65536: owner 0 1 pages of 16384 bytes, owner 5 2 pages of 40960 bytes",
    );
    expect(code(pages.allocate(8 * KIB))).toBe("ok");
    checkSharedPages(pages.memory);
  });

  it("join free neighbours when a longer page is wanted", () => {
    const pages = make(64 * KIB);
    const small = Array.from({ length: 64 }, () => unwrap(pages.allocate(KIB)));
    expect(code(pages.allocate(1))).toBe("PAGE_OUT_OF_MEMORY");
    for (const page of small) unwrap(pages.free(page));
    const whole = unwrap(pages.allocate(64 * KIB));
    unwrap(pages.free(whole));
    checkSharedPages(pages.memory);
    expect(pages.holdings()).toEqual([]);
  });

  it("name a page for ever: a handle of one that is gone finds nothing", () => {
    const pages = make();
    const page = unwrap(pages.allocate(64));
    unwrap(pages.free(page));
    const next = unwrap(pages.allocate(64));
    expect(next.slot).toBe(page.slot);
    const gone = [
      pages.free(page),
      pages.clone(page),
      pages.migrate(page, "gpu"),
      pages.read(page, new Uint8Array(64)),
      pages.write(page, 0, new Uint8Array(1)),
      pages.sizeOf(page),
      pages.locationOf(page),
      pages.free({ slot: 1e9, generation: 1, id: 0n }),
      pages.free({ slot: -1, generation: 0, id: 0n }),
      pages.free({ slot: Number.NaN, generation: 0, id: 0n }),
    ];
    expect(gone.map(code)).toEqual(gone.map(() => "PAGE_UNKNOWN"));
    expect(bytesOf(pages, next).length).toBe(64);
  });

  it("clone bytes and location, and go their own ways afterwards", () => {
    const pages = make();
    const page = unwrap(pages.allocate(300, "unified"));
    unwrap(pages.write(page, 0, new Uint8Array(300).fill(3)));
    const copy = unwrap(pages.clone(page));
    unwrap(pages.write(page, 299, Uint8Array.of(9)));
    expect(bytesOf(pages, copy)).toEqual(new Uint8Array(300).fill(3));
    expect(unwrap(pages.locationOf(copy))).toBe("unified");
    expect(copy.id).not.toBe(page.id);
  });

  it("migrate with their bytes, or stay where they were", () => {
    const pages = make();
    const page = unwrap(pages.allocate(10));
    const moves: string[] = [];
    const transfer = (bytes: Uint8Array, from: string, to: string): Result<void> => {
      moves.push(`${from} ${to} ${bytes.length}`);
      return { ok: true, value: undefined };
    };
    unwrap(pages.migrate(page, "gpu", transfer));
    unwrap(pages.migrate(page, "gpu", transfer));
    expect(unwrap(pages.locationOf(page))).toBe("gpu");
    const broken = new MmsbError("DEVICE_FAILED", "the device is gone", "Go on with the CPU");
    expect(pages.migrate(page, "cpu", () => err(broken))).toEqual({ ok: false, error: broken });
    expect(() =>
      pages.migrate(page, "cpu", () => {
        throw new Error("a bug");
      }),
    ).toThrow("a bug");
    expect(unwrap(pages.locationOf(page))).toBe("gpu");
    expect(moves).toEqual(["cpu gpu 10"]);
    unwrap(pages.free(page));
  });

  it("give up a page, and a heap, whose holder is gone, and let the others be", () => {
    const pages = unwrap(SharedPages.attach(make(64 * KIB).memory, 1, 1000));
    const stuck = unwrap(pages.allocate(100));
    const other = unwrap(pages.allocate(100));
    const words = new Int32Array(pages.memory, 0, HEADER_WORDS + 100 * SLOT_WORDS);
    const at = HEADER_WORDS + stuck.slot * SLOT_WORDS + Field.State;
    words[at] = (words[at]! & ~3) | SlotState.Busy;
    expect(code(pages.free(stuck))).toBe("PAGE_STATE");
    expect(code(pages.read(stuck, new Uint8Array(100)))).toBe("PAGE_STATE");
    expect(code(pages.write(other, 0, Uint8Array.of(1)))).toBe("ok");
    words[Word.HeapLock] = 8;
    const refused = pages.allocate(64 * KIB);
    expect(code(refused)).toBe("PAGE_STATE");
    expect(!refused.ok && refused.error.message).toContain("owner 7");
    expect(code(pages.allocate(100))).toBe("ok");
  });

  it("refuse what lies outside", () => {
    const pages = make(64 * KIB, 1);
    expect([-1, 1.5, Number.NaN, 65 * KIB].map((size) => code(pages.allocate(size)))).toEqual(
      Array(4).fill("PAGE_SIZE_INVALID"),
    );
    const page = unwrap(pages.allocate(0));
    expect(code(pages.allocate(1))).toBe("LIMIT_EXCEEDED");
    expect(code(pages.write(page, 0, new Uint8Array(1)))).toBe("DELTA_RANGE");
    expect(code(pages.write(page, -1, new Uint8Array(0)))).toBe("DELTA_RANGE");
    expect(code(pages.read(page, new Uint8Array(1)))).toBe("DELTA_RANGE");
    expect(code(pages.read(page, new Uint8Array(0)))).toBe("ok");
    checkSharedPages(pages.memory);
  });
});
