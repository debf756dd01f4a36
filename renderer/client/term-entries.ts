import { hasTerm, type TermName, toggleTerm } from "../state/record-query.ts";
import type { MenuEntry } from "../ui/menu.tsx";

/** A menu longer than this is no help; what is left out can be typed. */
const MENU_ROWS = 40;

/** Menu entries that put terms such as `source:life` into a query and take them out again. What has no name no term can name. */
export function termEntries(
  query: string,
  name: TermName,
  values: readonly { readonly name: string }[],
  setQuery: (query: string) => void,
): MenuEntry[] {
  const named = values.filter(({ name: text }) => text !== "");
  return named.slice(0, MENU_ROWS).map(({ name: text }) => ({
    kind: "item",
    id: `${name}:${text}`,
    text,
    checked: hasTerm(query, name, text),
    run: () => setQuery(toggleTerm(query, name, text)),
  }));
}
