import { EventEmitter } from "node:events";
import type { App, Session, WebContents, WebFrameMain } from "electron";
import { describe, expect, test } from "vitest";
import { isPageUrl, PAGE_URL } from "../../electron/page-address.ts";
import {
  isOwnSender,
  lockAllContents,
  lockSession,
  PAGE_HEADERS,
  securePreferences,
} from "../../electron/security.ts";
import { StandInContents, StandInSession } from "./electron-stand-in.ts";

const FOREIGN = [
  "https://example.org/",
  "http://127.0.0.1/",
  "file:///etc/passwd",
  "mmsb://other/index.html",
  "mmsb://studio.evil/index.html",
  "mmsb://user@studio/index.html",
  "javascript:alert(1)",
  "data:text/html,x",
  "about:blank",
  "mmsb:studio",
  "",
];

test("the window is sandboxed, in a world of its own, without Node", () => {
  expect(securePreferences("/p.cjs")).toMatchObject({
    preload: "/p.cjs",
    contextIsolation: true,
    sandbox: true,
    nodeIntegration: false,
    nodeIntegrationInWorker: false,
    nodeIntegrationInSubFrames: false,
    webSecurity: true,
    webviewTag: false,
    navigateOnDragDrop: false,
  });
});

test("the page may load its own files and connect to nothing", () => {
  const policy = PAGE_HEADERS["Content-Security-Policy"] ?? "";
  expect(policy).toContain("default-src 'none'");
  expect(policy).toContain("connect-src 'none'");
  expect(policy).toContain("frame-ancestors 'none'");
  expect(policy).not.toMatch(/unsafe|\*|http/);
});

test("only the Studio's own page is its own page", () => {
  expect(isPageUrl(PAGE_URL)).toBe(true);
  expect(isPageUrl(`${PAGE_URL}#open=x`)).toBe(true);
  for (const url of FOREIGN) expect([url, isPageUrl(url)]).toEqual([url, false]);
});

describe("a window's contents", () => {
  const app = new EventEmitter();
  lockAllContents(app as App);
  const contents = new StandInContents();
  app.emit("web-contents-created", {}, contents);

  const isStopped = (event: string, url: string) => {
    let stopped = false;
    contents.emit(event, { url, preventDefault: () => (stopped = true) });
    return stopped;
  };

  test("open no other window", () => {
    expect(contents.openHandler?.()).toEqual({ action: "deny" });
  });

  test.each(["will-navigate", "will-frame-navigate", "will-redirect"])("stay where they are: %s", (event) => {
    expect(isStopped(event, PAGE_URL)).toBe(false);
    for (const url of FOREIGN) expect([url, isStopped(event, url)]).toEqual([url, true]);
  });

  test("hold no webview", () => {
    expect(isStopped("will-attach-webview", "")).toBe(true);
  });
});

describe("the session", () => {
  const standIn = new StandInSession();
  lockSession(standIn as unknown as Session);
  const handler = (name: string) => standIn.handlers.get(name) as (...args: unknown[]) => unknown;

  test("grants nothing but copying to the clipboard, and that to our own page alone", () => {
    const ask = (permission: string, requestingUrl: string) => {
      let answer: boolean | undefined;
      handler("permissionRequest")(null, permission, (given: boolean) => (answer = given), { requestingUrl });
      return answer;
    };
    for (const permission of [
      "media",
      "geolocation",
      "notifications",
      "clipboard-read",
      "openExternal",
      "hid",
    ]) {
      expect(ask(permission, PAGE_URL)).toBe(false);
      expect(handler("permissionCheck")(null, permission, "mmsb://studio")).toBe(false);
    }
    expect(ask("clipboard-sanitized-write", PAGE_URL)).toBe(true);
    expect(handler("permissionCheck")(null, "clipboard-sanitized-write", "mmsb://studio")).toBe(true);
    expect(ask("clipboard-sanitized-write", "https://example.org/")).toBe(false);
    expect(handler("permissionCheck")(null, "clipboard-sanitized-write", "https://example.org")).toBe(false);
    expect(handler("devicePermission")({})).toBe(false);
  });

  test("lets no request out of the page's own scheme", () => {
    const isCancelled = (url: string) => {
      let cancelled: boolean | undefined;
      handler("onBeforeRequest")({ url }, (answer: { cancel: boolean }) => (cancelled = answer.cancel));
      return cancelled;
    };
    expect(isCancelled("mmsb://studio/assets/index.js")).toBe(false);
    expect(isCancelled("blob:mmsb://studio/1")).toBe(false);
    for (const url of [
      "https://example.org/x",
      "http://127.0.0.1:1/",
      "file:///etc/passwd",
      "ws://x/",
      "mmsb://x/",
    ])
      expect([url, isCancelled(url)]).toEqual([url, true]);
  });
});

test("main listens to the top frame of its own window while that shows our page, and to no other", () => {
  const contents = new StandInContents() as unknown as WebContents;
  const frame = contents.mainFrame;
  expect(isOwnSender(frame, contents)).toBe(true);
  expect(isOwnSender(null, contents)).toBe(false);
  expect(isOwnSender(frame, undefined)).toBe(false);
  expect(isOwnSender({ url: PAGE_URL } as WebFrameMain, contents)).toBe(false);
  Object.assign(frame, { url: "https://example.org/" });
  expect(isOwnSender(frame, contents)).toBe(false);
});
