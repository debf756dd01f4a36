import { app, dialog, ipcMain, Menu, protocol, session } from "electron";
import { CHANNELS } from "./channels.ts";
import { EngineHost } from "./engine-host.ts";
import { exportRecording } from "./export-recording.ts";
import { KeptFile } from "./kept-file.ts";
import { filesInArguments } from "./launch-files.ts";
import { type MenuActions, menuTemplate } from "./menu.ts";
import { servePage } from "./page-scheme.ts";
import { RecentFiles } from "./recent-files.ts";
import { isOwnSender, lockSession } from "./security.ts";
import { ShellCommands } from "./shell-commands.ts";
import { StudioWindow } from "./studio-window.ts";

/** Where the built parts lie. */
export interface DesktopPaths {
  readonly pageFolder: string;
  readonly preload: string;
  readonly icon: string;
}

/** Puts the parts together: one engine, one window, one menu. Decides nothing that a part could decide. */
export class DesktopApp {
  readonly #paths: DesktopPaths;
  readonly #engine = new EngineHost();
  readonly #commands = new ShellCommands();
  readonly #recent = new RecentFiles(new KeptFile(app.getPath("userData"), "recent.json"));
  readonly #state = new KeptFile(app.getPath("userData"), "window.json");
  #window: StudioWindow | undefined;
  #openPath: string | undefined;

  constructor(paths: DesktopPaths) {
    this.#paths = paths;
    ipcMain.on(CHANNELS.wantPort, (event) => {
      if (isOwnSender(event.senderFrame, this.#window?.browser.webContents)) this.#window?.connect();
    });
    ipcMain.on(CHANNELS.dropped, (event, paths: unknown) => {
      if (!isOwnSender(event.senderFrame, this.#window?.browser.webContents)) return;
      const [first] = Array.isArray(paths) ? paths : [];
      if (typeof first === "string") this.openFile(first);
    });
    app.on("second-instance", (_event, argv, folder) => {
      for (const file of filesInArguments(argv, { folder, isPackaged: app.isPackaged })) this.openFile(file);
      this.showWindow();
    });
    app.on("open-file", (event, path) => {
      event.preventDefault();
      this.openFile(path);
      if (app.isReady()) this.showWindow();
    });
    app.on("activate", () => this.showWindow());
    app.on("window-all-closed", () => {
      if (process.platform !== "darwin") app.quit();
    });
    app.on("will-quit", () => this.#engine.dispose());
  }

  /** Once the app is ready. */
  start(files: readonly string[]): void {
    lockSession(session.defaultSession);
    const served = servePage(protocol, this.#paths.pageFolder);
    if (!served.ok) {
      dialog.showErrorBox("MMSB Studio cannot start", served.error.describe());
      app.exit(1);
      return;
    }
    for (const file of files) this.openFile(file);
    this.showWindow();
  }

  /** In the window that there is, or in the next one. */
  openFile(path: string): void {
    this.#commands.issue("open", path);
  }

  showWindow(): void {
    if (this.#window !== undefined) {
      this.#window.bringToFront();
      return;
    }
    this.#window = new StudioWindow({
      preload: this.#paths.preload,
      icon: this.#paths.icon,
      stateFile: this.#state,
      engine: this.#engine,
      commands: this.#commands,
      onRecordings: (paths) => this.#recordingsChanged(paths),
    });
    this.#window.browser.on("closed", () => {
      this.#window = undefined;
      this.#recordingsChanged([]);
    });
    this.#showMenu();
  }

  #recordingsChanged(paths: readonly string[]): void {
    const path = paths.at(-1);
    if (path === this.#openPath) return;
    this.#openPath = path;
    if (path !== undefined) {
      this.#recent.add(path);
      app.addRecentDocument(path);
    }
    this.#showMenu();
  }

  #showMenu(): void {
    const state = {
      isMac: process.platform === "darwin",
      recent: this.#recent.paths,
      openPath: this.#openPath,
    };
    Menu.setApplicationMenu(Menu.buildFromTemplate(menuTemplate(state, this.#actions)));
  }

  readonly #actions: MenuActions = {
    open: () => {
      this.showWindow();
      void this.#window?.chooseFile().then((path) => {
        if (path !== undefined) this.openFile(path);
      });
    },
    openPath: (path) => {
      this.openFile(path);
      this.showWindow();
    },
    clearRecent: () => {
      this.#recent.clear();
      app.clearRecentDocuments();
      this.#showMenu();
    },
    exportTo: (format) => {
      if (this.#window !== undefined && this.#openPath !== undefined)
        void exportRecording(this.#window.browser, dialog, this.#openPath, format);
    },
    run: (id) => {
      this.#commands.issue("run", id);
      this.showWindow();
    },
    about: () => app.showAboutPanel(),
  };
}
