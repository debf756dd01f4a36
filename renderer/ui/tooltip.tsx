import { Tooltip } from "@base-ui/react/tooltip";
import type { JSX, ReactElement, ReactNode } from "react";
import { Kbd } from "./kbd.tsx";

interface TipProps {
  readonly text: ReactNode;
  /** Shown behind the text. */
  readonly shortcut?: string | undefined;
  readonly side?: "top" | "bottom" | "left" | "right";
  readonly children: ReactElement<Record<string, unknown>>;
}

/** What a control does and its key, on hover and focus. It only ever repeats what the control's own label says. */
export function Tip({ text, shortcut, side = "bottom", children }: TipProps): JSX.Element {
  return (
    <Tooltip.Root>
      <Tooltip.Trigger render={children} />
      <Tooltip.Portal>
        <Tooltip.Positioner className="positioner" side={side} sideOffset={6}>
          <Tooltip.Popup className="tooltip">
            <span>{text}</span>
            {shortcut !== undefined && <Kbd shortcut={shortcut} />}
          </Tooltip.Popup>
        </Tooltip.Positioner>
      </Tooltip.Portal>
    </Tooltip.Root>
  );
}

export const TipProvider = Tooltip.Provider;
