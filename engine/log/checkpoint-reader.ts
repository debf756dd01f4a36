import { accel } from "../accel/index.ts";
import { fail, ok, type Result } from "../base/result.ts";
import { BlockBuffer } from "./block-buffer.ts";
import type { CheckpointChunks } from "./block-directory.ts";
import { BLOCK_HEADER_BYTES, MAX_BLOCK_BYTES } from "./block-format.ts";
import {
  CHECKPOINT_HEADER_BYTES,
  CHUNK_BYTES,
  checkpointListBytes,
  decodeCheckpointLists,
} from "./checkpoint-format.ts";
import { MAX_READ_PARTS } from "./file-system.ts";
import type { CheckpointImage, CheckpointRef } from "./record-source.ts";

/** Reads and checks the block at a place into the buffer; gives the length of its payload. */
export type BlockLoader = (segment: number, offset: number, buffer: BlockBuffer) => Result<number>;

/** Reads the block of the greatest length at a place into `parts`, header first, and checks it. False: let {@link BlockLoader} say what is wrong. */
export type BlockScatter = (segment: number, offset: number, parts: readonly Uint8Array[]) => boolean;

/** Reads checkpoint streams by position; the chunk read last is kept. */
export class ChunkReader {
  readonly #path: string;
  readonly #load: BlockLoader;
  readonly #scatter: BlockScatter;
  readonly #header = new Uint8Array(BLOCK_HEADER_BYTES);
  readonly #end = new Uint8Array(MAX_BLOCK_BYTES - BLOCK_HEADER_BYTES - CHUNK_BYTES);
  readonly #buffer = new BlockBuffer();
  #segment = -1;
  #offset = -1;
  #payloadBytes = 0;

  constructor(path: string, load: BlockLoader, scatter: BlockScatter) {
    this.#path = path;
    this.#load = load;
    this.#scatter = scatter;
  }

  #damaged(message: string, lsn?: number): ReturnType<typeof fail> {
    const place = lsn === undefined ? { path: this.#path } : { path: this.#path, lsn };
    return fail("CHECKPOINT_DAMAGED", message, "Replay starts at an earlier one", place);
  }

  /** The lists of a checkpoint, and its pages on demand. */
  image(ref: CheckpointRef, chunks: CheckpointChunks): Result<CheckpointImage> {
    const streamBound = chunks.offsets.length * CHUNK_BYTES;
    const head = new Uint8Array(CHECKPOINT_HEADER_BYTES);
    const headRead = this.#read(chunks, 0, head);
    if (!headRead.ok) return headRead;
    const listBytes = checkpointListBytes(head);
    if (listBytes < 0 || listBytes > streamBound)
      return this.#damaged("the checkpoint's header is malformed", ref.lsn);
    const lists = new Uint8Array(listBytes);
    const listsRead = this.#read(chunks, 0, lists);
    if (!listsRead.ok) return listsRead;
    const decoded = decodeCheckpointLists(lists, ref.lsn);
    if (!decoded.ok) return decoded;
    const { pages, destroyed, edges, registrations, pageAt } = decoded.value;
    // Whoever reads a page takes memory for it: its size must be what stands in the stream.
    const pageBytes = pages.reduce((sum, page) => sum + page.sizeBytes, 0);
    if (pageBytes !== ref.sizeBytes || listBytes + pageBytes > streamBound)
      return this.#damaged("the pages of the checkpoint are not as long as its lists say", ref.lsn);
    return ok({
      ref,
      pages,
      destroyed,
      edges,
      registrations,
      readPage: (index, out) => this.#read(chunks, pageAt[index]!, out),
      readPages: (first, outs) => this.#readAll(chunks, pageAt[first] ?? 0, outs),
    });
  }

  /** Fills `outs` one after another from byte `from` of the stream. Chunks that lie in them whole go there from the file, by way of no buffer. */
  #readAll(chunks: CheckpointChunks, from: number, outs: readonly Uint8Array[]): Result<void> {
    let position = from;
    for (let next = 0, within = 0; next < outs.length; ) {
      const inChunk = position % CHUNK_BYTES;
      if (inChunk === 0) {
        const parts = [this.#header];
        const reached = gather(outs, next, within, CHUNK_BYTES, parts);
        parts.push(this.#end);
        if (reached !== undefined && this.#readScattered(chunks, position / CHUNK_BYTES, parts)) {
          ({ next, within } = reached);
          position += CHUNK_BYTES;
          continue;
        }
      }
      const out = outs[next]!;
      const count = Math.min(out.length - within, CHUNK_BYTES - inChunk);
      const read = this.#read(chunks, position, out.subarray(within, within + count));
      if (!read.ok) return read;
      position += count;
      within += count;
      if (within === out.length) {
        next++;
        within = 0;
      }
    }
    return ok();
  }

  #readScattered(chunks: CheckpointChunks, chunk: number, parts: readonly Uint8Array[]): boolean {
    const segment = chunks.segments[chunk];
    const offset = chunks.offsets[chunk];
    return segment !== undefined && offset !== undefined && this.#scatter(segment, offset, parts);
  }

  /** Fills `out` from byte `from` of the stream. */
  #read(chunks: CheckpointChunks, from: number, out: Uint8Array): Result<void> {
    let done = 0;
    while (done < out.length) {
      const chunk = Math.floor((from + done) / CHUNK_BYTES);
      const within = from + done - chunk * CHUNK_BYTES;
      const segment = chunks.segments[chunk];
      const offset = chunks.offsets[chunk];
      if (segment === undefined || offset === undefined)
        return this.#damaged("the checkpoint ends too early");
      if (this.#offset !== offset || this.#segment !== segment) {
        this.#offset = -1;
        const loaded = this.#load(segment, offset, this.#buffer);
        if (!loaded.ok) return loaded;
        this.#offset = offset;
        this.#segment = segment;
        this.#payloadBytes = loaded.value;
      }
      const count = Math.min(out.length - done, this.#payloadBytes - within);
      if (count <= 0) return this.#damaged("a chunk of the checkpoint is too short");
      accel.copyBytes(this.#buffer.u8, BLOCK_HEADER_BYTES + within, out, done, count);
      done += count;
    }
    return ok();
  }
}

/**
 * Adds views of the next `length` bytes of `outs`, from byte `within` of `outs[next]` on, to `parts`; neighbours in memory are one. Returns
 * the place after them; undefined where `outs` end before, or lie in too many pieces.
 */
function gather(
  outs: readonly Uint8Array[],
  next: number,
  within: number,
  length: number,
  parts: Uint8Array[],
): { readonly next: number; readonly within: number } | undefined {
  for (let missing = length; missing > 0; ) {
    const first = outs[next];
    if (first === undefined || parts.length === MAX_READ_PARTS - 1) return undefined;
    const start = first.byteOffset + within;
    let end = start;
    for (let out: Uint8Array | undefined = first; out !== undefined && missing > 0; ) {
      if (out.buffer !== first.buffer || out.byteOffset + within !== end) break;
      const count = Math.min(missing, out.length - within);
      missing -= count;
      end += count;
      within += count;
      if (within < out.length) break;
      out = outs[++next];
      within = 0;
    }
    parts.push(new Uint8Array(first.buffer, start, end - start));
  }
  return { next, within };
}
