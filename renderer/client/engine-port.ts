import { fail, ok, type Result } from "../../engine/base/result.ts";
import { doorProtocols, ENGINE_PATH } from "../../engine/protocol/browser-door.ts";
import type { Port } from "../../engine/protocol/port.ts";
import { ChannelPort } from "./channel-port.ts";
import type { OpenPort } from "./connection.ts";
import { openWebSocketPort } from "./web-socket-port.ts";

/** What the desktop shell's preload posts to the page, with the port as its only transfer. */
export const DESKTOP_PORT_MESSAGE = "mmsb:port";

/** How long the desktop shell may take to hand over a port. */
const HANDOVER_TIMEOUT_MS = 10_000;

/**
 * Where the engine is: behind the server that this page came from, which wants the token, or behind the port that the desktop shell
 * hands over.
 */
export function enginePort(token: string): OpenPort {
  if (location.protocol === "http:" || location.protocol === "https:") {
    const url = new URL(ENGINE_PATH, location.href);
    url.protocol = location.protocol === "https:" ? "wss:" : "ws:";
    url.hash = "";
    const pageUrl = location.origin + location.pathname;
    return () => openWebSocketPort(url.href, doorProtocols(token), pageUrl);
  }
  return desktopPort(window);
}

/** Each port that arrives is used once; after a loss the shell hands over a new one. */
function desktopPort(source: Window): OpenPort {
  const arrived: MessagePort[] = [];
  let waiting: ((port: MessagePort) => void) | undefined;
  source.addEventListener("message", (event) => {
    const port = event.ports[0];
    if (event.source !== source || event.data !== DESKTOP_PORT_MESSAGE || port === undefined) return;
    if (waiting === undefined) arrived.push(port);
    else waiting(port);
    waiting = undefined;
  });
  return () =>
    new Promise<Result<Port>>((resolve) => {
      const ready = arrived.shift();
      if (ready !== undefined) {
        resolve(ok(new ChannelPort(ready)));
        return;
      }
      const timer = setTimeout(() => {
        waiting = undefined;
        resolve(fail("PORT_CLOSED", "the desktop shell handed over no port", "Restart MMSB Studio"));
      }, HANDOVER_TIMEOUT_MS);
      waiting = (port) => {
        clearTimeout(timer);
        resolve(ok(new ChannelPort(port)));
      };
    });
}
