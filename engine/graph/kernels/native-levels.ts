import { nativeAddon } from "../../accel/index.ts";
import type { NativeFunctions } from "../../accel/native-functions.ts";
import type { ArenaView } from "../arena-views.ts";
import { NodeState } from "../node-state.ts";
import type { KernelLevel, LevelKernels, WordKernels, WordsEnd } from "./kernel-level.ts";
import { KERNEL_KINDS } from "./kernel-spec.ts";
import { elementOf, operationOf, parametersOf } from "./native-kernels.ts";

// Bits of `flags` in native/binding/kernel_functions.cpp.
const CHECKS_RESULTS = 1;
const KEEPS = 2;
const WRITES_DOWN = 1;

/** What a call counts: native/binding/kernel_functions.cpp says what. */
const counts = new Uint32Array(4);

/** The addon's kernels: a level is one call, or some where the journal has to grow. It throws ARGUMENT_INVALID for rows that name bytes that are not there. */
export function nativeLevels(native: NativeFunctions): LevelKernels {
  return (level, from, to) => {
    const { journal } = level;
    counts.fill(0);
    let row = from;
    for (;;) {
      counts[0] = journal?.runCount ?? 0;
      counts[1] = journal?.byteCount ?? 0;
      row = call(native, level, row, to);
      if (journal !== undefined) {
        journal.runCount = counts[0]!;
        journal.byteCount = counts[1]!;
      }
      const isOutOfOrder = row < to && (level.state[level.list[row]!]! & NodeState.Unsorted) !== 0;
      if (row === to || journal === undefined || isOutOfOrder) break;
      // A page of so many bytes has at most half as many runs, and one more row than they need says that there are no others.
      const bytes = level.size[level.list[row]!]!;
      journal.reserve(journal.runCount + (bytes >>> 1) + 2, journal.byteCount + bytes);
    }
    level.failures += counts[2]!;
    return row;
  };
}

function call(native: NativeFunctions, level: KernelLevel, from: number, to: number): number {
  const { spec, journal } = level;
  return native.runKernelLevel(
    bytesOf(level.arenas),
    level.arena,
    level.arenaOffset,
    level.size,
    KERNEL_KINDS.indexOf(spec.kind),
    elementOf(spec),
    operationOf(spec),
    parametersOf(spec),
    (level.checksResults ? CHECKS_RESULTS : 0) | (journal === undefined ? 0 : KEEPS),
    level.place,
    level.list,
    from,
    to,
    level.start,
    level.count,
    level.pool,
    level.result,
    level.state,
    counts,
    journal?.runOffset,
    journal?.runLength,
    journal?.bytes,
    level.runFrom,
    level.runTo,
    level.beforeAt,
  );
}

/** The addon's kernels for pages of one word: all levels are one call. It throws ARGUMENT_INVALID for bounds that name rows that are not there. */
export function nativeWords(native: NativeFunctions): WordKernels {
  const end: WordsEnd = { level: 0, rows: 0, changes: 0, written: 0 };
  return (level, bounds, from, to, rows) => {
    const { spec } = level;
    const writtenBefore = rows?.count ?? 0;
    counts[3] = writtenBefore;
    native.runWordLevels(
      bytesOf(level.arenas),
      level.arena,
      level.arenaOffset,
      level.size,
      KERNEL_KINDS.indexOf(spec.kind),
      elementOf(spec),
      operationOf(spec),
      parametersOf(spec),
      rows === undefined ? 0 : WRITES_DOWN,
      level.place,
      level.list,
      bounds,
      from,
      to,
      level.start,
      level.count,
      level.pool,
      level.result,
      level.state,
      level.epoch,
      level.changed,
      level.stamp,
      counts,
      rows?.slot,
      rows?.now,
      rows?.before,
    );
    end.level = counts[0]!;
    end.rows = counts[1]!;
    end.changes = counts[2]!;
    end.written = rows === undefined ? 0 : counts[3]! - writtenBefore;
    return end;
  };
}

const arenaBytes: Uint8Array[] = [];

function bytesOf(arenas: readonly ArenaView[]): readonly Uint8Array[] {
  arenaBytes.length = arenas.length;
  for (let arena = 0; arena < arenas.length; arena++) arenaBytes[arena] = arenas[arena]!.bytes;
  return arenaBytes;
}

// The addon's, where it loads.

export const levelKernels: LevelKernels | undefined =
  nativeAddon.path === undefined ? undefined : nativeLevels(nativeAddon.functions);

export const wordKernels: WordKernels | undefined =
  nativeAddon.path === undefined ? undefined : nativeWords(nativeAddon.functions);
