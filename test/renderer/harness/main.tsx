// The page on an engine in memory, to look at states that are hard to reach with a real one: `?delay=300`, `?damaged`, `?refuse`.
import { createRoot } from "react-dom/client";
import { MmsbError } from "../../../engine/base/errors.ts";
import { ok } from "../../../engine/base/result.ts";
import { memoryPorts } from "../../../engine/protocol/memory-port.ts";
import { Studio } from "../../../renderer/client/studio.ts";
import { App } from "../../../renderer/shell/app.tsx";
import { followTheme } from "../../../renderer/ui/theme.ts";
import { FakeEngine } from "../fake/fake-engine.ts";
import { fakeHandlers } from "../fake/fake-handlers.ts";
import { makeFakeRecording } from "../fake/fake-recording.ts";
import "dockview-react/dist/styles/dockview.css";
import "../../../renderer/styles/tokens.css";
import "../../../renderer/styles/base.css";
import "../../../renderer/ui/ui.css";

const query = new URLSearchParams(location.search);
const fake = makeFakeRecording({ generations: Number(query.get("generations") ?? 300) });
const damage = {
  error: {
    code: "LOG_BLOCK_DAMAGED",
    message: "the checksum of block 17 does not fit its bytes",
    remedy: "Run `mmsb recover` to keep what is good",
    place: { offset: 1_114_112 },
  },
  path: "/recordings/life.tlog",
  offset: 1_114_112,
  lostBytes: 65_536,
  afterLsn: 2100,
};
const { handlers, watchers } = fakeHandlers(fake, {
  ...(query.has("delay") && { delayMs: Number(query.get("delay")) }),
  ...(query.has("damaged") && {
    info: { damage: [damage], complete: false, gaps: [{ fromLsn: 2101, toLsn: 2180 }] },
  }),
});
const refuse = query.has("refuse")
  ? {
      "recording.open": () =>
        new MmsbError("LOG_NOT_A_LOG", "this is neither a TLog nor a foreign log", "Choose another file", {
          path: "/recordings/life.tlog",
          offset: 0,
        }),
    }
  : {};

followTheme();
const studio = new Studio(async () => {
  const [page, engine] = memoryPorts();
  new FakeEngine(engine, { ...handlers, ...refuse }, watchers);
  return ok(page);
});
studio.start();
createRoot(document.getElementById("root")!).render(<App studio={studio} />);
