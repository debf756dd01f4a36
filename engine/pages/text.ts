import { utf8Encode } from "../base/bytes.ts";

/** Half of a surrogate pair has no UTF-8: two different names would become one on disk. */
const LONE_SURROGATE = /\p{Surrogate}/u;

/** Why a text cannot stand on disk as a name; `undefined` where it can. */
export function textProblem(text: unknown, maxBytes: number): string | undefined {
  if (typeof text !== "string") return "is not a text";
  // A UTF-16 unit takes at most three bytes: only texts near the limit need to be measured.
  if (text.length > maxBytes || (text.length * 3 > maxBytes && utf8Encode(text).length > maxBytes)) {
    return `is longer than ${maxBytes} bytes`;
  }
  return LONE_SURROGATE.test(text) ? "holds half of a surrogate pair" : undefined;
}

/** A name for an error message: quoted, and short whatever it is. */
export function quoted(text: unknown): string {
  const shown = typeof text === "string" ? text : String(text);
  return `'${shown.length > 40 ? `${shown.slice(0, 40)}…` : shown}'`;
}
