import { Prng } from "../../engine/base/prng.ts";
import type { CheckpointContent } from "../../engine/log/checkpoint-format.ts";

/** What the record with this LSN holds: told from the LSN alone, so that a checker needs no copy. Now and then too large for its block. */
export function bodyOf(lsn: number): Uint8Array {
  const prng = new Prng(lsn);
  const body = new Uint8Array(prng.chance(0.01) ? prng.between(17_000, 100_000) : prng.below(200));
  prng.fill(body);
  return body;
}

/** A state of one page; `seed` makes two of them differ. */
export function stateContent(seed: number): CheckpointContent {
  const bytes = new Uint8Array(100 + (seed % 700)).fill(seed);
  return {
    kind: "full",
    baseLsn: 0,
    pages: [
      {
        id: 5n,
        sizeBytes: bytes.length,
        epoch: seed,
        location: "cpu",
        type: "bytes",
        metadata: new Map(),
        schema: undefined,
      },
    ],
    destroyed: [],
    edges: [],
    stateHash: new Uint8Array(32).fill(seed),
    structureHash: new Uint8Array(32).fill(seed + 1),
    bytesOf: () => bytes,
  };
}
