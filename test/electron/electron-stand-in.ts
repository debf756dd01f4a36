// What the desktop shell needs of Electron, recording what was asked of it. Tests put it in the place of the package, whose binary is
// not on every machine: `vi.mock("electron", () => import("./electron-stand-in.ts"))`.
import { EventEmitter } from "node:events";
import { tmpdir } from "node:os";
import { MessageChannel, type MessagePort } from "node:worker_threads";

export const calls: { name: string; args: readonly unknown[] }[] = [];
const note =
  (name: string) =>
  (...args: unknown[]) => {
    calls.push({ name, args });
  };

export const called = (name: string) => calls.filter((call) => call.name === name).map(({ args }) => args);

class StandInApp extends EventEmitter {
  isPackaged = true;
  ready = true;
  hasLock = true;
  userData = tmpdir();
  requestSingleInstanceLock = () => this.hasLock;
  isReady = () => this.ready;
  whenReady = () => Promise.resolve();
  getPath = () => this.userData;
  enableSandbox = note("app.enableSandbox");
  addRecentDocument = note("app.addRecentDocument");
  clearRecentDocuments = note("app.clearRecentDocuments");
  showAboutPanel = note("app.showAboutPanel");
  quit = note("app.quit");
  exit = note("app.exit");
}
export const app = new StandInApp();

export const ipcMain = new EventEmitter();

export class StandInContents extends EventEmitter {
  readonly mainFrame = { url: "mmsb://studio/index.html" };
  openHandler: (() => { action: string }) | undefined;
  /** Ports that were handed to the page. */
  readonly handed: MessagePortMain[] = [];
  setWindowOpenHandler(handler: () => { action: string }): void {
    this.openHandler = handler;
  }
  postMessage(channel: string, _message: unknown, ports: MessagePortMain[]): void {
    calls.push({ name: "contents.postMessage", args: [channel] });
    this.handed.push(...ports);
  }
}

export class BrowserWindow extends EventEmitter {
  static readonly all: BrowserWindow[] = [];
  readonly webContents = new StandInContents();
  readonly options: Readonly<Record<string, unknown>>;
  constructor(options: Readonly<Record<string, unknown>>) {
    super();
    this.options = options;
    BrowserWindow.all.push(this);
    app.emit("web-contents-created", {}, this.webContents);
  }
  loadURL = async (url: string) => void calls.push({ name: "window.loadURL", args: [url] });
  show = note("window.show");
  focus = note("window.focus");
  maximize = note("window.maximize");
  restore = note("window.restore");
  setProgressBar = note("window.setProgressBar");
  setRepresentedFilename = note("window.setRepresentedFilename");
  isMinimized = () => false;
  isMaximized = () => true;
  isDestroyed = () => false;
  getNormalBounds = () => ({ x: 10, y: 20, width: 1000, height: 700 });
}

/** A `MessagePortMain` over a Node port: the same events, another spelling. */
export class MessagePortMain extends EventEmitter {
  readonly #port: MessagePort;
  constructor(port: MessagePort) {
    super();
    this.#port = port;
    port.on("close", () => this.emit("close"));
  }
  start(): void {
    this.#port.on("message", (data: unknown) => this.emit("message", { data, ports: [] }));
  }
  postMessage(message: unknown): void {
    this.#port.postMessage(message);
  }
  close(): void {
    this.#port.close();
  }
}

export class MessageChannelMain {
  readonly port1: MessagePortMain;
  readonly port2: MessagePortMain;
  constructor() {
    const { port1, port2 } = new MessageChannel();
    this.port1 = new MessagePortMain(port1);
    this.port2 = new MessagePortMain(port2);
  }
}

type Handler = (...args: never[]) => unknown;

/** A session: keeps the handlers it was given, by name. */
export class StandInSession {
  readonly handlers = new Map<string, Handler>();
  readonly webRequest = {
    onBeforeRequest: (handler: Handler) => void this.handlers.set("onBeforeRequest", handler),
  };
  setPermissionRequestHandler = (handler: Handler) => void this.handlers.set("permissionRequest", handler);
  setPermissionCheckHandler = (handler: Handler) => void this.handlers.set("permissionCheck", handler);
  setDevicePermissionHandler = (handler: Handler) => void this.handlers.set("devicePermission", handler);
  setDisplayMediaRequestHandler = (handler: Handler) => void this.handlers.set("displayMedia", handler);
}
export const session = { defaultSession: new StandInSession() };

export const protocol = {
  schemes: [] as unknown[],
  handler: undefined as ((request: { url: string; method: string }) => Promise<Response>) | undefined,
  registerSchemesAsPrivileged(schemes: unknown[]) {
    this.schemes = schemes;
  },
  handle(_scheme: string, handler: (request: { url: string; method: string }) => Promise<Response>) {
    this.handler = handler;
  },
};

export const dialog = {
  chosen: undefined as string | undefined,
  saveTo: undefined as string | undefined,
  showOpenDialog: async (..._args: unknown[]) => ({
    canceled: dialog.chosen === undefined,
    filePaths: dialog.chosen === undefined ? [] : [dialog.chosen],
  }),
  showSaveDialog: async (..._args: unknown[]) => ({
    canceled: dialog.saveTo === undefined,
    filePath: dialog.saveTo ?? "",
  }),
  showMessageBox: async (...args: unknown[]) => {
    calls.push({ name: "dialog.showMessageBox", args });
    return { response: 0 };
  },
  showErrorBox: note("dialog.showErrorBox"),
};

export const Menu = {
  /** The template of the menu that is shown. */
  shown: [] as unknown,
  buildFromTemplate: (template: unknown) => template,
  setApplicationMenu: (template: unknown) => {
    Menu.shown = template;
  },
};
export const nativeTheme = { shouldUseDarkColors: true };
export const screen = {
  getAllDisplays: () => [{ workArea: { x: 0, y: 0, width: 1920, height: 1040 } }],
};

/** The preload's side. */
export const ipcRenderer = Object.assign(new EventEmitter(), { send: note("ipcRenderer.send") });
export const webUtils = { getPathForFile: (file: { path?: string }) => file.path ?? "" };
