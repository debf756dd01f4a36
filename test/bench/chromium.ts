import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { WebSocket } from "ws";

const PROGRAMS = [
  process.env["CHROMIUM"] ?? "",
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
];

/** Where a Chromium is, or `undefined`. */
export function chromiumProgram(): string | undefined {
  return PROGRAMS.find((program) => program !== "" && existsSync(program));
}

export interface TraceEvent {
  readonly name: string;
  readonly cat: string;
  readonly ph: string;
  /** Microseconds. */
  readonly ts: number;
  readonly dur?: number;
  /** Of `dur`, what the thread ran. */
  readonly tdur?: number;
  readonly pid: number;
  readonly tid: number;
  readonly args?: { readonly name?: string };
}

type Params = Readonly<Record<string, unknown>>;

/** How often a closed browser's profile is tried to be removed, and the time between two tries. */
const CLOSE_TRIES = 50;
const CLOSE_PAUSE_MS = 100;

/**
 * A headless Chromium with one page, spoken to over its own protocol. Playwright would watch the network, which slows every WebSocket
 * frame three to ten times: what is measured here must not be watched.
 */
export class Chromium {
  readonly #process: ChildProcess;
  readonly #profile: string;
  readonly #socket: WebSocket;
  readonly #waiting = new Map<number, (reply: { result?: unknown; error?: { message: string } }) => void>();
  readonly #listeners = new Set<(method: string, params: Params) => void>();
  #nextId = 1;
  #session = "";

  private constructor(child: ChildProcess, profile: string, socket: WebSocket) {
    this.#process = child;
    this.#profile = profile;
    this.#socket = socket;
    socket.on("message", (data) => {
      const message = JSON.parse(String(data)) as { id?: number; method?: string; params?: Params };
      if (message.id === undefined) {
        for (const listener of this.#listeners) listener(message.method ?? "", message.params ?? {});
        return;
      }
      this.#waiting.get(message.id)?.(message as never);
      this.#waiting.delete(message.id);
    });
  }

  static async start(program: string, width: number, height: number): Promise<Chromium> {
    const profile = mkdtempSync(join(tmpdir(), "mmsb-chromium-"));
    const child = spawn(
      program,
      [
        "--headless=new",
        "--no-sandbox",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-extensions",
        "--remote-debugging-port=0",
        `--user-data-dir=${profile}`,
        `--window-size=${width},${height}`,
        "about:blank",
      ],
      { stdio: ["ignore", "ignore", "pipe"] },
    );
    let url = "";
    for await (const line of createInterface({ input: child.stderr! })) {
      url = /DevTools listening on (ws:\S+)/.exec(line)?.[1] ?? "";
      if (url !== "") break;
    }
    child.stderr?.resume();
    const socket = new WebSocket(url, { perMessageDeflate: false, maxPayload: 1 << 30 });
    await new Promise((resolve, reject) => socket.once("open", resolve).once("error", reject));
    const browser = new Chromium(child, profile, socket);
    await browser.#attach();
    return browser;
  }

  async #attach(): Promise<void> {
    const { targetInfos } = (await this.#send("Target.getTargets", {}, "")) as {
      targetInfos: readonly { targetId: string; type: string }[];
    };
    const { targetId } = targetInfos.find(({ type }) => type === "page")!;
    const attached = await this.#send("Target.attachToTarget", { targetId, flatten: true }, "");
    this.#session = (attached as { sessionId: string }).sessionId;
    await this.send("Page.enable");
    await this.send("Runtime.enable");
  }

  send(method: string, params: Params = {}): Promise<unknown> {
    return this.#send(method, params, this.#session);
  }

  #send(method: string, params: Params, sessionId: string): Promise<unknown> {
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, ({ result, error }) => {
        if (error === undefined) resolve(result);
        else reject(new Error(`${method}: ${error.message}`));
      });
      this.#socket.send(JSON.stringify({ id, method, params, ...(sessionId !== "" && { sessionId }) }));
    });
  }

  /** The value of an expression in the page; a promise is waited for. */
  async evaluate<T>(expression: string): Promise<T> {
    const { result, exceptionDetails } = (await this.send("Runtime.evaluate", {
      expression,
      awaitPromise: true,
      returnByValue: true,
    })) as {
      result: { value: T };
      exceptionDetails?: { text: string; exception?: { description?: string } };
    };
    if (exceptionDetails !== undefined)
      throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
    return result.value;
  }

  async press(key: string, code: string, keyCode: number, modifiers = 0): Promise<void> {
    const common = { key, code, windowsVirtualKeyCode: keyCode, modifiers };
    await this.send("Input.dispatchKeyEvent", { type: "rawKeyDown", ...common });
    await this.send("Input.dispatchKeyEvent", { type: "keyUp", ...common });
  }

  mouse(type: "mousePressed" | "mouseMoved" | "mouseReleased", x: number, y: number): Promise<unknown> {
    return this.send("Input.dispatchMouseEvent", { type, x, y, button: "left", buttons: 1, clickCount: 1 });
  }

  wheel(x: number, y: number, deltaY: number): Promise<unknown> {
    return this.send("Input.dispatchMouseEvent", { type: "mouseWheel", x, y, deltaX: 0, deltaY });
  }

  /** Everything that the browser's threads did while `run` ran. */
  async trace(run: () => Promise<void>): Promise<readonly TraceEvent[]> {
    const events: TraceEvent[] = [];
    let complete = () => {};
    const ended = new Promise<void>((resolve) => {
      complete = resolve;
    });
    const listener = (method: string, params: Params) => {
      if (method === "Tracing.dataCollected") events.push(...(params["value"] as readonly TraceEvent[]));
      if (method === "Tracing.tracingComplete") complete();
    };
    this.#listeners.add(listener);
    await this.#send(
      "Tracing.start",
      {
        traceConfig: { includedCategories: ["toplevel", "blink.user_timing"] },
        transferMode: "ReportEvents",
      },
      "",
    );
    await run();
    await this.#send("Tracing.end", {}, "");
    await ended;
    this.#listeners.delete(listener);
    return events;
  }

  /** Resident bytes of the process that the page lives in: the largest of the renderers. */
  pageResidentBytes(): number {
    let most = 0;
    for (const entry of readdirSync("/proc")) {
      if (!/^\d+$/.test(entry)) continue;
      try {
        const command = readFileSync(`/proc/${entry}/cmdline`, "utf8");
        if (command.includes("--type=renderer") && command.includes(this.#profile))
          most = Math.max(most, residentBytes(Number(entry)));
      } catch {
        // It ended between the listing and the look.
      }
    }
    return most;
  }

  async close(): Promise<void> {
    this.#socket.close();
    const ended = new Promise((resolve) => this.#process.once("exit", resolve));
    this.#process.kill();
    await ended;
    for (let tries = 1; ; tries++) {
      try {
        rmSync(this.#profile, { recursive: true, force: true });
        return;
      } catch (cause) {
        // Its helpers end a little later than it does, and write until then: on a busy machine for seconds.
        if (tries === CLOSE_TRIES) throw cause;
        await new Promise((resolve) => setTimeout(resolve, CLOSE_PAUSE_MS));
      }
    }
  }
}

/** What a process holds in memory now (Linux). */
export function residentBytes(pid: number): number {
  const kibibytes = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
  return Number(kibibytes ?? 0) * 1024;
}
