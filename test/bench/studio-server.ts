import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { WebSocket } from "ws";
import { unwrap } from "../../engine/base/result.ts";
import { doorKeysIn, doorProtocols, ENGINE_PATH } from "../../engine/protocol/browser-door.ts";
import { EngineClient } from "../../engine/protocol/client.ts";
import { framesIn } from "../../engine/protocol/frame-batch.ts";
import type { Port } from "../../engine/protocol/port.ts";
import { residentBytes } from "./chromium.ts";

const COMMAND = fileURLToPath(new URL("../../engine/cli/main.js", import.meta.url));

/** `mmsb serve FILE` as a process of its own. */
export class StudioServer {
  readonly url: string;
  /** When it had said its address, as `performance.now()` tells: from then on a person could look at it. */
  readonly readyAt = performance.now();
  readonly #process: ChildProcess;

  private constructor(child: ChildProcess, url: string) {
    this.#process = child;
    this.url = url;
  }

  static async start(file: string): Promise<StudioServer> {
    const child = spawn(process.execPath, [COMMAND, "serve", file, "--json"], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const line = await new Promise<string>((resolve, reject) => {
      child.stdout!.once("data", (data) => resolve(String(data)));
      child.once("exit", () => reject(new Error("mmsb serve ended at once")));
    });
    return new StudioServer(child, (JSON.parse(line) as { url: string }).url);
  }

  residentBytes(): number {
    return residentBytes(this.#process.pid!);
  }

  /** Asks it what a window would ask, without one. */
  async connect(): Promise<EngineClient> {
    const url = new URL(this.url);
    const socket = new WebSocket(
      `ws://${url.host}${ENGINE_PATH}`,
      doorProtocols(doorKeysIn(url.hash).token),
      {
        origin: url.origin,
        perMessageDeflate: false,
      },
    );
    socket.binaryType = "nodebuffer";
    await new Promise((resolve, reject) => socket.once("open", resolve).once("error", reject));
    const port: Port = {
      get bufferedBytes() {
        return socket.bufferedAmount;
      },
      send: (message) => socket.send(message),
      // Columns are views that must begin at a multiple of their element size: a pooled buffer does not.
      onMessage: (listener) =>
        socket.on("message", (data: Buffer) => {
          const message = data.buffer.slice(data.byteOffset, data.byteOffset + data.length);
          for (const frame of framesIn(new Uint8Array(message))) listener(frame);
        }),
      onClose: (listener) => socket.once("close", listener),
      close: () => socket.close(),
    };
    return unwrap(await EngineClient.connect(port, "bench"));
  }

  async stop(): Promise<void> {
    const ended = new Promise((resolve) => this.#process.once("exit", resolve));
    this.#process.kill("SIGTERM");
    await ended;
  }
}
