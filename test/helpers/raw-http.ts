import { connect, type Socket } from "node:net";
import { WebSocket } from "ws";
import { unwrap } from "../../engine/base/result.ts";
import { doorProtocols } from "../../engine/protocol/browser-door.ts";
import { EngineClient } from "../../engine/protocol/client.ts";
import { WebSocketPort } from "../../engine/server/door/websocket-port.ts";

export interface RawAnswer {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
}

/** Sends these very bytes and reads until the other side hangs up: no client library tidies anything up. */
export async function rawRequest(port: number, text: string): Promise<RawAnswer> {
  const socket = connect(port, "127.0.0.1");
  socket.write(text, "latin1");
  const received: Buffer[] = [];
  socket.on("data", (data) => received.push(data));
  await closed(socket);
  const answer = Buffer.concat(received).toString("latin1");
  const [head = "", ...rest] = answer.split("\r\n\r\n");
  const [first = "", ...lines] = head.split("\r\n");
  const headers = lines.map((line) => {
    const at = line.indexOf(":");
    return [line.slice(0, at).toLowerCase(), line.slice(at + 1).trim()] as const;
  });
  return { status: Number(first.split(" ")[1] ?? 0), headers: new Map(headers), body: rest.join("\r\n\r\n") };
}

export function get(port: number, target: string, headers: Readonly<Record<string, string>> = {}) {
  const all = { Host: `127.0.0.1:${port}`, Connection: "close", ...headers };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return rawRequest(port, `GET ${target} HTTP/1.1\r\n${lines.join("")}\r\n`);
}

/** Once the other side has let go, by whatever means. */
export function closed(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    socket.on("error", () => undefined);
    socket.once("close", () => resolve());
  });
}

/** A WebSocket to the engine, open; or the status with which it was refused. */
export function openSocket(
  port: number,
  token: string,
  wanted: { readonly host?: string; readonly origin?: string; readonly path?: string } = {},
): Promise<WebSocket | number> {
  const { host = `127.0.0.1:${port}`, path = "/engine" } = wanted;
  const { origin = `http://${host}` } = wanted;
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`, doorProtocols(token), {
      headers: { Host: host, ...(origin === "" ? {} : { Origin: origin }) },
    });
    socket.once("open", () => resolve(socket));
    socket.once("unexpected-response", (_request, response) => {
      resolve(response.statusCode ?? 0);
      response.destroy();
    });
    socket.once("error", reject);
  });
}

export async function openClient(port: number, token: string): Promise<EngineClient> {
  const socket = await openSocket(port, token);
  if (typeof socket === "number") throw new Error(`refused with ${socket}`);
  return unwrap(await EngineClient.connect(new WebSocketPort(socket), "test"));
}
