/**
 * Page metadata on disk (in log records and page files):
 *
 *   u8      version, 1. Raise it when the layout changes; a reader refuses what it does not know.
 *   varint  number of entries
 *   entry*  varint key length, key (UTF-8), varint value length, value
 *
 * Keys ascend in byte order and none stands twice, so that one map has one encoding; a reader refuses any other.
 */
import {
  ByteReader,
  ByteWriter,
  bytesEqual,
  compareBytes,
  utf8DecodeStrict,
  utf8Encode,
} from "../base/bytes.ts";
import { fail, ok, type Result } from "../base/result.ts";
import { MAX_METADATA_BYTES, MAX_METADATA_ENTRIES, MAX_METADATA_KEY_BYTES } from "./limits.ts";
import type { PageMetadata } from "./page-types.ts";
import { quoted, textProblem } from "./text.ts";

const METADATA_VERSION = 1;

export const EMPTY_METADATA: PageMetadata = new Map();

/** Entries in the order of the disk. */
function sortedEntries(metadata: PageMetadata): { key: Uint8Array; text: string; value: Uint8Array }[] {
  return [...metadata]
    .map(([text, value]) => ({ key: utf8Encode(text), text, value }))
    .sort((a, b) => compareBytes(a.key, b.key));
}

/** Whether this metadata can be kept and written. Errors: METADATA_INVALID. */
export function checkMetadata(metadata: PageMetadata): Result<void> {
  if (metadata.size === 0) return ok();
  if (metadata.size > MAX_METADATA_ENTRIES) {
    return invalid(`metadata has ${metadata.size} entries`, `Keep at most ${MAX_METADATA_ENTRIES}`);
  }
  let bytes = 0;
  for (const [key, value] of metadata) {
    const problem = textProblem(key, MAX_METADATA_KEY_BYTES);
    if (problem !== undefined)
      return invalid(`the metadata key ${quoted(key)} ${problem}`, "Use a shorter, well-formed key");
    if (!(value instanceof Uint8Array))
      return invalid(`the metadata value of ${quoted(key)} is not bytes`, "Give a Uint8Array");
    bytes += key.length + value.length;
  }
  if (bytes > MAX_METADATA_BYTES) {
    return invalid(
      `metadata of ${bytes} bytes`,
      `Keep at most ${MAX_METADATA_BYTES} bytes; larger data belongs into pages`,
    );
  }
  return ok();
}

/** A copy of its own, in disk order. */
export function copyMetadata(metadata: PageMetadata): PageMetadata {
  if (metadata.size === 0) return EMPTY_METADATA;
  return new Map(sortedEntries(metadata).map(({ text, value }) => [text, value.slice()]));
}

/** The canonical bytes of metadata that {@link checkMetadata} accepts. */
export function encodeMetadata(metadata: PageMetadata): Uint8Array {
  const out = new ByteWriter().u8(METADATA_VERSION).varint(metadata.size);
  for (const { key, value } of sortedEntries(metadata)) out.sizedBytes(key).sizedBytes(value);
  return out.finish();
}

/** Reads exactly `bytes`; values are copies. Errors: METADATA_INVALID with the offset within `bytes`. */
export function decodeMetadata(bytes: Uint8Array): Result<PageMetadata> {
  const reader = new ByteReader(bytes);
  const corrupt = (what: string) =>
    fail("METADATA_INVALID", `page metadata is corrupt: ${what}`, "Recover the file it stands in", {
      offset: reader.offset,
    });
  const version = reader.u8();
  if (!reader.failed && version !== METADATA_VERSION) return corrupt(`version ${version} is unknown`);
  const count = reader.varint();
  const metadata = new Map<string, Uint8Array>();
  for (let i = 0; i < count && !reader.failed; i++) {
    const key = reader.sizedBytes();
    const value = reader.sizedBytes();
    if (reader.failed) break;
    const text = utf8DecodeStrict(key);
    if (text === undefined) return corrupt("a key is not UTF-8");
    metadata.set(text, value.slice());
  }
  if (reader.failed) return corrupt("it ends too early");
  if (reader.remaining > 0) return corrupt("bytes are left over");
  const checked = checkMetadata(metadata);
  if (!checked.ok) return checked;
  // Keys out of order, a key twice, a length longer than it need be.
  if (!bytesEqual(encodeMetadata(metadata), bytes)) return corrupt("it is not in canonical form");
  return ok(metadata);
}

function invalid(message: string, remedy: string) {
  return fail("METADATA_INVALID", message, remedy);
}
