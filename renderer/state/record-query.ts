import { parseU64 } from "../../engine/base/u64.ts";
import type { RecordFilter } from "../../engine/protocol/requests/filter.ts";
import type { RecordingInfo } from "../../engine/protocol/requests/recordings.ts";

/**
 * What a person types to narrow a table: terms `name:value` (all must hold; several values with commas: any of them) and free words,
 * which are looked for in sources, types, metadata and texts. `"…"` keeps spaces and commas together.
 *
 *     page:12,13  source:life  kind:delta  type:tile  event:wave-start  cause:120  lsn:100..200  some words
 */
export type QueryNames = Pick<RecordingInfo, "sources" | "pageTypes" | "eventTypes" | "kinds">;

export type ParsedQuery =
  | { readonly ok: true; readonly filter: RecordFilter }
  | { readonly ok: false; readonly message: string };

export const TERM_NAMES = ["page", "source", "kind", "type", "event", "cause", "lsn"] as const;
export type TermName = (typeof TERM_NAMES)[number];

/** Words may hold colons too: std::sort, file://, 10:20:30. */
const TERM_LIKE = /^([a-z]+):(?![:/])/i;

interface Term {
  readonly name: TermName | undefined;
  readonly values: readonly string[];
  /** What stands before the colon of a word that looks like a term and is none. */
  readonly unknownName?: string | undefined;
}

export function parseQuery(text: string, names: QueryNames): ParsedQuery {
  const filter: { -readonly [K in keyof RecordFilter]: RecordFilter[K] } = {};
  const words: string[] = [];
  for (const term of splitTerms(text)) {
    if (term.name === undefined) {
      if (term.unknownName !== undefined && !isInSomeName(term.values[0]!, names))
        return { ok: false, message: noSuchTerm(term.unknownName) };
      words.push(...term.values);
      continue;
    }
    const problem = applyTerm(
      filter,
      term.name,
      term.values.filter((value) => value !== ""),
      names,
    );
    if (problem !== undefined) return { ok: false, message: problem };
  }
  if (words.length > 0) filter.text = words.join(" ");
  return { ok: true, filter };
}

function isInSomeName(word: string, { sources, pageTypes, eventTypes }: QueryNames): boolean {
  const wanted = word.toLowerCase();
  return [sources, pageTypes, eventTypes].some((known) =>
    known.some(({ name }) => name.toLowerCase().includes(wanted)),
  );
}

function noSuchTerm(name: string): string {
  return `there is no term '${name}:', only ${TERM_NAMES.join(", ")}; to look for the word, put it in quotes`;
}

function applyTerm(
  filter: { -readonly [K in keyof RecordFilter]: RecordFilter[K] },
  name: TermName,
  values: readonly string[],
  names: QueryNames,
): string | undefined {
  if (values.length === 0) return undefined;
  switch (name) {
    case "page": {
      const pages = values.map((value) => parseU64(value));
      const bad = values.find((_, at) => pages[at]!.ok === false);
      if (bad !== undefined) return `'${bad}' is not a page id: write its decimal number`;
      filter.pages = [...(filter.pages ?? []), ...pages.flatMap((page) => (page.ok ? [page.value] : []))];
      return undefined;
    }
    case "source":
      return addIndexes(filter, "sources", values, names.sources, "source");
    case "type":
      return addIndexes(filter, "pageTypes", values, names.pageTypes, "page type");
    case "event":
      return addIndexes(filter, "eventTypes", values, names.eventTypes, "event type");
    case "kind": {
      const unknown = values.find((value) => !names.kinds.some((kind) => kind.name === value.toLowerCase()));
      if (unknown !== undefined)
        return `no record kind is called '${unknown}': ${names.kinds.map((kind) => kind.name).join(", ")}`;
      filter.kinds = [...(filter.kinds ?? []), ...values.map((value) => value.toLowerCase())];
      return undefined;
    }
    case "cause": {
      const cause = parseLsn(values.join(""));
      if (cause === undefined) return `'${values.join(",")}' is not an LSN`;
      filter.cause = cause;
      return undefined;
    }
    case "lsn":
      // Commas group digits here: 1,234..2,000.
      return applyLsnRange(filter, values.join(""));
  }
}

function applyLsnRange(
  filter: { fromLsn?: number | undefined; toLsn?: number | undefined },
  value: string,
): string | undefined {
  const [from = "", to = from] = value.split("..");
  const low = from === "" ? 0 : parseLsn(from);
  const high = to === "" ? Number.MAX_SAFE_INTEGER : parseLsn(to);
  if (low === undefined || high === undefined) return `'${value}' is not a range of LSNs: write 100..200`;
  if (low > high) return `the range ${value} ends before it begins`;
  filter.fromLsn = low;
  if (high !== Number.MAX_SAFE_INTEGER) filter.toLsn = high;
  return undefined;
}

/** A value names what is called exactly so; where nothing is, everything whose name holds it. */
function addIndexes(
  filter: { -readonly [K in keyof RecordFilter]: RecordFilter[K] },
  key: "sources" | "pageTypes" | "eventTypes",
  values: readonly string[],
  known: readonly { readonly name: string }[],
  what: string,
): string | undefined {
  const found = new Set(filter[key] ?? []);
  for (const value of values) {
    const wanted = value.toLowerCase();
    const exact = known.flatMap(({ name }, index) => (name.toLowerCase() === wanted ? [index] : []));
    const matching =
      exact.length > 0
        ? exact
        : known.flatMap(({ name }, index) => (name.toLowerCase().includes(wanted) ? [index] : []));
    if (matching.length === 0) return `no ${what} is called '${value}'`;
    for (const index of matching) found.add(index);
  }
  filter[key] = [...found];
  return undefined;
}

function parseLsn(text: string): number | undefined {
  const digits = text.replace(/^#/, "");
  return /^\d{1,15}$/.test(digits) ? Number(digits) : undefined;
}

function splitTerms(text: string): Term[] {
  const terms: Term[] = [];
  for (const token of text.match(/(?:[^\s"]|"[^"]*"?)+/g) ?? []) {
    const colon = token.indexOf(":");
    const name = colon > 0 ? token.slice(0, colon).toLowerCase() : "";
    if ((TERM_NAMES as readonly string[]).includes(name)) {
      terms.push({ name: name as TermName, values: splitValues(token.slice(colon + 1)) });
    } else {
      const unknownName = TERM_LIKE.exec(token)?.[1];
      terms.push({ name: undefined, values: [token.replaceAll('"', "")], unknownName });
    }
  }
  return terms;
}

function splitValues(text: string): string[] {
  return (text.match(/"[^"]*"?|[^,"]+/g) ?? []).map((value) => value.replaceAll('"', ""));
}

const quoted = (value: string) => (/[\s,"]/.test(value) ? `"${value.replaceAll('"', "")}"` : value);

function termText({ name, values, unknownName }: Term): string {
  if (name !== undefined) return `${name}:${values.map(quoted).join(",")}`;
  const words = values.join(" ");
  if (unknownName !== undefined) return words;
  return TERM_LIKE.test(words) ? `"${words}"` : quoted(words);
}

/** True where the text has this very term. */
export function hasTerm(text: string, name: TermName, value: string): boolean {
  return splitTerms(text).some((term) => term.name === name && term.values.includes(value));
}

/** The text with one value of a term put in, or taken out where it was there. */
export function toggleTerm(text: string, name: TermName, value: string): string {
  const terms = splitTerms(text);
  const isThere = hasTerm(text, name, value);
  let done = false;
  const changed = terms.map((term): Term => {
    if (term.name !== name) return term;
    if (isThere) return { name, values: term.values.filter((other) => other !== value) };
    done = true;
    return { name, values: [...term.values, value] };
  });
  if (!isThere && !done) changed.push({ name, values: [value] });
  return changed
    .filter((term) => term.values.length > 0)
    .map(termText)
    .join(" ");
}

/** The text with a term set to one value, whatever it was. */
export function setTerm(text: string, name: TermName, value: string): string {
  const rest = splitTerms(text).filter((term) => term.name !== name);
  return [...rest.map(termText), `${name}:${quoted(value)}`].join(" ");
}
