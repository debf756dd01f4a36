import { CSPProvider } from "@base-ui/react/csp-provider";
import { type JSX, type ReactNode, StrictMode, useContext, useLayoutEffect, useRef } from "react";
import { createRoot, type Root } from "react-dom/client";
import { CursorRecordContext } from "../client/cursor-record.tsx";
import type { Studio } from "../client/studio.ts";
import { StudioContext, useStudio } from "../client/use-studio.ts";
import { TipProvider } from "../ui/tooltip.tsx";
import type { CommandRegistry } from "./commands/command-registry.ts";
import { CommandContext, useCommandRegistry } from "./commands/use-commands.ts";

const TOOLTIP_DELAY_MS = 500;

interface ContextsProps {
  readonly studio: Studio;
  readonly commands: CommandRegistry;
  readonly children: ReactNode;
}

/** What everything in the window may ask for. Stays the same as long as the window lives. */
export function WindowContexts({ studio, commands, children }: ContextsProps): JSX.Element {
  return (
    <StrictMode>
      <CSPProvider disableStyleElements>
        <StudioContext value={studio}>
          <CommandContext value={commands}>
            <TipProvider delay={TOOLTIP_DELAY_MS}>{children}</TipProvider>
          </CommandContext>
        </StudioContext>
      </CSPProvider>
    </StrictMode>
  );
}

/**
 * Renders into a React root of its own, with the contexts of where it stands: what changes in one panel many times a second is then found without
 * a way through the window and all other panels.
 */
export function OwnRoot({ children }: { readonly children: ReactNode }): JSX.Element {
  const host = useRef<HTMLDivElement>(null);
  const root = useRef<Root>(undefined);
  const studio = useStudio();
  const commands = useCommandRegistry();
  const cursorRecord = useContext(CursorRecordContext);
  useLayoutEffect(() => {
    // In an element of its own: React ends a root only after the work that it is at.
    const element = document.createElement("div");
    element.className = "own-root";
    host.current!.append(element);
    const made = createRoot(element);
    root.current = made;
    return () => {
      element.remove();
      queueMicrotask(() => made.unmount());
    };
  }, []);
  useLayoutEffect(() => {
    root.current!.render(
      <WindowContexts studio={studio} commands={commands}>
        <CursorRecordContext value={cursorRecord}>{children}</CursorRecordContext>
      </WindowContexts>,
    );
  });
  return <div ref={host} className="own-root" />;
}
