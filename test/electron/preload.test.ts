import { afterEach, expect, test, vi } from "vitest";
import * as standIn from "./electron-stand-in.ts";

vi.mock("electron", () => import("./electron-stand-in.ts"));
afterEach(() => vi.unstubAllGlobals());

test("hands the page its port and nothing else, and gives dropped files to main by their path", async () => {
  const listeners = new Map<string, (event: unknown) => void>();
  const posted: unknown[][] = [];
  vi.stubGlobal("window", {
    location: { origin: "mmsb://studio" },
    addEventListener: (type: string, listener: (event: unknown) => void) => listeners.set(type, listener),
    postMessage: (...args: unknown[]) => posted.push(args),
  });
  await import("../../electron/preload.ts");
  expect(standIn.called("ipcRenderer.send")).toEqual([]);
  listeners.get("DOMContentLoaded")?.({});
  expect(standIn.called("ipcRenderer.send")).toEqual([["mmsb:want-port"]]);
  const port = {};
  standIn.ipcRenderer.emit("mmsb:port", { ports: [port] });
  expect(posted).toEqual([["mmsb:port", "mmsb://studio", [port]]]);
  listeners.get("drop")?.({ dataTransfer: { files: [{ path: "/a.tlog" }, { name: "made by a page" }] } });
  listeners.get("drop")?.({ dataTransfer: null });
  expect(standIn.called("ipcRenderer.send").slice(1)).toEqual([["mmsb:dropped", ["/a.tlog"]]]);
});
