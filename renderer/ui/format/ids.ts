import { formatCount } from "./count.ts";

/**
 * A u64 has up to 20 digits. Where a column is narrow the middle goes, never the end: ids differ at their ends.
 * The whole id stays in the title and is what a copy gives.
 */
export function shortenId(id: string, maxCharacters = 12): string {
  if (id.length <= maxCharacters) return id;
  const keep = maxCharacters - 1;
  const head = Math.floor(keep / 2);
  return `${id.slice(0, head)}…${id.slice(id.length - (keep - head))}`;
}

/** The text, or its beginning with an ellipsis. */
export function shortenEnd(text: string, letters: number): string {
  return text.length <= letters ? text : `${text.slice(0, Math.max(1, letters - 1))}…`;
}

/** "1 page", "2 pages". */
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${formatCount(count)} ${count === 1 ? one : many}`;
}
