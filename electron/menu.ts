import path from "node:path";
import type { MenuItemConstructorOptions } from "electron";

export interface MenuState {
  readonly isMac: boolean;
  readonly recent: readonly string[];
  /** The recording that the window shows. */
  readonly openPath: string | undefined;
}

/** What the menu can ask for. `run` takes the id of one of the window's own commands. */
export interface MenuActions {
  readonly open: () => void;
  readonly openPath: (path: string) => void;
  readonly clearRecent: () => void;
  readonly exportTo: (format: "mmsb" | "mmsblog1") => void;
  readonly run: (id: string) => void;
  readonly about: () => void;
}

const separator: MenuItemConstructorOptions = { type: "separator" };

/** The menu bar. Keys that the window handles itself stand in its own help (`?`), not here, where they would take F11 and others away. */
export function menuTemplate(state: MenuState, actions: MenuActions): MenuItemConstructorOptions[] {
  const { isMac } = state;
  const run = (label: string, id: string, enabled = true): MenuItemConstructorOptions => ({
    label,
    enabled,
    click: () => actions.run(id),
  });
  return [
    ...(isMac ? [{ role: "appMenu" } as const] : []),
    fileMenu(state, actions, run),
    { role: "editMenu" },
    {
      label: "&View",
      submenu: [
        run("All Commands…", "view.palette"),
        run("Go to LSN or Time…", "step.goto", state.openPath !== undefined),
        separator,
        {
          label: "Theme",
          submenu: [
            run("As the System Has It", "view.theme.system"),
            run("Dark", "view.theme.dark"),
            run("Light", "view.theme.light"),
          ],
        },
        run("Reset Layout", "view.reset-layout", state.openPath !== undefined),
        separator,
        { role: "resetZoom" },
        { role: "zoomIn" },
        { role: "zoomOut" },
        // The usual F11 steps through the selected page's deltas.
        { role: "togglefullscreen", accelerator: isMac ? "Ctrl+Cmd+F" : "Ctrl+Alt+F" },
        separator,
        { role: "forceReload", label: "Reload the Window" },
        { role: "toggleDevTools" },
      ],
    },
    ...(isMac ? [{ role: "windowMenu" } as const] : []),
    {
      role: "help",
      submenu: [
        run("Keyboard and Mouse", "help.keys"),
        ...(isMac ? [] : [separator, { label: "About MMSB Studio", click: actions.about }]),
      ],
    },
  ];
}

function fileMenu(
  { isMac, recent, openPath }: MenuState,
  actions: MenuActions,
  run: (label: string, id: string, enabled?: boolean) => MenuItemConstructorOptions,
): MenuItemConstructorOptions {
  const isOpen = openPath !== undefined;
  return {
    label: "&File",
    submenu: [
      { label: "Open…", accelerator: "CmdOrCtrl+O", click: actions.open },
      {
        label: "Open Recent",
        enabled: recent.length > 0,
        submenu: [
          ...recent.map((file) => ({
            label: shortPath(file),
            toolTip: file,
            click: () => actions.openPath(file),
          })),
          separator,
          { label: "Clear", click: actions.clearRecent },
        ],
      },
      { label: "Attach to a Session…", enabled: false },
      separator,
      {
        label: "Export",
        enabled: isOpen,
        submenu: [
          { label: "Readable Copy…", click: () => actions.exportTo("mmsb") },
          { label: "As MMSBLOG1…", click: () => actions.exportTo("mmsblog1") },
        ],
      },
      run("Close Recording", "file.close", isOpen),
      separator,
      { role: isMac ? "close" : "quit" },
    ],
  };
}

/** Name and folder: enough to tell two apart. An ampersand would be taken for the mark of a key. */
function shortPath(file: string): string {
  const folder = path.basename(path.dirname(file));
  return `${path.basename(file)}${folder === "" ? "" : ` (${folder})`}`.replaceAll("&", "&&");
}
