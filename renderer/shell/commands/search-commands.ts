import type { Command } from "./command.ts";

export interface CommandMatch {
  readonly command: Command;
  readonly score: number;
  /** Positions in `label` that matched, for emphasis. */
  readonly hits: readonly number[];
  /** "Step: Next record". */
  readonly label: string;
}

export function commandLabel(command: Command): string {
  return `${command.category}: ${command.title}`;
}

/** Commands whose label holds the typed letters in order, best first; all of them where nothing is typed. */
export function searchCommands(commands: readonly Command[], typed: string): CommandMatch[] {
  const wanted = typed.trim().toLowerCase();
  const matches: CommandMatch[] = [];
  for (const command of commands) {
    const label = commandLabel(command);
    const found = fuzzyMatch(label, wanted);
    if (found !== undefined) matches.push({ command, label, ...found });
  }
  // The sort is stable: equal scores stay in order of registration.
  return matches.sort((a, b) => b.score - a.score);
}

/**
 * Letters in order; a letter at the beginning of a word counts 3, one that follows the last match 2, others 1. Every start is tried,
 * once with the nearest letters and once with the beginnings of words, so that "nt" finds "Next Transaction".
 */
export function fuzzyMatch(label: string, wanted: string): { score: number; hits: number[] } | undefined {
  if (wanted === "") return { score: 0, hits: [] };
  const text = label.toLowerCase();
  const letters = wanted.replace(/\s+/g, "");
  let best: { score: number; hits: number[] } | undefined;
  for (let start = text.indexOf(letters[0]!); start >= 0; start = text.indexOf(letters[0]!, start + 1)) {
    for (const next of [nearest, nextWord]) {
      const found = matchFrom(text, letters, start, next);
      if (found !== undefined && (best === undefined || found.score > best.score)) best = found;
    }
  }
  return best;
}

const startsWord = (text: string, at: number) => at === 0 || /[^a-z0-9]/.test(text[at - 1]!);

function nearest(text: string, letter: string, from: number): number {
  return text.indexOf(letter, from);
}

/** The letter right here, else the next word that begins with it, else the nearest one. */
function nextWord(text: string, letter: string, from: number): number {
  if (text[from] === letter) return from;
  for (let at = text.indexOf(letter, from); at >= 0; at = text.indexOf(letter, at + 1))
    if (startsWord(text, at)) return at;
  return text.indexOf(letter, from);
}

function matchFrom(
  text: string,
  letters: string,
  start: number,
  next: (text: string, letter: string, from: number) => number,
): { score: number; hits: number[] } | undefined {
  const hits: number[] = [];
  let score = 0;
  let at = start;
  for (const letter of letters) {
    const found = hits.length === 0 ? start : next(text, letter, at);
    if (found < 0) return undefined;
    const follows = hits.length > 0 && found === hits.at(-1)! + 1;
    score += startsWord(text, found) ? 3 : follows ? 2 : 1;
    hits.push(found);
    at = found + 1;
  }
  return { score, hits };
}
