import type { JSX, ReactNode } from "react";
import type { MmsbError } from "../../engine/base/errors.ts";
import type { Progress } from "../../engine/protocol/control.ts";
import { Button } from "./button.tsx";
import { formatCompact, formatShare } from "./format/count.ts";
import { Icon, type IconName } from "./icons.tsx";

interface EmptyProps {
  readonly icon: IconName;
  readonly title: string;
  readonly children?: ReactNode;
  readonly actions?: ReactNode;
}

/** Nothing to show: why, and what to do about it. */
export function Empty({ icon, title, children, actions }: EmptyProps): JSX.Element {
  return (
    <div className="state">
      <Icon name={icon} size={28} />
      <div className="state__title">{title}</div>
      {children !== undefined && <div className="state__text">{children}</div>}
      {actions !== undefined && <div className="state__actions">{actions}</div>}
    </div>
  );
}

const PHASES: Readonly<Record<string, string>> = {
  open: "Reading the recording",
  index: "Building the index",
  search: "Searching",
  survey: "Surveying the recording",
  layout: "Laying out the graph",
  history: "Reading the page's history",
  replay: "Replaying from the first record",
  upload: "Sending the file",
};

export function phaseText(phase: string): string {
  return PHASES[phase] ?? phase;
}

/** Something is on its way. Says how far it is where anybody knows. */
export function Loading({
  title,
  progress,
  onCancel,
}: {
  readonly title: string;
  readonly progress?: Progress | undefined;
  readonly onCancel?: () => void;
}): JSX.Element {
  const known = progress !== undefined && progress.total > 0;
  return (
    <div className="state" role="status">
      <div className="state__title">{title}</div>
      {progress !== undefined && (
        <div className="num">
          {phaseText(progress.phase)}
          {known && ` · ${formatShare(progress.done / progress.total)}`}
          {!known && progress.done > 0 && ` · ${formatCompact(progress.done)}`}
        </div>
      )}
      <ProgressBar label={title} progress={progress} />
      {onCancel !== undefined && (
        <div className="state__actions">
          <Button onClick={onCancel}>Cancel</Button>
        </div>
      )}
    </div>
  );
}

export function ProgressBar({
  label,
  progress,
}: {
  label: string;
  progress: Progress | undefined;
}): JSX.Element {
  const share =
    progress !== undefined && progress.total > 0 ? Math.min(1, progress.done / progress.total) : undefined;
  return (
    <div
      className="progress"
      role="progressbar"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={share === undefined ? undefined : Math.round(share * 100)}
    >
      {share === undefined ? (
        <div className="progress__bar progress__bar--unknown" />
      ) : (
        <div className="progress__bar" style={{ width: `${share * 100}%` }} />
      )}
    </div>
  );
}

/** What went wrong, where, and what to do. */
export function Failed({
  error,
  onRetry,
  title,
}: {
  error: MmsbError;
  onRetry?: () => void;
  title?: string;
}): JSX.Element {
  return (
    <div className="state state--failed" role="alert">
      <Icon name="error" size={28} />
      <div className="state__title">{title ?? sentence(error.message)}</div>
      {title !== undefined && <div className="state__text">{sentence(error.message)}</div>}
      <div className="state__text">{sentence(error.remedy)}</div>
      <ErrorPlaceLine error={error} />
      {onRetry !== undefined && (
        <div className="state__actions">
          <Button icon="reload" onClick={onRetry}>
            Try again
          </Button>
        </div>
      )}
    </div>
  );
}

function ErrorPlaceLine({ error }: { error: MmsbError }): JSX.Element {
  const { path, offset, lsn, pageId } = error.place;
  const parts = [
    error.code,
    path,
    offset !== undefined && `offset ${offset}`,
    lsn !== undefined && `LSN ${lsn}`,
    pageId !== undefined && `page ${pageId}`,
  ];
  return <div className="faint mono">{parts.filter(Boolean).join(" · ")}</div>;
}

/** Engine messages are clauses: a capital in front and a full stop behind make them sentences. */
export function sentence(text: string): string {
  const trimmed = text.trim();
  if (trimmed === "") return "";
  const capital = trimmed[0]!.toUpperCase() + trimmed.slice(1);
  return /[.!?]$/.test(capital) ? capital : `${capital}.`;
}
