import { accel } from "../accel/index.ts";
import { EMPTY_BYTES } from "../base/bytes.ts";
import { sharedBytes } from "./shared-column.ts";

/** Unit of arena memory: the page size of the system, so that a block of frames starts on a 4096 boundary. */
export const FRAME_BYTES = 4096;
/** What one arena may hold at most: 32-bit offsets, and shared memory that every host can reserve in one piece. */
export const MAX_ARENA_BYTES = 2 ** 30;
/** Arena numbers are u16. */
const MAX_ARENAS = 65_535;
/** The first arena; those after it double what is held, so that small tables stay small and large ones have few arenas. */
const FIRST_ARENA_FRAMES = 256;

/** Frames zeroed ahead at most, so that the call of the addon is shared: 256 KiB are zero in some 6 µs. */
const CLEAN_AHEAD_FRAMES = 64;

/**
 * Zeroed memory for an arena. One that a large page fits into begins where large pages do: the system reserves what lies before it, and never
 * commits it. Throws a RangeError where there is no room.
 */
function arenaMemory(sizeBytes: number): Uint8Array {
  const { largePageBytes } = accel;
  if (largePageBytes === 0 || sizeBytes < largePageBytes) return sharedBytes(sizeBytes);
  const room = sharedBytes(sizeBytes + largePageBytes);
  const at = accel.preferLargePages(room);
  return room.subarray(at, at + sizeBytes);
}

interface Arena {
  /** Number of its first frame among all frames; a frame that belongs to nobody stands before it. */
  readonly firstFrame: number;
  /** Frame numbers that are its own: a later buffer under the same arena number has at most as many. */
  readonly range: number;
  frames: number;
  /** Frames from the start that were ever handed out: those after them are zero as the system gave them. */
  touchedFrames: number;
  /** Frames `[cleanFrom, cleanTo)` are free, were used, and are zero again. */
  cleanFrom: number;
  cleanTo: number;
  held: boolean;
}

/**
 * The memory itself: shared buffers of at most 1 GiB, each a run of frames. Frames are numbered across arenas with one unused number
 * between two of them, so that blocks of different arenas never look adjacent.
 */
export class ArenaSet {
  /** By arena number, always the same array; an arena that was let go is empty. */
  readonly bytes: Uint8Array[] = [];
  readonly maxFrames: number;
  readonly maxArenaFrames: number;
  /** Bound of the frame numbers: twice the frames, because arenas let go keep theirs until they are used again. */
  readonly maxFrameNumbers: number;
  heldFrames = 0;
  readonly #arenas: Arena[] = [];
  #nextFrame = 1;

  constructor(maxBytes: number, maxArenaBytes: number) {
    this.maxFrames = Math.floor(maxBytes / FRAME_BYTES);
    this.maxArenaFrames = Math.floor(Math.min(maxBytes, maxArenaBytes) / FRAME_BYTES);
    this.maxFrameNumbers = 2 * this.maxFrames + MAX_ARENAS + 2;
  }

  get count(): number {
    return this.#arenas.length;
  }

  get heldCount(): number {
    return this.#arenas.filter((arena) => arena.held).length;
  }

  firstFrame(arena: number): number {
    return this.#arenas[arena]!.firstFrame;
  }

  frames(arena: number): number {
    return this.#arenas[arena]!.frames;
  }

  isHeld(arena: number): boolean {
    return this.#arenas[arena]!.held;
  }

  /** The arena of a frame number. */
  arenaOf(frame: number): number {
    let low = 0;
    let high = this.#arenas.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#arenas[middle]!.firstFrame <= frame) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  /** Makes an arena of at least `frames` frames and returns its number; -1 where limits or the system forbid it. */
  add(frames: number): number {
    const room = Math.min(this.maxArenaFrames, this.maxFrames - this.heldFrames);
    if (frames > room) return -1;
    const released = this.#smallestReleased(frames);
    if (released >= 0) return this.#hold(released, Math.min(room, this.#arenas[released]!.range));
    const numbers = this.maxFrameNumbers - this.#nextFrame - 1;
    if (this.#arenas.length === MAX_ARENAS || frames > numbers) return -1;
    const wanted = Math.min(room, numbers, Math.max(frames, this.#growthFrames()));
    for (const size of wanted > frames ? [wanted, frames] : [frames]) {
      const arena = this.#hold(this.#arenas.length, size);
      if (arena >= 0) return arena;
    }
    return -1;
  }

  /** Frames of the next arena: as many as are held, in whole large pages where there are such. */
  #growthFrames(): number {
    if (this.heldFrames === 0) return FIRST_ARENA_FRAMES;
    const unit = Math.max(FIRST_ARENA_FRAMES, accel.largePageBytes / FRAME_BYTES);
    return Math.ceil(this.heldFrames / unit) * unit;
  }

  /** Of the arenas let go, the one with the fewest frame numbers that would do; -1 where none does. */
  #smallestReleased(frames: number): number {
    let best = -1;
    for (let i = 0; i < this.#arenas.length; i++) {
      const arena = this.#arenas[i]!;
      if (arena.held || arena.range < frames) continue;
      if (best < 0 || arena.range < this.#arenas[best]!.range) best = i;
    }
    return best;
  }

  #hold(number: number, frames: number): number {
    let bytes: Uint8Array;
    try {
      bytes = arenaMemory(frames * FRAME_BYTES);
    } catch (error) {
      if (error instanceof RangeError) return -1;
      throw error;
    }
    this.bytes[number] = bytes;
    const known = this.#arenas[number];
    if (known === undefined) {
      const fresh = { frames, touchedFrames: 0, cleanFrom: 0, cleanTo: 0, held: true };
      this.#arenas.push({ firstFrame: this.#nextFrame, range: frames, ...fresh });
      this.#nextFrame += frames + 1;
    } else {
      known.held = true;
      known.frames = frames;
      known.touchedFrames = 0;
      known.cleanFrom = known.cleanTo = 0;
    }
    this.heldFrames += frames;
    return number;
  }

  /** Lets an arena's memory go; views of it keep it alive until they are gone. */
  release(number: number): void {
    const arena = this.#arenas[number]!;
    arena.held = false;
    this.bytes[number] = EMPTY_BYTES;
    this.heldFrames -= arena.frames;
  }

  zero(number: number, offset: number, sizeBytes: number): void {
    accel.zeroBytes(this.bytes[number]!, offset, offset + sizeBytes);
  }

  /**
   * Zeroes what of frames `[from, to)` of an arena was used before, and notes that all of it is used now. `freeBehind` frames behind it are free: of those that were
   * used some are zeroed with it, which pages that come next are likely to take.
   */
  claim(number: number, from: number, to: number, zero: boolean, freeBehind = 0): void {
    const arena = this.#arenas[number]!;
    const usedBefore = Math.min(to, arena.touchedFrames);
    const isClean = arena.cleanFrom <= from && usedBefore <= arena.cleanTo;
    if (zero && from < usedBefore && !isClean) {
      const end = Math.min(to + Math.min(freeBehind, CLEAN_AHEAD_FRAMES), arena.touchedFrames);
      accel.zeroBytes(this.bytes[number]!, from * FRAME_BYTES, end * FRAME_BYTES);
      arena.cleanFrom = to;
      arena.cleanTo = end;
    } else if (from < arena.cleanTo && to > arena.cleanFrom) {
      arena.cleanFrom = to;
    }
    if (to > arena.touchedFrames) arena.touchedFrames = to;
  }
}
