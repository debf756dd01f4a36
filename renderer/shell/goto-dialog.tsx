import { type JSX, useId, useState } from "react";
import type { MmsbError } from "../../engine/base/errors.ts";
import { useStudio } from "../client/use-studio.ts";
import { Button } from "../ui/button.tsx";
import { Dialog } from "../ui/dialog.tsx";
import { TextField } from "../ui/field.tsx";
import { sentence } from "../ui/states.tsx";
import { useShell } from "./shell-store.ts";
import "./goto-dialog.css";

const EXAMPLES = [
  ["12345", "an LSN"],
  ["50%", "half way"],
  ["+1.5s", "since the first record"],
  ["-20ms", "before the last"],
  ["10:20:30", "a time of day, UTC"],
  ["end", "or start"],
] as const;

export function GotoDialog(): JSX.Element {
  const open = useShell((state) => state.overlay === "goto");
  const hide = useShell((state) => state.hide);
  return (
    <Dialog open={open} onClose={() => hide("goto")} title="Go to" bare>
      <GotoForm onClose={() => hide("goto")} />
    </Dialog>
  );
}

function GotoForm({ onClose }: { onClose: () => void }): JSX.Element {
  const studio = useStudio();
  const [text, setText] = useState("");
  const [error, setError] = useState<MmsbError>();
  const errorId = useId();
  const go = async () => {
    const found = await studio.navigator.locate(text);
    if (found.ok) onClose();
    else setError(found.error);
  };
  return (
    <form
      className="goto"
      onSubmit={(event) => {
        event.preventDefault();
        void go();
      }}
    >
      <div className="goto__line">
        <TextField
          autoFocus
          label="LSN or time"
          icon="target"
          className="goto__field"
          placeholder="LSN or time"
          value={text}
          invalid={error?.message}
          aria-describedby={errorId}
          onChange={(value) => {
            setText(value);
            setError(undefined);
          }}
        />
        <Button submit tone="primary" disabled={text.trim() === ""}>
          Go
        </Button>
      </div>
      <div id={errorId} className="goto__error" role="alert">
        {error !== undefined && `${sentence(error.message)} ${sentence(error.remedy)}`}
      </div>
      <ul className="goto__examples" aria-label="Examples">
        {EXAMPLES.map(([example, meaning]) => (
          <li key={example}>
            <button type="button" className="link mono" onClick={() => setText(example)}>
              {example}
            </button>
            <span className="faint">{meaning}</span>
          </li>
        ))}
      </ul>
    </form>
  );
}
