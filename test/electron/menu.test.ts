import type { MenuItemConstructorOptions } from "electron";
import { expect, test } from "vitest";
import { type MenuActions, menuTemplate } from "../../electron/menu.ts";

function actions(): MenuActions & { readonly done: string[] } {
  const done: string[] = [];
  return {
    done,
    open: () => done.push("open"),
    openPath: (path) => done.push(`open ${path}`),
    clearRecent: () => done.push("clear"),
    exportTo: (format) => done.push(`export ${format}`),
    run: (id) => done.push(`run ${id}`),
    about: () => done.push("about"),
  };
}

const state = { isMac: false, recent: ["/a/b/one.tlog", "/c/R&D/two.tlog"], openPath: "/a/b/one.tlog" };

/** Every item, with the labels that lead to it. */
function items(
  template: readonly MenuItemConstructorOptions[],
  above = "",
): { path: string; item: MenuItemConstructorOptions }[] {
  return template.flatMap((item) => {
    const path = `${above}/${item.label ?? item.role ?? item.type ?? ""}`;
    return [{ path, item }, ...items((item.submenu as MenuItemConstructorOptions[]) ?? [], path)];
  });
}

const find = (template: MenuItemConstructorOptions[], path: string) => {
  const found = items(template).find((candidate) => candidate.path === path)?.item;
  if (found === undefined) throw new Error(`no ${path} in ${items(template).map((item) => item.path)}`);
  return found;
};
const click = (item: MenuItemConstructorOptions) => (item.click as unknown as () => void)();

test("the menus are File, Edit, View, Help, and on a Mac its own two beside them", () => {
  const titles = (isMac: boolean) =>
    menuTemplate({ ...state, isMac }, actions()).map((menu) => menu.label ?? menu.role);
  expect(titles(false)).toEqual(["&File", "editMenu", "&View", "help"]);
  expect(titles(true)).toEqual(["appMenu", "&File", "editMenu", "&View", "windowMenu", "help"]);
});

test("every item does what it says", () => {
  const did = actions();
  const menu = menuTemplate(state, did);
  for (const path of [
    "/&File/Open…",
    "/&File/Open Recent/one.tlog (b)",
    "/&File/Open Recent/two.tlog (R&&D)",
    "/&File/Open Recent/Clear",
    "/&File/Export/As MMSBLOG1…",
    "/&File/Close Recording",
    "/&View/All Commands…",
    "/&View/Theme/Dark",
    "/help/Keyboard and Mouse",
  ]) {
    click(find(menu, path));
  }
  expect(did.done).toEqual([
    "open",
    "open /a/b/one.tlog",
    "open /c/R&D/two.tlog",
    "clear",
    "export mmsblog1",
    "run file.close",
    "run view.palette",
    "run view.theme.dark",
    "run help.keys",
  ]);
});

test("attaching is greyed until it exists; what needs a recording is greyed without one", () => {
  const open = menuTemplate(state, actions());
  expect(find(open, "/&File/Attach to a Session…").enabled).toBe(false);
  expect(find(open, "/&File/Export").enabled).toBe(true);
  const empty = menuTemplate({ isMac: false, recent: [], openPath: undefined }, actions());
  for (const path of ["/&File/Export", "/&File/Close Recording", "/&File/Open Recent", "/&View/Reset Layout"])
    expect([path, find(empty, path).enabled]).toEqual([path, false]);
});

test("no key of the menu is one that the window steps with", () => {
  const taken = new Set(["F10", "Shift+F10", "F11", "Shift+F11", "CmdOrCtrl+M", "F1", "CmdOrCtrl+Shift+P"]);
  for (const { path, item } of items(menuTemplate(state, actions()))) {
    expect([path, taken.has(`${item.accelerator ?? ""}`)]).toEqual([path, false]);
    if (item.role === "togglefullscreen") expect(item.accelerator).toBeDefined();
  }
});
