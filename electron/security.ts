import type { App, Session, WebContents, WebFrameMain, WebPreferences } from "electron";
import { isPageUrl, PAGE_SCHEME } from "./page-address.ts";

/** Everything that keeps the page a page: no Node, its own world, its own process, no way out. */
export function securePreferences(preload: string): WebPreferences {
  return {
    preload,
    contextIsolation: true,
    sandbox: true,
    nodeIntegration: false,
    nodeIntegrationInWorker: false,
    nodeIntegrationInSubFrames: false,
    webSecurity: true,
    allowRunningInsecureContent: false,
    experimentalFeatures: false,
    webviewTag: false,
    navigateOnDragDrop: false,
    spellcheck: false,
  };
}

/** What every answer of the page's own scheme says. It talks over its port only: it connects to nothing. */
export const PAGE_HEADERS: Readonly<Record<string, string>> = {
  "Content-Security-Policy": [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data: blob:",
    "font-src 'self'",
    "worker-src 'self'",
    "connect-src 'none'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "object-src 'none'",
  ].join("; "),
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
  "Cross-Origin-Resource-Policy": "same-origin",
  "X-Content-Type-Options": "nosniff",
  "Referrer-Policy": "no-referrer",
};

/** Copying to the clipboard, from our own page, is all that is ever allowed. */
const ALLOWED_PERMISSION = "clipboard-sanitized-write";

/** Denies every permission and every request that leaves the page's own scheme. */
export function lockSession(session: Session): void {
  const allowed = (permission: string, url: string) => permission === ALLOWED_PERMISSION && isPageUrl(url);
  session.setPermissionRequestHandler((_contents, permission, answer, details) => {
    answer(allowed(permission, details.requestingUrl));
  });
  session.setPermissionCheckHandler((_contents, permission, origin) => allowed(permission, `${origin}/`));
  session.setDevicePermissionHandler(() => false);
  session.setDisplayMediaRequestHandler((_request, answer) => answer(null));
  session.webRequest.onBeforeRequest((details, answer) => answer({ cancel: !isOwnRequest(details.url) }));
}

/** The page's own files, what it made itself, and the developer tools. */
function isOwnRequest(url: string): boolean {
  if (isPageUrl(url)) return true;
  return /^(data|blob|devtools|chrome-extension):/.test(url) || url.startsWith(`blob:${PAGE_SCHEME}:`);
}

/** Whatever contents the app ever makes: they stay where they are and open nothing. */
export function lockAllContents(app: App): void {
  app.on("web-contents-created", (_event, contents) => lockContents(contents));
}

function lockContents(contents: WebContents): void {
  contents.setWindowOpenHandler(() => ({ action: "deny" }));
  const stay = (event: { preventDefault(): void; readonly url: string }) => {
    if (!isPageUrl(event.url) && !event.url.startsWith("devtools:")) event.preventDefault();
  };
  contents.on("will-navigate", stay);
  contents.on("will-frame-navigate", stay);
  contents.on("will-redirect", stay);
  contents.on("will-attach-webview", (event) => event.preventDefault());
}

/** Only the window's own top frame, while it shows our own page, is listened to. */
export function isOwnSender(frame: WebFrameMain | null, contents: WebContents | undefined): boolean {
  return frame !== null && contents !== undefined && frame === contents.mainFrame && isPageUrl(frame.url);
}
