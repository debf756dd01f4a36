import { type JSX, useRef, useState } from "react";
import { chooseAndOpen } from "../client/shell-link.ts";
import { useSession, useStudio } from "../client/use-studio.ts";
import { Button } from "../ui/button.tsx";
import { TextField } from "../ui/field.tsx";
import { formatBytes, formatBytesExact } from "../ui/format/bytes.ts";
import { formatTimestamp } from "../ui/format/time.ts";
import { Icon } from "../ui/icons.tsx";
import { sentence } from "../ui/states.tsx";
import "./open-panel.css";

/** What can be opened: the files that the engine offers, any path where it allows that, a file of this machine. */
export function OpenPanel({ onOpened }: { onOpened: () => void }): JSX.Element {
  const studio = useStudio();
  const listing = useSession((state) => state.listing);
  const error = useSession((state) => state.openError);
  const [path, setPath] = useState("");
  const chooser = useRef<HTMLInputElement>(null);

  const open = (wanted: string) => {
    onOpened();
    void studio.session.open(wanted);
  };
  return (
    <div className="open">
      {error !== undefined && (
        <div className="open__error" role="alert">
          <Icon name="error" />
          <div>
            <b>{sentence(error.message)}</b> {sentence(error.remedy)}
            <div className="mono">
              {[
                error.code,
                error.place.path,
                error.place.offset !== undefined && `offset ${error.place.offset}`,
              ]
                .filter(Boolean)
                .join(" · ")}
            </div>
          </div>
        </div>
      )}
      {listing !== undefined && listing.available.length === 0 && !listing.anyPath && (
        <p className="muted">
          This server has no recording to offer. To start it with one, or with a folder of them:{" "}
          <code className="mono">mmsb serve FILE</code>
        </p>
      )}
      {listing !== undefined && listing.available.length > 0 && (
        <ul className="open__list" aria-label="Recordings">
          {listing.available.map((file) => (
            <li key={file.path}>
              <button type="button" className="open__file" title={file.path} onClick={() => open(file.path)}>
                <Icon name="deltas" />
                <span className="open__name truncate">{file.name}</span>
                <span className="num muted" title={formatBytesExact(file.sizeBytes)}>
                  {formatBytes(file.sizeBytes)}
                </span>
                <span className="num faint open__time">{formatTimestamp(file.modifiedNs).slice(0, 16)}</span>
              </button>
            </li>
          ))}
        </ul>
      )}
      {listing?.anyPath === true && (
        <form
          className="open__path"
          onSubmit={(event) => {
            event.preventDefault();
            if (path.trim() !== "") open(path.trim());
          }}
        >
          <TextField
            label="Path of a recording"
            icon="folder"
            className="open__field"
            placeholder="/path/to/recording.tlog"
            value={path}
            onChange={setPath}
          />
          <Button submit disabled={path.trim() === ""}>
            Open
          </Button>
        </form>
      )}
      {listing?.dialogs === true && (
        <div className="open__drop">
          <span>Drop a recording anywhere in this window, or</span>
          <Button
            icon="folder"
            onClick={() => {
              onOpened();
              void chooseAndOpen(studio);
            }}
          >
            Choose a file…
          </Button>
        </div>
      )}
      {listing?.uploads === true && (
        <div className="open__drop">
          <input
            ref={chooser}
            type="file"
            className="visually-hidden"
            tabIndex={-1}
            aria-label="Recording file"
            onChange={(event) => {
              const file = event.target.files?.[0];
              if (file === undefined) return;
              onOpened();
              void studio.session.upload(file);
            }}
          />
          <span>Drop a recording anywhere in this window, or</span>
          <Button icon="folder" onClick={() => chooser.current?.click()}>
            Choose a file…
          </Button>
        </div>
      )}
    </div>
  );
}
