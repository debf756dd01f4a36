import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { type WebSocket, WebSocketServer } from "ws";
import { fail, ok, type Result } from "../../base/result.ts";
import { ENGINE_PATH, STUDIO_PROTOCOL, tokenOffered } from "../../protocol/browser-door.ts";
import { LIMITS } from "../../protocol/limits.ts";
import type { StudioHost } from "../studio-host.ts";
import { RateLimit } from "./rate-limit.ts";
import { AllowedAuthorities, isOwnOrigin, tokenMatches } from "./request-guard.ts";
import { securityHeaders } from "./security-headers.ts";
import { StaticFiles } from "./static-files.ts";
import { WebSocketPort } from "./websocket-port.ts";

const MAX_SOCKETS = 128;
const MAX_WINDOWS = 16;
const MAX_TARGET_LENGTH = 2048;
const MAX_HEADER_BYTES = 16_384;
/** How long the head of a request may take to arrive, and the whole of it twice that. */
const HEAD_TIMEOUT_MS = 10_000;
const KEEP_ALIVE_MS = 5_000;
const PING_EVERY_MS = 30_000;
/** All requests together: a page load is some twenty. */
const REQUESTS_PER_SECOND = 200;
const REQUESTS_AT_ONCE = 400;

export interface HttpDoorOptions {
  readonly studio: StudioHost;
  /** Folder of the built page. */
  readonly staticDir: string;
  readonly host: string;
  /** 0 = any free one. */
  readonly port: number;
  /** What a window must know to be let in. */
  readonly token: string;
  /** Further names by which this machine may be called. */
  readonly names?: readonly string[];
  /** Default 10 s. */
  readonly headTimeoutMs?: number;
}

export interface HttpDoor {
  readonly port: number;
  close(): Promise<void>;
}

/**
 * Serves the built page over HTTP and the engine over a WebSocket. The page is public; whatever is known of recordings goes through the
 * WebSocket, which needs the token, this server's own origin and one of its own names.
 */
export async function openHttpDoor(options: HttpDoorOptions): Promise<Result<HttpDoor>> {
  const files = StaticFiles.load(options.staticDir);
  if (!files.ok) return files;
  const door = new Door(options, files.value);
  const port = await door.listen();
  return port.ok ? ok({ port: port.value, close: () => door.close() }) : port;
}

class Door {
  readonly #options: HttpDoorOptions;
  readonly #files: StaticFiles;
  readonly #server: Server;
  readonly #sockets: WebSocketServer;
  readonly #requests = new RateLimit(REQUESTS_PER_SECOND, REQUESTS_AT_ONCE);
  readonly #alive = new WeakSet<WebSocket>();
  #authorities: AllowedAuthorities | undefined;
  #pinging: NodeJS.Timeout | undefined;

  constructor(options: HttpDoorOptions, files: StaticFiles) {
    this.#options = options;
    this.#files = files;
    const { headTimeoutMs = HEAD_TIMEOUT_MS } = options;
    this.#server = createServer(
      {
        headersTimeout: headTimeoutMs,
        requestTimeout: 2 * headTimeoutMs,
        keepAliveTimeout: KEEP_ALIVE_MS,
        maxHeaderSize: MAX_HEADER_BYTES,
        connectionsCheckingInterval: headTimeoutMs / 5,
      },
      (request, response) => void this.#answer(request, response),
    );
    this.#server.maxConnections = MAX_SOCKETS;
    this.#server.on("upgrade", (request, socket, head) => this.#upgrade(request, socket, head));
    this.#server.on("clientError", (_error, socket) => socket.destroy());
    this.#sockets = new WebSocketServer({
      noServer: true,
      maxPayload: LIMITS.clientFrameBytes,
      perMessageDeflate: false,
      handleProtocols: (offered) => (offered.has(STUDIO_PROTOCOL) ? STUDIO_PROTOCOL : false),
    });
  }

  listen(): Promise<Result<number>> {
    const { host, port, names = [] } = this.#options;
    return new Promise((resolve) => {
      this.#server.once("error", (cause: NodeJS.ErrnoException) => {
        const taken = cause.code === "EADDRINUSE";
        resolve(
          fail(
            "ADDRESS_UNAVAILABLE",
            taken
              ? `port ${port} of ${host} is taken`
              : `cannot listen on ${host}:${port} (${cause.code ?? cause.message})`,
            taken ? "Choose another --port, or leave it out" : "Choose another --host or --port",
            {},
            cause,
          ),
        );
      });
      this.#server.listen(port, host, () => {
        const { port: chosen } = this.#server.address() as AddressInfo;
        this.#authorities = new AllowedAuthorities(host, chosen, names);
        this.#pinging = setInterval(() => this.#ping(), PING_EVERY_MS);
        this.#pinging.unref();
        resolve(ok(chosen));
      });
    });
  }

  async close(): Promise<void> {
    clearInterval(this.#pinging);
    for (const socket of this.#sockets.clients) socket.terminate();
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    // What a request carries beside its head is not read.
    request.on("error", () => undefined);
    const authority = this.#authorities?.check(request.headers.host);
    const status = this.#refusal(request, authority);
    if (status !== undefined) {
      refuse(response, status, authority);
      return;
    }
    const file = this.#files.find(request.url ?? "");
    if (file === undefined) {
      refuse(response, 404, authority);
      return;
    }
    try {
      const content = request.method === "HEAD" ? undefined : await this.#files.read(file);
      response.writeHead(200, {
        ...securityHeaders(authority!),
        "Content-Type": file.type,
        "Content-Length": content?.length ?? file.sizeBytes,
      });
      response.end(content);
    } catch {
      refuse(response, 404, authority);
    }
  }

  #refusal(request: IncomingMessage, authority: string | undefined): number | undefined {
    if (!this.#requests.take()) return 429;
    if (authority === undefined) return 421;
    if (request.method !== "GET" && request.method !== "HEAD") return 405;
    if ((request.url ?? "").length > MAX_TARGET_LENGTH) return 414;
    return undefined;
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on("error", () => socket.destroy());
    const status = this.#upgradeRefusal(request);
    if (status !== undefined) {
      // Whoever is refused and does not hang up would otherwise keep its place among the sockets.
      socket.end(
        `HTTP/1.1 ${status} ${REASONS[status] ?? ""}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`,
        () => socket.destroy(),
      );
      return;
    }
    this.#sockets.handleUpgrade(request, socket, head, (opened) => {
      this.#alive.add(opened);
      opened.on("pong", () => this.#alive.add(opened));
      this.#options.studio.connect(new WebSocketPort(opened));
    });
  }

  /** Whoever has the token is let in however many others knock: what they ask costs next to nothing and is not counted here. */
  #upgradeRefusal(request: IncomingMessage): number | undefined {
    const authority = this.#authorities?.check(request.headers.host);
    if (authority === undefined) return 421;
    if (request.url !== ENGINE_PATH) return 404;
    if (!isOwnOrigin(request.headers.origin, authority)) return 403;
    const token = tokenOffered(request.headers["sec-websocket-protocol"]);
    if (token === undefined || !tokenMatches(token, this.#options.token)) return 401;
    return this.#sockets.clients.size >= MAX_WINDOWS ? 503 : undefined;
  }

  /** A window whose machine went to sleep does not say goodbye. */
  #ping(): void {
    for (const socket of this.#sockets.clients) {
      if (this.#alive.delete(socket)) socket.ping();
      else socket.terminate();
    }
  }
}

const REASONS: Readonly<Record<number, string>> = {
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  414: "URI Too Long",
  421: "Misdirected Request",
  429: "Too Many Requests",
  503: "Service Unavailable",
};

/** Without a name that may be used, the answer names none either. */
function refuse(response: ServerResponse, status: number, authority: string | undefined): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const text = `${status} ${REASONS[status] ?? ""}\n`;
  response.writeHead(status, {
    ...securityHeaders(authority ?? "invalid"),
    "Content-Type": "text/plain; charset=utf-8",
    "Content-Length": Buffer.byteLength(text),
    Connection: "close",
    ...(status === 405 && { Allow: "GET, HEAD" }),
  });
  response.end(text);
}
