import { readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";

const css = readFileSync(path.resolve(import.meta.dirname, "../../../renderer/styles/tokens.css"), "utf8");

type Theme = "light" | "dark";

/** The colour of a token in a theme, as it stands in tokens.css. */
function colour(token: string, theme: Theme): string {
  const value = new RegExp(`--${token}:\\s*([^;]+);`).exec(css)?.[1]?.trim();
  if (value === undefined) throw new Error(`tokens.css has no --${token}`);
  const pair = /^light-dark\((#[0-9a-f]+),\s*(#[0-9a-f]+)\)$/.exec(value);
  return pair === null ? value : pair[theme === "light" ? 1 : 2]!;
}

/** Relative luminance, WCAG 2.2. */
function luminance(hex: string): number {
  const [red, green, blue] = [1, 3, 5].map((at) => {
    const share = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red! + 0.7152 * green! + 0.0722 * blue!;
}

function contrast(a: string, b: string): number {
  const [bright, dim] = [luminance(a), luminance(b)].sort((x, y) => y - x);
  return (bright! + 0.05) / (dim! + 0.05);
}

const surfaces = [
  "bg-app",
  "bg-panel",
  "bg-raised",
  "bg-input",
  "bg-overlay",
  "bg-hover",
  "bg-selected",
  "bg-current",
];
const texts = ["text", "text-muted"];
const pairs: [string, string][] = [
  ...surfaces.flatMap((surface) => texts.map((text): [string, string] => [text, surface])),
  ...["bg-panel", "bg-raised", "bg-overlay", "bg-input"].map((surface): [string, string] => [
    "text-faint",
    surface,
  ]),
  ...["bg-panel", "bg-raised", "bg-overlay", "bg-selected"].map((surface): [string, string] => [
    "accent",
    surface,
  ]),
  ["text-muted", "bg-active"],
  ["text-faint", "bg-hover"],
  ["text-on-solid", "accent-solid"],
  ["text-on-solid", "accent-solid-hover"],
  ["ok", "ok-bg"],
  ["warn", "warn-bg"],
  ["danger", "danger-bg"],
  ["ok", "bg-panel"],
  ["warn", "bg-panel"],
  ["danger", "bg-panel"],
  ["danger", "bg-overlay"],
  ["touched", "touched-bg"],
  ["changed", "changed-bg"],
  ["playhead", "bg-panel"],
  ["zero", "bg-panel"],
];

describe.each(["light", "dark"] as const)("the %s theme", (theme) => {
  it.each(pairs)("lets %s on %s be read (WCAG AA, 4.5 : 1)", (text, surface) => {
    expect(contrast(colour(text, theme), colour(surface, theme))).toBeGreaterThanOrEqual(4.5);
  });

  it.each(["focus", "playhead", "border-strong", ...Array.from({ length: 12 }, (_, slot) => `cat-${slot}`)])(
    "lets the mark %s be seen on a panel (3 : 1)",
    (mark) => {
      expect(contrast(colour(mark, theme), colour("bg-panel", theme))).toBeGreaterThanOrEqual(3);
    },
  );
});
