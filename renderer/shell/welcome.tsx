import type { JSX } from "react";
import { useSession, useStudio } from "../client/use-studio.ts";
import { Button } from "../ui/button.tsx";
import { Kbd } from "../ui/kbd.tsx";
import { Failed, Loading } from "../ui/states.tsx";
import { OpenPanel } from "./open-panel.tsx";
import "./welcome.css";

/** What stands in the window while no recording is open: connecting, opening, or what can be opened. */
export function Welcome(): JSX.Element {
  const studio = useStudio();
  const connection = useSession((state) => state.connection);
  const opening = useSession((state) => state.opening);
  const listing = useSession((state) => state.listing);

  if (connection.phase === "refused") return <Failed error={connection.error} />;
  if (connection.phase !== "ready" && connection.error !== undefined) {
    return (
      <Failed
        title="The engine cannot be reached"
        error={connection.error}
        onRetry={() => studio.connection.retryNow()}
      />
    );
  }
  if (opening !== undefined) {
    return (
      <Loading
        title={`Opening ${opening.name}`}
        progress={opening.progress}
        onCancel={() => studio.session.cancelOpening()}
      />
    );
  }
  if (connection.phase === "connecting" || listing === undefined)
    return <Loading title="Connecting to the engine" />;
  return (
    <main className="welcome">
      <div className="welcome__card">
        <h1>Open a recording</h1>
        <p className="muted">
          Step through everything a program did to its pages, and find out who wrote what, when and why.
        </p>
        <OpenPanel onOpened={() => {}} />
        <p className="welcome__keys">
          <span>
            <Kbd shortcut="Ctrl+Shift+P" /> all commands
          </span>
          <span>
            <Kbd shortcut="?" /> keys
          </span>
        </p>
      </div>
    </main>
  );
}

/** Over the panels while another recording is being opened, so that what is open stays in sight. */
export function OpeningCover(): JSX.Element | null {
  const studio = useStudio();
  const opening = useSession((state) => state.opening);
  if (opening === undefined) return null;
  return (
    <div className="opening-cover">
      <div className="opening-cover__card">
        <Loading title={`Opening ${opening.name}`} progress={opening.progress} />
        <Button onClick={() => studio.session.cancelOpening()}>Cancel</Button>
      </div>
    </div>
  );
}
