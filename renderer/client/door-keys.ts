import { type DoorKeys, doorKeysIn } from "../../engine/protocol/browser-door.ts";

const STORED_TOKEN = "mmsb.door.token";
const STORED_PATH = "mmsb.door.open";

/** What this needs of the window. */
export interface DoorWindow {
  readonly location: { readonly hash: string; readonly pathname: string; readonly search: string };
  readonly history: { replaceState(data: null, unused: string, url: string): void };
  readonly sessionStorage: Pick<Storage, "getItem" | "setItem" | "removeItem">;
}

/**
 * The keys that the page was opened with. They are taken out of the address and the history at once, so that neither a bookmark nor a
 * look over the shoulder carries the token away; this tab keeps them for a reload.
 */
export function takeDoorKeys(from: DoorWindow): DoorKeys {
  const { location, history, sessionStorage } = from;
  const given = doorKeysIn(location.hash);
  if (given.token !== "") {
    sessionStorage.setItem(STORED_TOKEN, given.token);
    sessionStorage.setItem(STORED_PATH, given.open);
    history.replaceState(null, "", location.pathname + location.search);
    return given;
  }
  return {
    token: sessionStorage.getItem(STORED_TOKEN) ?? "",
    open: sessionStorage.getItem(STORED_PATH) ?? "",
  };
}

/** An address with new keys that is pasted into this tab changes only the fragment: the page begins anew with them. */
export function followDoorKeys(window: Window): void {
  window.addEventListener("hashchange", () => {
    if (doorKeysIn(window.location.hash).token !== "") window.location.reload();
  });
}

/** After a reload the tab shows what it showed before; `undefined` = nothing is open. */
export function rememberOpenPath(path: string | undefined): void {
  if (path === undefined) sessionStorage.removeItem(STORED_PATH);
  else sessionStorage.setItem(STORED_PATH, path);
}
