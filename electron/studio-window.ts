import { BrowserWindow, dialog, nativeTheme, screen } from "electron";
import type { WindowShell } from "../engine/server/window-shell.ts";
import type { EngineHost } from "./engine-host.ts";
import type { KeptFile } from "./kept-file.ts";
import { PAGE_URL } from "./page-address.ts";
import { securePreferences } from "./security.ts";
import type { ShellCommands } from "./shell-commands.ts";
import { LEAST, restoredState } from "./window-state.ts";

export interface StudioWindowOptions {
  readonly preload: string;
  readonly icon: string;
  readonly stateFile: KeptFile;
  readonly engine: EngineHost;
  readonly commands: ShellCommands;
  readonly onRecordings: (paths: readonly string[]) => void;
}

/** The one window of the Studio, and what the engine may ask of it. */
export class StudioWindow implements WindowShell {
  readonly browser: BrowserWindow;
  readonly #options: StudioWindowOptions;
  readonly onCommands: WindowShell["onCommands"];

  constructor(options: StudioWindowOptions) {
    this.#options = options;
    this.onCommands = options.commands.onCommands;
    const screens = screen.getAllDisplays().map(({ workArea }) => workArea);
    const { bounds, isMaximized } = restoredState(options.stateFile.read(), screens);
    this.browser = new BrowserWindow({
      ...bounds,
      minWidth: LEAST.width,
      minHeight: LEAST.height,
      title: "MMSB Studio",
      icon: options.icon,
      // Shown once there is something to see: no white flash.
      show: false,
      backgroundColor: nativeTheme.shouldUseDarkColors ? "#0f1217" : "#e4e8ef",
      webPreferences: securePreferences(options.preload),
    });
    if (isMaximized) this.browser.maximize();
    this.browser.once("ready-to-show", () => this.browser.show());
    this.browser.on("close", () => {
      const state = { bounds: this.browser.getNormalBounds(), isMaximized: this.browser.isMaximized() };
      options.stateFile.write(state);
    });
    void this.browser.loadURL(PAGE_URL);
  }

  /** The page asked for its port. */
  connect(): void {
    this.#options.engine.connect(this.browser.webContents, this);
  }

  bringToFront(): void {
    if (this.browser.isMinimized()) this.browser.restore();
    this.browser.show();
    this.browser.focus();
  }

  async chooseFile(): Promise<string | undefined> {
    const { canceled, filePaths } = await dialog.showOpenDialog(this.browser, {
      title: "Open a recording",
      properties: ["openFile"],
      filters: [
        { name: "Recordings", extensions: ["tlog", "mmsblog1", "log"] },
        { name: "All files", extensions: ["*"] },
      ],
    });
    return canceled ? undefined : filePaths[0];
  }

  recordingsChanged(paths: readonly string[]): void {
    if (process.platform === "darwin") this.browser.setRepresentedFilename(paths[0] ?? "");
    this.#options.onRecordings(paths);
  }
}
