/**
 * `x.tlog.idx`: an index on disk. Rebuildable from the recording, so a bad one is thrown away, never repaired.
 *
 *      0  8   magic "MMSBIDX1"
 *      8  u32 version
 *     12  u32 bytes of a chunk (16384)
 *     16  16  UUID of the recording
 *     32  u64 bytes of the recording's files when it was indexed
 *     40  u32 CRC32C of its last block then
 *     44  u32 number of chunks
 *     48  u64 where the root begins
 *     56  u64 bytes of the root
 *     64  u32 CRC32C of the root
 *     68  u32 CRC32C of the directory
 *     72  32  state hash of the checkpoint that the recording begins with, zeros where there is none: the pages of a foreign log depend on
 *             what it was opened with
 *    104  u64 where the directory begins
 *    112  u64 bytes of the directory; 0 = none
 *    120  u32 zero
 *    124  u32 CRC32C of bytes 0..123
 *   4096  …   chunks (`chunk-store.ts`): keyframes, clustered bodies, tables of runs (`index-run.ts`)
 *   root      u64 bytes of the text part, text part, zeros to a multiple of 8, columns (`column-codec.ts`): everything in `IndexTables`,
 *             the directory of runs, the chunks' CRC32C
 *   directory where every block of the recording stands (`saved-directory.ts`; of a foreign log `foreign/saved-scan.ts`), so
 *             that opening need not walk them
 *
 * Written under another name and renamed when it is whole; never changed afterwards.
 * Version history: 1 = the first. 2 = with the directory. 3 = bytes of deltas by block. Bump it when anything here, in `index-run.ts`, `saved-directory.ts`, `foreign/saved-scan.ts` or in the
 * meaning of a column changes: a file of another version is simply built again.
 */
import { accel } from "../../accel/index.ts";
import { ByteReader, ByteWriter, bytesEqual, utf8Encode } from "../../base/bytes.ts";
import type { MmsbError } from "../../base/errors.ts";
import { fail, ok, type Result } from "../../base/result.ts";
import type { LogFile } from "../file-system.ts";
import { CHUNK_BYTES } from "./chunk-store.ts";

const MAGIC = utf8Encode("MMSBIDX1");
export const INDEX_VERSION = 3;
export const CHUNKS_AT = 4096;
const HEADER_BYTES = 128;
/** Bytes of a part read between two yields: some 1 ms. */
const PART_STEP = 1 << 20;
export const BASE_HASH_BYTES = 32;

/** A stretch of the file with its checksum. */
export interface IndexPart {
  readonly at: number;
  readonly bytes: number;
  readonly crc: number;
}

export interface IndexHeader {
  readonly uuid: Uint8Array;
  readonly fileBytes: number;
  readonly lastBlockCrc: number;
  readonly chunks: number;
  readonly root: IndexPart;
  readonly baseHash: Uint8Array;
  readonly directory: IndexPart;
}

export function damagedIndex(
  path: string,
  detail: string,
  offset = 0,
): { readonly ok: false; readonly error: MmsbError } {
  return fail("INDEX_DAMAGED", `the index file is damaged (${detail})`, "It is rebuilt from the recording", {
    path,
    offset,
  });
}

export function encodeIndexHeader(header: IndexHeader): Uint8Array {
  const { root, directory } = header;
  const writer = new ByteWriter(HEADER_BYTES)
    .bytes(MAGIC)
    .u32(INDEX_VERSION)
    .u32(CHUNK_BYTES)
    .bytes(header.uuid)
    .u64n(header.fileBytes)
    .u32(header.lastBlockCrc)
    .u32(header.chunks)
    .u64n(root.at)
    .u64n(root.bytes)
    .u32(root.crc)
    .u32(directory.crc)
    .bytes(header.baseHash)
    .u64n(directory.at)
    .u64n(directory.bytes)
    .u32(0);
  return writer.u32(accel.crc32c(writer.view())).finish();
}

/** Reads and checks the header. Errors: INDEX_STALE (of another version), INDEX_DAMAGED, LOG_IO. */
export function readIndexHeader(file: LogFile): Result<IndexHeader> {
  const bytes = new Uint8Array(HEADER_BYTES);
  const size = file.size();
  if (!size.ok) return size;
  const got = file.read(bytes, 0);
  if (!got.ok) return got;
  if (got.value < HEADER_BYTES || !bytesEqual(bytes.subarray(0, 8), MAGIC))
    return damagedIndex(file.path, "no header");
  const reader = new ByteReader(bytes, 8);
  const version = reader.u32();
  if (version !== INDEX_VERSION) return staleIndex(file.path);
  const chunkBytes = reader.u32();
  const uuid = reader.bytes(16);
  const fileBytes = reader.u64n();
  const lastBlockCrc = reader.u32();
  const chunks = reader.u32();
  const [rootAt, rootBytes, rootCrc] = [reader.u64n(), reader.u64n(), reader.u32()];
  const directoryCrc = reader.u32();
  const baseHash = reader.bytes(BASE_HASH_BYTES);
  const [directoryAt, directoryBytes] = [reader.u64n(), reader.u64n()];
  reader.u32();
  if (accel.crc32c(bytes.subarray(0, HEADER_BYTES - 4)) !== reader.u32() || reader.failed)
    return damagedIndex(file.path, "header");
  if (chunkBytes !== CHUNK_BYTES) return staleIndex(file.path);
  if (rootAt !== CHUNKS_AT + chunks * CHUNK_BYTES || rootAt + rootBytes > size.value)
    return damagedIndex(file.path, "root", rootAt);
  if (directoryAt !== rootAt + rootBytes || directoryAt + directoryBytes > size.value)
    return damagedIndex(file.path, "directory", directoryAt);
  return ok({
    uuid,
    fileBytes,
    lastBlockCrc,
    chunks,
    root: { at: rootAt, bytes: rootBytes, crc: rootCrc },
    baseHash,
    directory: { at: directoryAt, bytes: directoryBytes, crc: directoryCrc },
  });
}

/** Reads and checks one part, into a buffer of its own. Yields now and then. Errors: INDEX_DAMAGED, LOG_IO. */
export function* readIndexPart(
  file: LogFile,
  part: IndexPart,
  name: string,
): Generator<void, Result<Uint8Array>> {
  const bytes = new Uint8Array(part.bytes);
  let crc = 0;
  for (let at = 0; at < part.bytes; at += PART_STEP) {
    if (at > 0) yield;
    const piece = bytes.subarray(at, at + PART_STEP);
    const read = file.read(piece, part.at + at);
    if (!read.ok) return read;
    if (read.value < piece.length) return damagedIndex(file.path, name, part.at);
    crc = accel.crc32c(piece, crc);
  }
  return crc === part.crc ? ok(bytes) : damagedIndex(file.path, name, part.at);
}

export function staleIndex(path: string): { readonly ok: false; readonly error: MmsbError } {
  return fail(
    "INDEX_STALE",
    "the index belongs to another recording or version",
    "It is rebuilt from the recording",
    { path },
  );
}
