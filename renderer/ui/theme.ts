import { useSyncExternalStore } from "react";
import { type ThemeChoice, usePreferences } from "../state/preferences-store.ts";

export type Theme = "dark" | "light";

let query: MediaQueryList | undefined;

function systemDark(): MediaQueryList {
  query ??= matchMedia("(prefers-color-scheme: dark)");
  return query;
}

function followSystem(listener: () => void): () => void {
  systemDark().addEventListener("change", listener);
  return () => systemDark().removeEventListener("change", listener);
}

/** Keeps `<html data-theme>` as chosen: tokens.css takes every colour from it. Returns how to stop. */
export function followTheme(): () => void {
  const apply = (choice: ThemeChoice) => {
    if (choice === "system") delete document.documentElement.dataset["theme"];
    else document.documentElement.dataset["theme"] = choice;
  };
  apply(usePreferences.getState().theme);
  return usePreferences.subscribe((state) => apply(state.theme));
}

/** The theme in force, for what draws on a canvas. */
export function useTheme(): Theme {
  const choice = usePreferences((state) => state.theme);
  const isSystemDark = useSyncExternalStore(followSystem, () => systemDark().matches);
  if (choice !== "system") return choice;
  return isSystemDark ? "dark" : "light";
}
