import { type Theme, useTheme } from "../ui/theme.ts";

const NAMES = [
  "accent",
  "bg-app",
  "bg-current",
  "bg-hover",
  "bg-panel",
  "bg-raised",
  "bg-selected",
  "border",
  "border-strong",
  "changed",
  "changed-bg",
  "danger",
  "focus",
  "ghost",
  "grid",
  "lane",
  "ok",
  "playhead",
  "shade",
  "text",
  "text-faint",
  "text-muted",
  "touched",
  "touched-bg",
  "warn",
] as const;

export type ColourName = (typeof NAMES)[number];

/** The tokens of tokens.css as a canvas takes them. */
export type Palette = Readonly<Record<ColourName, string>> & {
  readonly theme: Theme;
  /** The twelve categories. */
  readonly categories: readonly string[];
  readonly fontUi: string;
  readonly fontMono: string;
};

/** A canvas cannot resolve `light-dark(…)`: a probe element does it, once for each theme. */
function readPalette(theme: Theme): Palette {
  const probe = document.createElement("span");
  probe.hidden = true;
  probe.style.colorScheme = theme;
  document.body.append(probe);
  const resolve = (name: string) => {
    probe.style.color = `var(--${name})`;
    return getComputedStyle(probe).color;
  };
  const style = getComputedStyle(document.documentElement);
  const palette = {
    ...(Object.fromEntries(NAMES.map((name) => [name, resolve(name)])) as Record<ColourName, string>),
    theme,
    categories: Array.from({ length: 12 }, (_, slot) => resolve(`cat-${slot}`)),
    fontUi: style.getPropertyValue("--font-ui"),
    fontMono: style.getPropertyValue("--font-mono"),
  };
  probe.remove();
  return palette;
}

const palettes = new Map<Theme, Palette>();

/** The same object for a theme, whoever asks. */
export function usePalette(): Palette {
  const theme = useTheme();
  const known = palettes.get(theme);
  if (known !== undefined) return known;
  const palette = readPalette(theme);
  palettes.set(theme, palette);
  return palette;
}
