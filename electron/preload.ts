/**
 * Stands between the page and the main process in a sandbox of its own. It hands the page one message port and nothing else; the page
 * gets no function and no object of Electron's. Files dropped on the window go the other way, by their path.
 */
import { ipcRenderer, webUtils } from "electron";
import { CHANNELS, PAGE_PORT_MESSAGE } from "./channels.ts";

ipcRenderer.on(CHANNELS.port, (event) => {
  window.postMessage(PAGE_PORT_MESSAGE, window.location.origin, [...event.ports]);
});

// By then the page's module has run and listens.
window.addEventListener("DOMContentLoaded", () => ipcRenderer.send(CHANNELS.wantPort));

window.addEventListener(
  "drop",
  (event) => {
    const files = [...(event.dataTransfer?.files ?? [])];
    const paths = files.map((file) => webUtils.getPathForFile(file)).filter((path) => path !== "");
    if (paths.length > 0) ipcRenderer.send(CHANNELS.dropped, paths);
  },
  { capture: true },
);
