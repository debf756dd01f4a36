import type { DockviewApi } from "dockview-react";
import { type JSX, useEffect, useRef, useState } from "react";
import { CursorRecordProvider } from "../client/cursor-record.tsx";
import { followShell } from "../client/shell-link.ts";
import type { Studio } from "../client/studio.ts";
import { useSession, useStudio } from "../client/use-studio.ts";
import { Dialog } from "../ui/dialog.tsx";
import { isMacPlatform } from "../ui/shortcut.ts";
import { CommandRegistry } from "./commands/command-registry.ts";
import { studioCommands } from "./commands/studio-commands.ts";
import { useKeyboard } from "./commands/use-commands.ts";
import { panelCommandId, viewCommands } from "./commands/view-commands.ts";
import { Dock } from "./dock.tsx";
import { ErrorBoundary } from "./error-boundary.tsx";
import { FileDrop } from "./file-drop.tsx";
import { GotoDialog } from "./goto-dialog.tsx";
import { HelpSheet } from "./help-sheet.tsx";
import { Notices } from "./notices.tsx";
import { OpenPanel } from "./open-panel.tsx";
import { Palette } from "./palette.tsx";
import { PANEL_TITLES, PANELS } from "./panels.ts";
import { useShell } from "./shell-store.ts";
import { StatusBar } from "./status-bar.tsx";
import { Toolbar } from "./toolbar.tsx";
import { VerifyDialog } from "./verify-dialog.tsx";
import { OpeningCover, Welcome } from "./welcome.tsx";
import { WindowContexts } from "./window-root.tsx";
import "./app.css";

export function App({ studio }: { studio: Studio }): JSX.Element {
  const dock = useRef<DockviewApi>(undefined);
  const [commands] = useState(() => {
    const registry = new CommandRegistry(isMacPlatform());
    registry.register(...studioCommands(studio));
    registry.register(...viewCommands(PANELS, PANEL_TITLES, () => dock.current));
    for (const panel of PANELS)
      if (panel.commands !== undefined)
        registry.register(...panel.commands(studio, () => void registry.run(panelCommandId(panel.id))));
    return registry;
  });
  useKeyboard(commands);
  useEffect(() => followShell(studio, (id) => commands.run(id)), [studio, commands]);
  useEffect(() => {
    // Who comes back from another window finds what was bookmarked there.
    const refresh = () => void studio.bookmarks.refresh();
    window.addEventListener("focus", refresh);
    return () => window.removeEventListener("focus", refresh);
  }, [studio]);
  const [onApi] = useState(() => (api: DockviewApi | undefined) => {
    dock.current = api;
  });
  return (
    <WindowContexts studio={studio} commands={commands}>
      <ErrorBoundary title="The Studio">
        <Window onApi={onApi} />
      </ErrorBoundary>
    </WindowContexts>
  );
}

function Window({ onApi }: { onApi: (api: DockviewApi | undefined) => void }): JSX.Element {
  const isOpen = useSession((state) => state.recording !== undefined);
  const name = useSession((state) => state.recording?.name);
  const hasTime = useSession((state) => state.opening?.progress?.phase === "index");
  useEffect(() => {
    // One that cannot be loaded says so where it is shown.
    if (hasTime) for (const panel of PANELS) panel.preload?.().catch(() => {});
  }, [hasTime]);
  useEffect(() => {
    document.title = name === undefined ? "MMSB Studio" : `${name} · MMSB Studio`;
  }, [name]);
  return (
    <FileDrop>
      {isOpen ? (
        <CursorRecordProvider>
          <Toolbar />
          <main className="app__dock">
            <Dock onApi={onApi} />
            <OpeningCover />
          </main>
          <StatusBar />
          <GotoDialog />
          <VerifyDialog />
        </CursorRecordProvider>
      ) : (
        <>
          <Toolbar />
          <div className="app__dock">
            <Welcome />
          </div>
        </>
      )}
      <Palette />
      <HelpSheet />
      <OpenDialog />
      <Notices />
    </FileDrop>
  );
}

function OpenDialog(): JSX.Element {
  const { session } = useStudio();
  const open = useShell((state) => state.overlay === "open");
  const { show, hide } = useShell.getState();
  const error = useSession((state) => state.openError);
  const isOther = useSession((state) => state.recording !== undefined);
  // What is open stays open; why the other one could not be opened would stand nowhere else.
  useEffect(() => {
    if (error !== undefined && isOther) show("open");
  }, [error, isOther, show]);
  const close = () => {
    session.forgetOpenError();
    hide("open");
  };
  return (
    <Dialog open={open} onClose={close} title="Open a recording">
      <OpenPanel onOpened={() => hide("open")} />
    </Dialog>
  );
}
