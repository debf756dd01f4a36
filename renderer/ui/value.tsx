import type { JSX, ReactNode } from "react";
import { showNotice } from "../state/notice-store.ts";

/** Puts text on the clipboard and says so. Without a clipboard (plain HTTP from afar) it says that. */
export async function copyText(text: string, what: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
    showNotice({ tone: "info", text: `Copied ${what}` });
  } catch {
    showNotice({ tone: "warn", text: `The browser did not allow copying ${what}` });
  }
}

/** A value that a click copies, exact and unformatted. */
export function Copyable({
  text,
  what,
  className,
  children,
}: {
  /** What is copied. */
  readonly text: string;
  /** What it is: "the page id". */
  readonly what: string;
  readonly className?: string;
  readonly children?: ReactNode;
}): JSX.Element {
  return (
    <button
      type="button"
      className={`copyable ${className ?? ""}`}
      title={`${text}\nClick to copy`}
      aria-label={`${text}: copy ${what}`}
      onClick={() => void copyText(text, what)}
    >
      {children ?? text}
    </button>
  );
}

export function Badge({
  tone = "normal",
  title,
  children,
}: {
  readonly tone?: "normal" | "ok" | "warn" | "danger" | "accent";
  readonly title?: string;
  readonly children: ReactNode;
}): JSX.Element {
  return (
    <span className={`badge badge--${tone}`} title={title}>
      {children}
    </span>
  );
}

/** The colour of a category: a source, an event type, a page type. */
export function Swatch({ slot }: { slot: number }): JSX.Element {
  return <span className={`swatch cat-${slot % 12}`} aria-hidden="true" />;
}
