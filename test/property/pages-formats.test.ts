import fc from "fast-check";
import { expect, it } from "vitest";
import { unwrap } from "../../engine/base/result.ts";
import { U64_MAX } from "../../engine/base/u64.ts";
import { decodeMetadata, encodeMetadata } from "../../engine/pages/metadata.ts";
import { deserializePage, serializePage } from "../../engine/pages/page-file.ts";
import {
  FIELD_TYPE_BYTES,
  type FieldType,
  LOCATIONS,
  type PageImage,
} from "../../engine/pages/page-types.ts";
import { checkSchema, decodeSchema, encodeSchema } from "../../engine/pages/schema.ts";

const anyText = fc.string({ unit: "binary", maxLength: 20 });
const anyMetadata = fc
  .array(fc.tuple(anyText, fc.uint8Array({ maxLength: 40 })), { maxLength: 8 })
  .map((entries) => new Map(entries));
const anySchema = (sizeBytes: number) =>
  fc
    .uniqueArray(
      fc.record({
        name: fc.string({ unit: "binary", minLength: 1, maxLength: 12 }),
        type: fc.constantFrom(...(Object.keys(FIELD_TYPE_BYTES) as FieldType[])),
        offset: fc.nat(sizeBytes),
        shape: fc.array(fc.integer({ min: 1, max: 4 }), { maxLength: 3 }),
      }),
      { selector: (field) => field.name, maxLength: 6 },
    )
    .map((fields) => ({ fields: fields.filter((field) => checkSchema({ fields: [field] }, sizeBytes).ok) }));
const anyPage = fc.uint8Array({ maxLength: 300 }).chain((bytes) =>
  fc.record({
    id: fc.bigInt(0n, U64_MAX),
    sizeBytes: fc.constant(bytes.length),
    epoch: fc.maxSafeNat(),
    location: fc.constantFrom(...LOCATIONS),
    type: anyText,
    metadata: anyMetadata,
    schema: fc.option(anySchema(bytes.length), { nil: undefined }),
    bytes: fc.constant(bytes),
  }),
);
/** Runs of a page: which of its bytes are written, as a bit string. */
const anyWritten = (sizeBytes: number) =>
  fc.option(
    fc.array(fc.boolean(), { minLength: sizeBytes, maxLength: sizeBytes }).map((flags) => {
      const offset: number[] = [];
      const length: number[] = [];
      flags.forEach((flag, i) => {
        if (!flag) return;
        if (i > 0 && flags[i - 1]) length[length.length - 1]!++;
        else length[offset.push(i) - 1] = 1;
      });
      return { count: offset.length, offset: Uint32Array.from(offset), length: Uint32Array.from(length) };
    }),
    { nil: undefined },
  );

it("a page file gives back any page and any written mask, and writes it again as the same bytes", () => {
  fc.assert(
    fc.property(
      anyPage.chain((page) => fc.tuple(fc.constant<PageImage>(page), anyWritten(page.sizeBytes))),
      ([page, written]) => {
        const bytes = unwrap(serializePage(page, written));
        const file = unwrap(deserializePage(bytes));
        expect(file).toEqual({ page, written });
        expect(unwrap(serializePage(file.page, file.written))).toEqual(bytes);
      },
    ),
    { numRuns: 500 },
  );
});

it("metadata and schema have one encoding each, and come back from it", () => {
  fc.assert(
    fc.property(anyMetadata, anySchema(64), (metadata, schema) => {
      const bytes = encodeMetadata(metadata);
      expect(encodeMetadata(new Map([...metadata].reverse()))).toEqual(bytes);
      expect(unwrap(decodeMetadata(bytes))).toEqual(metadata);
      expect(unwrap(decodeSchema(encodeSchema(schema), 64))).toEqual(schema);
    }),
    { numRuns: 500 },
  );
});

it("random bytes are metadata, a schema or a page only where writing those gives the same bytes", () => {
  const anyBytes = fc.oneof(
    fc.uint8Array({ maxLength: 40 }),
    fc.uint8Array({ maxLength: 12 }).map((rest) => Uint8Array.of(1, 1, ...rest)),
    fc.uint8Array({ maxLength: 12 }).map((rest) => Uint8Array.of(1, 2, 1, 97, ...rest)),
  );
  fc.assert(
    fc.property(anyBytes, (bytes) => {
      const metadata = decodeMetadata(bytes);
      if (metadata.ok) expect(encodeMetadata(metadata.value)).toEqual(bytes);
      const schema = decodeSchema(bytes, 1000);
      if (schema.ok) expect(encodeSchema(schema.value)).toEqual(bytes);
      expect(deserializePage(bytes).ok).toBe(false);
    }),
    { numRuns: 3000 },
  );
});
