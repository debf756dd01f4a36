import { MessageChannelMain, type WebContents } from "electron";
import { AccessPolicy } from "../engine/server/access-policy.ts";
import { StudioHost } from "../engine/server/studio-host.ts";
import type { WindowShell } from "../engine/server/window-shell.ts";
import { CHANNELS } from "./channels.ts";
import { DesktopPort } from "./message-port.ts";

/** The engine on the main side: any file may be opened, for whoever asks is the person at this machine. */
export class EngineHost {
  readonly #studio = new StudioHost({ access: new AccessPolicy({ anyPath: true }), name: "MMSB Studio" });

  /** Hands a window's page a new port. When the page's end of it is lost and the page still stands, it gets another. */
  connect(contents: WebContents, shell: WindowShell): void {
    const { port1, port2 } = new MessageChannelMain();
    const port = new DesktopPort(port1);
    this.#studio.connect(port, shell);
    contents.postMessage(CHANNELS.port, null, [port2]);
  }

  dispose(): void {
    this.#studio.dispose();
  }
}
