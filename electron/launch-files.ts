import path from "node:path";

/**
 * The recordings that a command line names. `argv` as the system gives it: the program first, then, while developing, the app's folder;
 * Chromium's own switches may lie anywhere between.
 */
export function filesInArguments(
  argv: readonly string[],
  { folder, isPackaged }: { readonly folder: string; readonly isPackaged: boolean },
): string[] {
  const given = argv.slice(1).filter((text) => text !== "" && !text.startsWith("-"));
  return given.slice(isPackaged ? 0 : 1).map((text) => path.resolve(folder, text));
}
