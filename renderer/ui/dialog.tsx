import { Dialog as Base } from "@base-ui/react/dialog";
import type { JSX, ReactNode, RefObject } from "react";
import { Button } from "./button.tsx";

interface DialogProps {
  readonly open: boolean;
  readonly onClose: () => void;
  readonly title: string;
  readonly wide?: boolean;
  /** The title is only read out: the content says it itself. */
  readonly bare?: boolean;
  readonly initialFocus?: RefObject<HTMLElement | null>;
  readonly footer?: ReactNode;
  readonly children: ReactNode;
}

/** Holds the focus while it is open and gives it back after; Escape and a click outside close it. */
export function Dialog({
  open,
  onClose,
  title,
  wide = false,
  bare = false,
  initialFocus,
  footer,
  children,
}: DialogProps): JSX.Element {
  return (
    <Base.Root open={open} onOpenChange={(next) => !next && onClose()}>
      <Base.Portal>
        <Base.Backdrop className="dialog__backdrop" />
        <Base.Popup className={wide ? "dialog dialog--wide" : "dialog"} initialFocus={initialFocus}>
          {bare ? (
            <Base.Title className="visually-hidden">{title}</Base.Title>
          ) : (
            <div className="dialog__head">
              <Base.Title>{title}</Base.Title>
              {/* No tooltip: it would take the first Escape for itself. */}
              <Base.Close
                render={<Button tone="quiet" icon="close" aria-label="Close" title="Close (Escape)" />}
              />
            </div>
          )}
          {bare ? (
            children
          ) : (
            // biome-ignore lint/a11y/noNoninteractiveTabindex: what may scroll must be reached by the keyboard
            <section className="dialog__body" aria-label={title} tabIndex={0}>
              {children}
            </section>
          )}
          {footer !== undefined && <div className="dialog__foot">{footer}</div>}
        </Base.Popup>
      </Base.Portal>
    </Base.Root>
  );
}
