/**
 * Where pages lie, by dense slot: page `s` is `arenas[arena[s]][at[s] .. at[s] + size[s]]`.
 * The page table's own columns fit as they are; a batch names slots and never builds a view per page.
 */
export interface PageSpans {
  readonly arenas: readonly Uint8Array[];
  readonly arena: Uint8Array | Uint16Array | Uint32Array;
  /** Byte offset of the page in its arena. */
  readonly at: Uint32Array;
  /** Bytes of the page; 0 = no such page, which drops what is written to it. */
  readonly size: Uint32Array;
}

/** The slot of a page that is not there: a batch skips its rows. */
export const NO_SLOT = 0xffff_ffff;

/**
 * The hot loops. One interface, several implementations that agree bit for bit; every function works on whole columns, keeps no
 * state, takes no callback, builds no object per item, and reports trouble as a number:
 *
 * - *Runs* are parallel columns `offset`, `length` (bytes), rows `[from, to)`, in canonical form: ascending, not empty, with at
 *   least one untouched byte between two of them, and offset + length < 2^32.
 * - A *body* is a delta as the log keeps it: run section, then the bytes of all runs (layout: `run-decode.ts`).
 * - A negative result `-(p) - 1` means: corrupt at byte `p` of `bytes`. {@link corruptOffset} gives `p` back.
 *
 * Callers own the arguments' sanity (indexes inside their columns); bytes that come from a file are never trusted.
 */
export interface Accel {
  readonly name: string;

  /** Size and alignment of the system's large pages, as far as they can be asked for; 0 = they cannot. */
  readonly largePageBytes: number;

  /**
   * Asks the system to back these bytes, not touched yet, with large pages where whole ones fit: first touches and scattered accesses cost a
   * fraction then. Returns the offset of the first byte at which a large page may begin. Changes no content.
   */
  preferLargePages(bytes: Uint8Array): number;

  /** CRC-32C (Castagnoli) as a u32; `seed` is the CRC of the bytes before, so that a CRC can be taken in parts. */
  crc32c(bytes: Uint8Array, seed?: number): number;

  /** Both ranges lie inside their arrays and do not overlap. */
  copyBytes(from: Uint8Array, fromAt: number, to: Uint8Array, toAt: number, length: number): void;

  /** Zeroes `bytes[start .. end]`. */
  zeroBytes(bytes: Uint8Array, start: number, end: number): void;

  /**
   * Writes the run section; `out` has room for `runSectionBound(to - from)` bytes at `at`, all of which may change. Returns the
   * position after the section.
   */
  encodeRuns(
    runOffset: Uint32Array,
    runLength: Uint32Array,
    from: number,
    to: number,
    out: Uint8Array,
    at: number,
  ): number;

  /** How many runs the body at `[start, end)` claims to hold: at most its bytes. Negative: corrupt. */
  runCount(bytes: Uint8Array, start: number, end: number): number;

  /**
   * Decodes and checks the body's run section into columns with room for `runCount` rows.
   * Returns where the payload starts (it ends at `end` exactly). Negative: corrupt, and the columns hold rubbish.
   */
  decodeRuns(
    bytes: Uint8Array,
    start: number,
    end: number,
    runOffset: Uint32Array,
    runLength: Uint32Array,
  ): number;

  /**
   * Writes the body's bytes into the page at `page[pageAt .. pageAt + pageSize]`; what lies beyond the page's end is dropped.
   * Returns the bytes written. Negative: corrupt, and nothing was written.
   */
  applyBody(
    bytes: Uint8Array,
    start: number,
    end: number,
    page: Uint8Array,
    pageAt: number,
    pageSize: number,
  ): number;

  /**
   * {@link applyBody} for rows `[from, to)` in order. Returns `to`, or `-(row) - 1` for the first row whose body is corrupt: the
   * rows before it are applied, it and those after are not. Rows of {@link NO_SLOT} are skipped, unread.
   */
  applyBodies(
    bytes: Uint8Array,
    bodyStart: Uint32Array,
    bodyLength: Uint32Array,
    slot: Uint32Array,
    from: number,
    to: number,
    pages: PageSpans,
  ): number;

  /**
   * Encodes deltas `[from, to)` one after another from `at` on, ending at or before `limit`: delta `d` has the runs
   * `runStart[d] .. runStart[d + 1]` and its bytes at `payloadStart[d]`. Body lengths go to `bodyLength` from `bodyRow` on. Returns
   * the row it stopped at: `to`, or the first delta whose body might not fit.
   */
  encodeBodies(
    runStart: Uint32Array,
    runOffset: Uint32Array,
    runLength: Uint32Array,
    payloadStart: Uint32Array,
    payload: Uint8Array,
    from: number,
    to: number,
    out: Uint8Array,
    at: number,
    limit: number,
    bodyLength: Uint32Array,
    bodyRow: number,
  ): number;

  /** Scatters `payload[payloadAt ..]` over the page's runs, cut at the page's end. Returns the bytes written. */
  applyRuns(
    runOffset: Uint32Array,
    runLength: Uint32Array,
    from: number,
    to: number,
    payload: Uint8Array,
    payloadAt: number,
    page: Uint8Array,
    pageAt: number,
    pageSize: number,
  ): number;

  /** {@link applyRuns} for deltas `[from, to)` given as in {@link encodeBodies}, in order. Returns the bytes written. */
  applyDeltas(
    slot: Uint32Array,
    runStart: Uint32Array,
    runOffset: Uint32Array,
    runLength: Uint32Array,
    payloadStart: Uint32Array,
    payload: Uint8Array,
    from: number,
    to: number,
    pages: PageSpans,
  ): number;

  /** Collects the page's bytes under the runs into `out` at `at`. Every run lies inside the page. Returns the position after. */
  gatherRuns(
    runOffset: Uint32Array,
    runLength: Uint32Array,
    from: number,
    to: number,
    page: Uint8Array,
    pageAt: number,
    out: Uint8Array,
    at: number,
  ): number;

  /**
   * Appends the runs of bytes that differ, looking from offset `from` to `to` of both images, at row `count` of the columns.
   * Returns the new count. Where that fills the columns there may be more: give it longer ones and go on from the last run's end.
   */
  diffImages(
    before: Uint8Array,
    beforeAt: number,
    after: Uint8Array,
    afterAt: number,
    from: number,
    to: number,
    runOffset: Uint32Array,
    runLength: Uint32Array,
    count: number,
  ): number;

  /**
   * Rows `[from, to)`, in order: the bytes of page `values[row]` that the flags in page `mask[row]` show go into page `page[row]`, as far as all three reach. A flag
   * has `flagBits` bits: 8, not zero = set; or 1, flag `i` being bit `i % 8` of byte `i / 8`. The pages of a row do not overlap; a row of {@link NO_SLOT} is skipped.
   */
  blendPages(
    mask: Uint32Array,
    values: Uint32Array,
    page: Uint32Array,
    from: number,
    to: number,
    flagBits: number,
    pages: PageSpans,
  ): void;

  /**
   * Appends the runs of non-zero flags (one byte a flag) of `mask[maskAt + from .. maskAt + to]`, as {@link diffImages} does.
   * Offsets count from `maskAt`.
   */
  maskToRuns(
    mask: Uint8Array,
    maskAt: number,
    from: number,
    to: number,
    runOffset: Uint32Array,
    runLength: Uint32Array,
    count: number,
  ): number;

  /** As {@link maskToRuns} for a bit mask: flag `i` is bit `i % 8` of byte `i / 8`. */
  bitsToRuns(
    bits: Uint8Array,
    bitsAt: number,
    from: number,
    to: number,
    runOffset: Uint32Array,
    runLength: Uint32Array,
    count: number,
  ): number;

  /**
   * The first of rows `[0, count)` of a batch that may not be logged as it stands, or `count`. Where this is absent, and to say what is wrong
   * with that row, the session looks itself (`checkBatch`).
   */
  readonly checkDeltas?: (
    slot: Uint32Array,
    source: Uint32Array,
    cause: Float64Array,
    runStart: Uint32Array,
    runOffset: Uint32Array,
    runLength: Uint32Array,
    count: number,
    state: Uint8Array,
    size: Uint32Array,
    sourceCount: number,
    lastLsn: number,
  ) => number;

  /** Raises the epoch of each row's page by one, in order, notes it in `rowEpoch` and marks the page as changed. Returns `count`. */
  raiseEpochs(
    slot: Uint32Array,
    count: number,
    epoch: Float64Array,
    changed: Uint32Array,
    stamp: number,
    rowEpoch: Float64Array,
  ): number;

  /**
   * Writes columns `[from, to)` (not empty) of a block that begins at `blockAt`, descriptors first, from `at` on: the layout and the reference
   * are the log's (`block-columns.ts`, `block-builder.ts`), which does it itself where this is absent. `columns` has two entries a column: its
   * values, or undefined where all are zero; and the high halves of pairs, or undefined. Behind the columns go `bodies[bodyFrom .. bodyTo]`.
   * Returns the position after all of it; -1 where the columns take more than `room` bytes, the padding before each counted in full.
   */
  readonly encodeColumns?: (
    columns: readonly (Uint8Array | Uint32Array | Float64Array | undefined)[],
    from: number,
    to: number,
    out: Uint8Array,
    blockAt: number,
    at: number,
    room: number,
    bodies: Uint8Array,
    bodyFrom: number,
    bodyTo: number,
  ) => number;

  /**
   * Columns and bodies of a block that begins at `blockAt`, written from `at` on as {@link encodeColumns} does, for records that differ in nothing but
   * their bodies: those have `lengths[from ..]` bytes and stand one after another from `bytes[bytesAt]` on. The reference is the log's (`body-records.ts`),
   * which does it itself where this is absent. `numbers`: kind, time low and high, index of the source, cause (0 = none), LSN of the first, most rows, room in bytes,
   * bytes a row beside its body. As many rows as there is room for are written, at least one. Returns the position after them, with their number and
   * the bytes of their bodies in `numbers[0 .. 2]`; -1 where `out` ends before.
   */
  readonly encodeBodyRecords?: (
    out: Uint8Array,
    blockAt: number,
    at: number,
    lengths: Uint32Array,
    from: number,
    bytes: Uint8Array,
    bytesAt: number,
    numbers: Float64Array,
  ) => number;

  /**
   * Columns and bodies of a block that begins at `blockAt`, written from `at` on as {@link encodeColumns} does, for rows `[from, to)`, 1 to 4096 of them: deltas of
   * 8 bytes, from `numbers[8 * row]` on, at the start of a page each, whose id is `idLo[slot[row]]`, `idHi[slot[row]]` and whose epoch is `epoch[row]` after it. The reference is the log's
   * (`number-block.ts`), which does it itself where this is absent. `values`, the same for all: kind, flags, time low and high, cause (0 = none), LSN of the first.
   * The dictionary has one source. Returns the position after them; -1 where `out` ends before.
   */
  readonly encodeNumberRecords?: (
    out: Uint8Array,
    blockAt: number,
    at: number,
    slot: Uint32Array,
    numbers: Uint8Array,
    epoch: Float64Array,
    idLo: Uint32Array,
    idHi: Uint32Array,
    from: number,
    to: number,
    values: Float64Array,
  ) => number;

  /**
   * Rows of a batch into the columns of the block under construction: the reference is the log's (`BlockBuilder.stageDeltas`), which does it
   * itself where this is absent. `batch`: slot, source, cause, flags, metaLength, runStart, runOffset, runLength, payloadStart, payload. `block`: kind, flags,
   * timeLo, timeHi, pageLo, pageHi, epoch, source, causeDistance, bodyLength, bodies. `dictionary` has two entries a source: where the first is the
   * stamp, the second is its index. `numbers`: from, to, flag mask, kind, the block's row, where its bodies end, room in bytes, column bytes a row,
   * longest body, LSN of its row 0, time low and high, stamp. Returns the row it stopped at, with the bytes of the bodies, whether a flag and whether a
   * cause is set in `numbers[0 .. 3]`; or `-(row) - 1` for the first whose source the dictionary does not have: then nothing is staged.
   */
  readonly stageDeltas?: (
    batch: readonly (Uint8Array | Uint32Array | Float64Array)[],
    block: readonly (Uint8Array | Uint32Array | Float64Array)[],
    epoch: Float64Array,
    idLo: Uint32Array,
    idHi: Uint32Array,
    dictionary: Uint32Array,
    numbers: Float64Array,
  ) => number;

  /*
   * The index's (`engine/log/index`), which does it itself where they are absent. `slots` are the lines of its `RunSlots`, as words; all other
   * columns are its own too.
   */

  /**
   * Takes rows `[from, to)` of a block, all deltas, into a run: its columns `delta…` from `at` on, its lines, `slotEpoch`, and the pages touched for
   * the first time into `touched`, of which there are `touchedCount[0]`. `slot[row]` may name no page. `offset` is row 0's LSN less the run's
   * first, `shift` what to add to `bodyStart`, both modulo 2^32. `state` is another
   * number, not 0, whenever a page began, ended or became uncertain since the last call. Returns the row it stopped before: `to`, or the first that is no sound delta of a
   * page that lives and is certain.
   */
  readonly noteDeltas?: (
    slot: Uint32Array,
    epoch: Float64Array,
    bodyStart: Uint32Array,
    bodyLength: Uint32Array,
    bytes: Uint8Array,
    from: number,
    to: number,
    slotLife: Uint32Array,
    lifeUntil: Float64Array,
    slotEpoch: Float64Array,
    slotGaps: Uint32Array,
    slotUncertain: Uint32Array,
    slots: Uint32Array,
    touched: Uint32Array,
    touchedCount: Uint32Array,
    deltaSlot: Uint32Array,
    deltaOffset: Uint32Array,
    deltaEpoch: Float64Array,
    deltaStart: Uint32Array,
    deltaLength: Uint32Array,
    at: number,
    stamp: number,
    gapsPassed: number,
    offset: number,
    shift: number,
    state: number,
  ) => number;

  /** Gives deltas `[from, to)` the next places of their pages: `rows[place]` becomes the delta, and `epochs` those of irregular pages. */
  readonly sortDeltas?: (
    slot: Uint32Array,
    epoch: Float64Array,
    from: number,
    to: number,
    slots: Uint32Array,
    rows: Uint32Array,
    epochs: Float64Array,
  ) => void;

  /**
   * Copies the bodies of `rows[from .. to]` one after another into `cluster` from `at` on, and notes of each its offset and where it begins. Returns
   * the position after them.
   */
  readonly gatherBodies?: (
    rows: Uint32Array,
    from: number,
    to: number,
    offset: Uint32Array,
    start: Uint32Array,
    length: Uint32Array,
    bytes: Uint8Array,
    cluster: Uint8Array,
    at: number,
    deltaOffset: Uint32Array,
    deltaBody: Uint32Array,
  ) => number;

  /**
   * Plays the deltas of a run's rows from `from` on into `pages`, page by page, and makes their keyframes (`seal-run.ts`): bytes one after another in
   * `keyBytes`, of each the delta's offset and where it stands. `held`: of which life the bytes in `pages` are. `settings`: the run's first LSN,
   * keyframes that it has, where the next one's bytes will stand, bytes of bodies that are cheap, factor, runs for each keyframe, bytes of work
   * to do. `made`: keyframes, and their bytes. Returns the row it stopped before: because the work was done, or because the row's page is not
   * held or has lived several lives, or its keyframes might not fit.
   */
  readonly replayPages?: (
    pages: PageSpans,
    held: Uint32Array,
    from: number,
    rowSlot: Uint32Array,
    rowDelta: Uint32Array,
    rowKey: Uint32Array,
    deltaOffset: Uint32Array,
    deltaBody: Uint32Array,
    cluster: Uint8Array,
    slotLife: Uint32Array,
    slotSinceKey: Float64Array,
    slotRunsSinceKey: Uint32Array,
    lifeFrom: Float64Array,
    lifeUntil: Float64Array,
    lifeSize: Float64Array,
    keyBytes: Uint8Array,
    keyOffset: Uint32Array,
    keyAt: Float64Array,
    settings: Float64Array,
    made: Uint32Array,
  ) => number;

  /**
   * Decodes `count` records of a block at the start of `block`, whose column descriptors begin at `at` and whose bodies end at `end`, into the columns of
   * a `RecordBatch`; the reference is the log's (`block-decoder.ts`), which does it itself where this is absent. `strings`: how many sources
   * its dictionary has. Returns 0; 1 where some bodies stand in overflow blocks; -1 where the block is malformed, and the columns hold rubbish.
   */
  readonly decodeRecords?: (
    block: Uint8Array,
    at: number,
    end: number,
    count: number,
    firstLsn: number,
    strings: number,
    kind: Uint8Array,
    flags: Uint8Array,
    timeLo: Uint32Array,
    timeHi: Uint32Array,
    pageLo: Uint32Array,
    pageHi: Uint32Array,
    epoch: Float64Array,
    deltaIdLo: Uint32Array,
    deltaIdHi: Uint32Array,
    source: Uint32Array,
    cause: Float64Array,
    maskLength: Uint32Array,
    bodyStart: Uint32Array,
    bodyLength: Uint32Array,
    metaLength: Uint32Array,
  ) => number;

  /**
   * Replays rows `[0, count)` of a records block, which stands in `block[0 .. sizeBytes]` (header and payload, its checksum right), as far as
   * they are deltas to pages that `slots` (by id: slot + 1, or 0) knows, or of kinds that `passed` (256 flags) marks as of no effect. Pages get
   * their bytes and `epoch`, and `stamp` in `changed`. Returns the row it stopped at: `count`, or the first that is anything else; 0 where the
   * block is malformed. How many of the rows before it are deltas goes to `out[0]`. The reference is the log's decoder and the replay (`ReplayState`),
   * which do everything where this is absent.
   */
  readonly replayBlock?: (
    pages: PageSpans,
    block: Uint8Array,
    sizeBytes: number,
    count: number,
    firstLsn: number,
    passed: Uint8Array,
    slots: Uint32Array,
    epoch: Float64Array,
    changed: Uint32Array,
    stamp: number,
    out: Uint32Array,
  ) => number;

  /** Sets flags to 1 under the runs, cut at `length`; the rest of `mask[maskAt .. maskAt + length]` becomes 0. */
  runsToMask(
    runOffset: Uint32Array,
    runLength: Uint32Array,
    from: number,
    to: number,
    mask: Uint8Array,
    maskAt: number,
    length: number,
  ): void;

  /** As {@link runsToMask} for a bit mask of `length` flags, in `ceil(length / 8)` bytes. */
  runsToBits(
    runOffset: Uint32Array,
    runLength: Uint32Array,
    from: number,
    to: number,
    bits: Uint8Array,
    bitsAt: number,
    length: number,
  ): void;
}

/** Where a negative result of {@link Accel} says that the bytes are corrupt. */
export function corruptOffset(result: number): number {
  return -result - 1;
}
