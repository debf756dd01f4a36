import { MAGIC_BYTES, MMSBLOG1_MAGIC } from "./mmsblog1-frame.ts";
import { MMSBSNAP_MAGIC } from "./mmsbsnap.ts";

export type ForeignFormat = "mmsblog1" | "mmsbsnap";

/** What a file's first eight bytes say; undefined where it is none of the older program's files. */
export function foreignFormatOf(head: Uint8Array): ForeignFormat | undefined {
  if (head.length < MAGIC_BYTES) return undefined;
  if (MMSBLOG1_MAGIC.every((byte, i) => head[i] === byte)) return "mmsblog1";
  return MMSBSNAP_MAGIC.every((byte, i) => head[i] === byte) ? "mmsbsnap" : undefined;
}
