import { describe, expect, it } from "vitest";
import { NO_SLOT } from "../../../engine/accel/index.ts";
import { type Result, unwrap } from "../../../engine/base/result.ts";
import { U64_MAX } from "../../../engine/base/u64.ts";
import { PageTable } from "../../../engine/pages/page-table.ts";

const codeOf = (result: Result<unknown>) => (result.ok ? "ok" : result.error.code);

describe("ids", () => {
  it("are given from 1 upwards, leaving out those that are or were in use", () => {
    const table = new PageTable();
    const two = unwrap(table.create({ id: 2n, sizeBytes: 8 }));
    unwrap(table.create({ id: 4n, sizeBytes: 8 }));
    unwrap(table.destroy(two));
    const given = Array.from({ length: 3 }, () => table.idOf(unwrap(table.create({ sizeBytes: 8 }))));
    expect(given).toEqual([1n, 3n, 5n]);
  });

  it("of every u64 are legal: 0, above 2^53, and the very last", () => {
    const table = new PageTable();
    const ids = [0n, 2n ** 32n, 2n ** 53n + 1n, 2n ** 53n, U64_MAX];
    for (const id of ids) {
      const slot = unwrap(table.create({ id, sizeBytes: 16 }));
      expect(table.idOf(slot)).toBe(id);
      expect(table.slotOf(id)).toBe(slot);
      expect(table.slotOfPair(table.idLo[slot]!, table.idHi[slot]!)).toBe(slot);
    }
    expect(table.slotOf(1n)).toBe(-1);
    expect(table.slotOf(U64_MAX - 1n)).toBe(-1);
  });

  it("outside u64 are refused, not wrapped", () => {
    const table = new PageTable();
    expect(codeOf(table.create({ id: -1n, sizeBytes: 8 }))).toBe("ARGUMENT_INVALID");
    expect(codeOf(table.create({ id: 2n ** 64n, sizeBytes: 8 }))).toBe("ARGUMENT_INVALID");
    expect(codeOf(table.create({ id: 7 as unknown as bigint, sizeBytes: 8 }))).toBe("ARGUMENT_INVALID");
    expect(table.slotOf(2n ** 64n)).toBe(-1);
    expect(table.slotOf(-1n)).toBe(-1);
  });

  it("run out with a typed error after the last u64", () => {
    const table = new PageTable();
    table.retireIds(1n, U64_MAX - 1n);
    expect(table.idOf(unwrap(table.create({ sizeBytes: 8 })))).toBe(U64_MAX);
    expect(codeOf(table.create({ sizeBytes: 8 }))).toBe("LIMIT_EXCEEDED");
    expect(codeOf(table.create({ id: 0n, sizeBytes: 8 }))).toBe("ok");
  });

  it("are never used again, except by revive", () => {
    const table = new PageTable();
    const slot = unwrap(table.create({ id: 9n, sizeBytes: 8 }));
    expect(codeOf(table.create({ id: 9n, sizeBytes: 8 }))).toBe("PAGE_EXISTS");
    unwrap(table.destroy(slot));
    const refused = table.create({ id: 9n, sizeBytes: 8 });
    expect(refused.ok ? undefined : [refused.error.code, refused.error.place.pageId]).toEqual([
      "PAGE_ID_REUSED",
      9n,
    ]);
    expect(codeOf(table.revive({ id: 9n, sizeBytes: 8 }))).toBe("ok");
    expect(codeOf(table.revive({ id: 9n, sizeBytes: 8 }))).toBe("PAGE_EXISTS");
  });

  it("looked up in a batch come back as slots, unknown ones as no slot", () => {
    const table = new PageTable();
    const a = unwrap(table.create({ id: 5n, sizeBytes: 8 }));
    const b = unwrap(table.create({ id: U64_MAX, sizeBytes: 8 }));
    const slots = new Uint32Array(4).fill(77);
    const lo = Uint32Array.of(5, 5, 6, 0xffff_ffff);
    const hi = Uint32Array.of(0, 0, 0, 0xffff_ffff);
    table.slotsOfPairs(lo, hi, 1, 4, slots);
    expect([...slots]).toEqual([77, a, NO_SLOT, b]);
  });
});

describe("slots", () => {
  it("are dense, and used again with another generation", () => {
    const table = new PageTable();
    const slots = [1, 2, 3].map(() => unwrap(table.create({ sizeBytes: 64 })));
    expect(slots).toEqual([0, 1, 2]);
    const before = table.generation[1];
    unwrap(table.destroy(1));
    expect(table.isLive(1)).toBe(false);
    expect(unwrap(table.create({ sizeBytes: 64 }))).toBe(1);
    expect(table.generation[1]).not.toBe(before);
    expect(table.generation[1]! & 1).toBe(1);
  });

  it("come in id order, in the same array while no page comes or goes", () => {
    const table = new PageTable();
    const high = unwrap(table.create({ id: U64_MAX, sizeBytes: 1 }));
    const low = unwrap(table.create({ id: 0n, sizeBytes: 1 }));
    const middle = unwrap(table.create({ id: 2n ** 40n, sizeBytes: 1 }));
    const order = table.slotsInIdOrder();
    expect([...order]).toEqual([low, middle, high]);
    table.bumpEpoch(low);
    expect(table.slotsInIdOrder()).toBe(order);
    unwrap(table.destroy(middle));
    expect([...table.slotsInIdOrder()]).toEqual([low, high]);
    expect([...order]).toEqual([low, middle, high]);
  });

  it("keep their order across clear, which makes the table as new", () => {
    const table = new PageTable();
    for (let i = 0; i < 5; i++)
      unwrap(table.create({ sizeBytes: 5000, bytes: new Uint8Array(5000).fill(1) }));
    const generation = table.generation[2];
    table.clear();
    expect([table.count, table.usedBytes, table.slotsInIdOrder().length, table.slotOf(1n)]).toEqual([
      0, 0, 0, -1,
    ]);
    const slot = unwrap(table.create({ sizeBytes: 5000 }));
    expect([slot, table.idOf(slot)]).toEqual([0, 1n]);
    expect(table.bytes(slot).every((byte) => byte === 0)).toBe(true);
    expect(table.generation[2]).not.toBe(generation);
  });
});

describe("columns", () => {
  it("kept across growth still see and write the live rows", () => {
    const table = new PageTable();
    unwrap(table.create({ sizeBytes: 8 }));
    const stale = table.epoch;
    const version = table.columnsVersion;
    for (let i = 0; i < 3000; i++) unwrap(table.create({ sizeBytes: 8 }));
    expect(table.columnsVersion).toBeGreaterThan(version);
    expect(table.epoch.length).toBeGreaterThan(stale.length);
    table.setEpoch(0, 41);
    expect(stale[0]).toBe(41);
    stale[0] = 42;
    expect(table.epoch[0]).toBe(42);
  });

  it("stand in shared memory", () => {
    const table = new PageTable();
    const slot = unwrap(table.create({ sizeBytes: 8 }));
    for (const column of [table.idLo, table.epoch, table.size, table.changed, table.bytes(slot)]) {
      expect(column.buffer).toBeInstanceOf(SharedArrayBuffer);
    }
  });

  it("locate a page's bytes for the batch functions", () => {
    const table = new PageTable();
    const slot = unwrap(table.create({ sizeBytes: 100, bytes: new Uint8Array(100).fill(7) }));
    for (let i = 0; i < 3000; i++) unwrap(table.create({ sizeBytes: 4096 }));
    const { arenas, arena, at, size } = table.spans;
    expect(table.spans).toBe(table.spans);
    const start = at[slot]!;
    expect([...arenas[arena[slot]!]!.subarray(start, start + size[slot]!)]).toEqual(new Array(100).fill(7));
    expect(arenas[arena[2500]!]!.subarray(at[2500]!).length).toBeGreaterThanOrEqual(4096);
    unwrap(table.destroy(slot));
    expect(table.spans.size[slot]).toBe(0);
  });
});

describe("a page", () => {
  it("keeps what it was created with", () => {
    const table = new PageTable();
    const metadata = new Map([
      ["b", Uint8Array.of(1)],
      ["a", new Uint8Array(0)],
    ]);
    const schema = { fields: [{ name: "x", type: "f32", offset: 0, shape: [2] }] } as const;
    const bytes = Uint8Array.from({ length: 8 }, (_, i) => i);
    const slot = unwrap(
      table.create({
        id: 3n,
        type: "weights",
        sizeBytes: 8,
        location: "gpu",
        metadata,
        schema,
        bytes,
        epoch: 12,
      }),
    );
    metadata.get("b")![0] = 99;
    bytes[0] = 99;
    expect(table.image(slot)).toEqual({
      id: 3n,
      type: "weights",
      sizeBytes: 8,
      location: "gpu",
      metadata: new Map([
        ["a", new Uint8Array(0)],
        ["b", Uint8Array.of(1)],
      ]),
      schema,
      epoch: 12,
      bytes: Uint8Array.from({ length: 8 }, (_, i) => i),
    });
    expect([...table.metadataOf(slot).keys()]).toEqual(["a", "b"]);
    table.bytes(slot)[1] = 55;
    expect(table.image(slot).bytes[1]).toBe(55);
  });

  it("may be empty", () => {
    const table = new PageTable();
    const slot = unwrap(table.create({ sizeBytes: 0 }));
    expect(table.bytes(slot).length).toBe(0);
    expect(table.isLive(slot)).toBe(true);
    unwrap(table.destroy(slot));
    expect(table.count).toBe(0);
  });

  it("cannot be resized", () => {
    const table = new PageTable();
    const slot = unwrap(table.create({ sizeBytes: 8 }));
    expect(codeOf(table.resize(slot, 16))).toBe("PAGE_RESIZE_REFUSED");
    expect(table.size[slot]).toBe(8);
  });

  it("that is gone is reported, whatever is asked of it", () => {
    const table = new PageTable();
    const slot = unwrap(table.create({ sizeBytes: 8 }));
    unwrap(table.destroy(slot));
    for (const result of [
      table.destroy(slot),
      table.destroy(12345),
      table.resize(slot, 9),
      table.setMetadata(slot, new Map()),
      table.setSchema(slot, undefined),
    ]) {
      expect(codeOf(result)).toBe("PAGE_UNKNOWN");
    }
  });

  it("finds clean bytes where another page lay before", () => {
    const table = new PageTable();
    for (const sizeBytes of [1, 64, 100, 3584, 3585, 4096, 5000, 100_000]) {
      const first = unwrap(table.create({ sizeBytes, bytes: new Uint8Array(sizeBytes).fill(255) }));
      unwrap(table.destroy(first));
      const second = unwrap(table.create({ sizeBytes }));
      expect(table.bytes(second).every((byte) => byte === 0)).toBe(true);
      unwrap(table.destroy(second));
    }
  });

  it("with a faulty spec is refused and changes nothing", () => {
    const table = new PageTable();
    const refusals = [
      [{ sizeBytes: -1 }, "PAGE_SIZE_INVALID"],
      [{ sizeBytes: 1.5 }, "PAGE_SIZE_INVALID"],
      [{ sizeBytes: Number.NaN }, "PAGE_SIZE_INVALID"],
      [{ sizeBytes: 2 ** 30 + 1 }, "PAGE_SIZE_INVALID"],
      [{ sizeBytes: 8, bytes: new Uint8Array(7) }, "ARGUMENT_INVALID"],
      [{ sizeBytes: 8, epoch: -1 }, "ARGUMENT_INVALID"],
      [{ sizeBytes: 8, epoch: 2 ** 53 }, "ARGUMENT_INVALID"],
      [{ sizeBytes: 8, location: "toString" as "cpu" }, "ARGUMENT_INVALID"],
      [{ sizeBytes: 8, type: "x".repeat(1025) }, "ARGUMENT_INVALID"],
      [{ sizeBytes: 8, type: "\ud800" }, "ARGUMENT_INVALID"],
      [{ sizeBytes: 8, metadata: new Map([["\udc00", new Uint8Array(1)]]) }, "METADATA_INVALID"],
      [
        { sizeBytes: 8, schema: { fields: [{ name: "x", type: "u64", offset: 1, shape: [] }] } },
        "SCHEMA_INVALID",
      ],
    ] as const;
    for (const [spec, code] of refusals) expect(codeOf(table.create(spec))).toBe(code);
    expect([table.count, table.usedBytes, table.usedSlots, table.reservedBytes]).toEqual([0, 0, 0, 0]);
  });

  it("beyond the table's limits gets an error that says what is held", () => {
    const table = new PageTable({ maxBytes: 1 << 20, arenaBytes: 1 << 19, maxPages: 3 });
    expect(codeOf(table.create({ sizeBytes: (1 << 19) + 1 }))).toBe("PAGE_SIZE_INVALID");
    unwrap(table.create({ sizeBytes: 1 << 19 }));
    unwrap(table.create({ sizeBytes: 1 << 18 }));
    const refused = table.create({ sizeBytes: 1 << 19 });
    if (refused.ok) throw new Error("it was let in");
    expect(refused.error.code).toBe("PAGE_OUT_OF_MEMORY");
    expect(refused.error.message).toContain("2 pages hold 786432 bytes");
    unwrap(table.create({ sizeBytes: 1 << 18 }));
    expect(codeOf(table.create({ sizeBytes: 0 }))).toBe("LIMIT_EXCEEDED");
  });
});

describe("change", () => {
  it("since a mark is told page by page, for any number of marks", () => {
    const table = new PageTable();
    const [a, b, c] = [30n, 20n, 10n].map((id) => unwrap(table.create({ id, sizeBytes: 8 }))) as [
      number,
      number,
      number,
    ];
    const first = table.mark();
    expect([...table.dirtySince(first)]).toEqual([]);
    table.changed[b] = table.stamp;
    const second = table.mark();
    table.bumpEpoch(a);
    table.setLocation(c, "unified");
    expect([...table.dirtySince(first)]).toEqual([c, b, a]);
    expect([...table.dirtySince(second)]).toEqual([c, a]);
    const third = table.mark();
    unwrap(table.setMetadata(b, new Map([["k", new Uint8Array(1)]])));
    unwrap(table.setSchema(a, { fields: [] }));
    const d = unwrap(table.create({ id: 5n, sizeBytes: 8 }));
    unwrap(table.destroy(c));
    expect([...table.dirtySince(third)]).toEqual([d, b, a]);
  });

  it("of metadata and schema is kept, or refused as a whole", () => {
    const table = new PageTable();
    const slot = unwrap(table.create({ sizeBytes: 8 }));
    unwrap(table.setMetadata(slot, new Map([["k", Uint8Array.of(1)]])));
    expect(codeOf(table.setMetadata(slot, new Map([["\ud800", Uint8Array.of(2)]])))).toBe("METADATA_INVALID");
    expect(table.metadataOf(slot)).toEqual(new Map([["k", Uint8Array.of(1)]]));
    unwrap(table.setSchema(slot, { fields: [{ name: "n", type: "u64", offset: 0, shape: [] }] }));
    expect(
      codeOf(table.setSchema(slot, { fields: [{ name: "n", type: "u64", offset: 4, shape: [] }] })),
    ).toBe("SCHEMA_INVALID");
    expect(table.schemaOf(slot)?.fields[0]?.offset).toBe(0);
    unwrap(table.setSchema(slot, undefined));
    unwrap(table.setMetadata(slot, new Map()));
    expect([table.schemaOf(slot), table.metadataOf(slot).size]).toEqual([undefined, 0]);
  });

  it("of one page's metadata and schema does not outlive the page in its slot", () => {
    const table = new PageTable();
    const slot = unwrap(table.create({ sizeBytes: 8, type: "old", location: "gpu", schema: { fields: [] } }));
    unwrap(table.setMetadata(slot, new Map([["k", Uint8Array.of(1)]])));
    unwrap(table.destroy(slot));
    expect(unwrap(table.create({ sizeBytes: 8 }))).toBe(slot);
    expect(table.describe(slot)).toMatchObject({
      type: "bytes",
      location: "cpu",
      schema: undefined,
      epoch: 0,
    });
    expect(table.metadataOf(slot).size).toBe(0);
  });
});

it("holds 100,000 pages: made, found, ordered and destroyed in little time and memory", () => {
  const table = new PageTable();
  const count = 100_000;
  const start = performance.now();
  for (let i = 0; i < count; i++) unwrap(table.create({ sizeBytes: 64 }));
  for (let i = 1; i <= count; i++) if (table.slotOfPair(i, 0) !== i - 1) throw new Error(`page ${i} is lost`);
  expect(table.slotsInIdOrder().length).toBe(count);
  expect(table.reservedBytes).toBeLessThanOrEqual(4 * 64 * count);
  for (let slot = 0; slot < count; slot += 2) unwrap(table.destroy(slot));
  expect(table.count).toBe(count / 2);
  // A few hundred milliseconds; anything quadratic takes minutes.
  expect(performance.now() - start).toBeLessThan(15_000);
});
